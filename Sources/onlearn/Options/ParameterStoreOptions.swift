import ArgumentParser
import Serve

/// Which store a model's parameters are in, for commands that move them.
struct ParameterStoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the parameters are: file:PATH, ps:HOST:PORT[,…], or for an export memory: untrained ones.",
      valueName: "STORE"))
  var store: String

  @Option(parsing: .unconditional, help: "The seed of the initial values of a new model.")
  var seed: UInt64 = 0

  @OptionGroup var access: ServerAccessOptions

  /// The store.
  func specification() throws -> StoreSpecification {
    let specification = try StoreSpecification(parsing: store)
    try access.check(for: specification)
    return specification
  }

  /// How it is opened.
  func options() throws -> Model.StoreOptions {
    var options = Model.StoreOptions()
    options.seed = seed
    options.cluster = try access.options()
    return options
  }
}
