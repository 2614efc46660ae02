import GraphDefImport
public import Parameters

/// Where a command keeps parameters, as it is written on the command line.
public enum StoreSpecification: Hashable, Sendable, CustomStringConvertible {
  /// In memory, and gone when the process ends.
  case memory
  /// In a safetensors file.
  case file(path: String)

  /// Reads `memory` or `file:PATH`.
  public init(parsing text: String) throws(StoreSpecificationError) {
    if text == "memory" {
      self = .memory
    } else if text.hasPrefix("file:"), text.count > 5 {
      self = .file(path: String(text.dropFirst(5)))
    } else {
      throw StoreSpecificationError(text: text)
    }
  }

  public var description: String {
    switch self {
    case .memory: "memory"
    case .file(let path): "file:\(path)"
    }
  }
}

/// A text that names no store.
public struct StoreSpecificationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text.
  public var text: String

  public var description: String { "no store '\(text)': expected memory or file:PATH" }
}

extension Model {
  /// How a store for a model is opened.
  public struct StoreOptions: Sendable {
    /// Whether the file of an earlier run is continued.
    public var isResuming = false
    /// How often a file is saved while training; `nil` for only at the end.
    public var saveInterval: Duration? = .seconds(30)
    /// How parameters start.
    public var initialization = Initialization.graph
    /// The seed of random initial values.
    public var seed: UInt64 = 0

    /// The defaults.
    public init() {}
  }

  /// Opens the store that `specification` names for scoring only: the weights of a file, whatever trained them.
  ///
  /// - Returns: The store, and what a user should know about it.
  public func openStoreForScoring(
    _ specification: StoreSpecification, seed: UInt64 = 0
  ) throws -> (store: any ParameterStore, notices: [String]) {
    guard case .file(let path) = specification else {
      var options = StoreOptions()
      options.seed = seed
      return try openStore(specification, optimizers: parameters.map { _ in .sgd(rate: 0) }, options: options)
    }
    let specs = specs(
      optimizers: parameters.map { _ in .sgd(rate: 0) }, initialValues: parameters.map { _ in .zeros })
    return try MemoryStore.reading(specs, path: path, origin: origin)
  }

  private var origin: FileStore.Origin { FileStore.Origin(model: config.modelName, graphSHA256: graphSHA256) }

  /// Opens the store that `specification` names, with this model's parameters trained by `optimizers`, one for each.
  ///
  /// - Returns: The store, and what a user should know about it.
  public func openStore(
    _ specification: StoreSpecification, optimizers: [Optimizer], frozen: Set<String> = [],
    options: StoreOptions = StoreOptions()
  ) throws -> (store: any ParameterStore, notices: [String]) {
    let (initial, computed) = try InitialValueReader(self, seed: options.seed).parameters(options.initialization)
    let specs = specs(optimizers: optimizers, frozen: frozen, initialValues: initial)
    let store: any ParameterStore
    var notices: [String] = []
    switch specification {
    case .memory: store = try MemoryStore(specs)
    case .file(let path):
      let file = try FileStore(
        specs, path: path, origin: origin,
        isResuming: options.isResuming, savingEvery: options.saveInterval)
      notices = file.notices
      store = file
    }
    if !options.isResuming {
      for (name, values) in computed { try store.write(values, to: name) }
    }
    return (store, notices)
  }
}
