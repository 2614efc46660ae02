import ArgumentParser
import Serve

/// Which model a command is about.
struct ModelOptions: ParsableArguments {
  @Argument(help: "The model's configuration, a .json file as exported.")
  var config: String

  @Option(name: .long, help: ArgumentHelp("The graph, if it is not where the configuration says.", valueName: "PB"))
  var graph: String?

  /// The model.
  func load() throws -> Model { try Model(configPath: config, graphPath: graph) }
}
