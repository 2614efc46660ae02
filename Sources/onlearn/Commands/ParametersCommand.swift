public import ArgumentParser
public import Serve

/// Moves parameters between stores and files of other programs.
struct ParametersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parameters",
    abstract: "Export a model's parameters for other programs, or import theirs.",
    discussion: """
      Example: onlearn parameters export Models/mlp.json --store file:mlp.safetensors --to npz mlp.npz
               onlearn parameters import Models/mlp.json --from reference save/mlp --store ps:127.0.0.1:7071

      Forms of files:
      \(ParameterForm.help.map { "  " + $0 }.joined(separator: "\n"))
      """,
    subcommands: [ParametersExportCommand.self, ParametersImportCommand.self])

  /// Says what was moved.
  static func report(_ transfer: ParameterTransfer, to place: String) {
    for notice in transfer.notices { Output.error("onlearn: \(notice)") }
    Output.write("\(transfer.tensors) tensors of \(transfer.values) values are in \(place)\n")
  }
}

extension ParameterForm: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
