import ArgumentParser
import Serve

/// Brings the parameters in a file of another program into a store.
struct ParametersImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring a model's parameters from a file of another program into a store.",
    discussion: """
      Example: onlearn parameters import Models/mlp.json --from store.dt:model_list store.dt --store file:mlp.safetensors
               onlearn train Models/mlp.json --data fashion-mnist --store file:mlp.safetensors --resume

      All parameters are checked before anything is written. Name the optimizer as for the training that follows. With
      --replace a file is written anew: state that the imported one lacks begins anew, at step 0. On servers weights are
      replaced, and the state that the imported file has; everything else stays. See 'onlearn parameters --help' for the
      forms.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(help: "The file to read.")
  var input: String

  @Option(
    help: ArgumentHelp("The form of the file: safetensors, npz, reference or store.dt:MODEL_LIST.", valueName: "FORM"))
  var from: ParameterForm

  @OptionGroup var parameters: ParameterStoreOptions

  @Flag(help: "Replace the parameters that are there; on servers with keys this needs an admin's.")
  var replace = false

  @OptionGroup var optimization: OptimizationOptions

  func run() throws {
    try CommandError.reporting {
      let model = try model.load()
      let choice = try optimization.choose(for: model, .training)
      let transfer = try model.importParameters(
        from: input, as: from, into: parameters.specification(), optimizers: choice.optimizers,
        frozen: choice.frozen, replaces: replace, options: parameters.options())
      ParametersCommand.report(transfer, to: parameters.store)
    }
  }
}
