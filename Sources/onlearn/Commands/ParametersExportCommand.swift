import ArgumentParser
import Serve

/// Writes the parameters of a store to a file for other programs.
struct ParametersExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a model's parameters to a file for another program.",
    discussion: """
      Example: onlearn parameters export Models/mlp.json --store ps:127.0.0.1:7071 --to safetensors mlp.safetensors

      A file that is there is replaced; of store.dt only this model's parameters are. See 'onlearn parameters --help' for
      the forms.
      """)

  @OptionGroup var model: ModelOptions

  @Argument(help: "The file to write.")
  var output: String

  @Option(
    help: ArgumentHelp("The form of the file: safetensors, npz, reference or store.dt:MODEL_LIST.", valueName: "FORM"))
  var to: ParameterForm

  @OptionGroup var parameters: ParameterStoreOptions

  func run() throws {
    try CommandError.reporting {
      let transfer = try model.load().exportParameters(
        in: parameters.specification(), as: to, to: output, options: parameters.options())
      ParametersCommand.report(transfer, to: output)
    }
  }
}
