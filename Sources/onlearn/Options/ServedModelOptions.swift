import ArgumentParser
import Serve
import Transport

/// Which model a command is about: one in a file, or one that a train server serves.
struct ServedModelOptions: ParsableArguments {
  @Argument(help: "The model's configuration, a .json file as exported.")
  var config: String?

  @Option(name: .long, help: ArgumentHelp("The graph, if it is not where the configuration says.", valueName: "PB"))
  var graph: String?

  @Option(name: [.customShort("m"), .long], help: "With --server: the name of the model.")
  var model: String?

  @Option(help: ArgumentHelp("A train server that serves the model.", valueName: "HOST:PORT"))
  var server: String?

  func validate() throws {
    if let server {
      guard config == nil, graph == nil, model != nil else {
        throw ValidationError("With --server, name the model with -m instead of its configuration.")
      }
      do throws(AddressError) { _ = try Address(server) } catch { throw ValidationError("--server: \(error).") }
    } else {
      guard model == nil, config != nil else {
        throw ValidationError("Name the model's configuration, or a model of a train server with -m and --server.")
      }
    }
  }

  /// The model in the file.
  func load() throws -> Model { try Model(configPath: config!, graphPath: graph) }

  /// The model's name and its train server, if there is one.
  var remote: (model: String, address: Address)? {
    guard let server, let model, let address = try? Address(server) else { return nil }
    return (model, address)
  }
}
