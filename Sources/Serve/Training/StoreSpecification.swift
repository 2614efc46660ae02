import GraphDefImport
public import Kernels
import PS
public import Parameters
public import Transport
import Wire

/// Where a command keeps parameters, as it is written on the command line.
public enum StoreSpecification: Hashable, Sendable, CustomStringConvertible {
  /// In memory, and gone when the process ends.
  case memory
  /// In a safetensors file.
  case file(path: String)
  /// On parameter servers: their scheduler's address, or all of theirs in the order of their shards.
  case servers([Address])

  /// Reads `memory`, `file:PATH`, or `ps:` and addresses separated by commas.
  public init(parsing text: String) throws(StoreSpecificationError) {
    if text == "memory" {
      self = .memory
    } else if text.hasPrefix("file:"), text.count > 5 {
      self = .file(path: String(text.dropFirst(5)))
    } else if text.hasPrefix("ps:") {
      do throws(AddressError) {
        self = .servers(try Address.list(text.dropFirst(3)))
      } catch {
        throw StoreSpecificationError(text: text, problem: "\(error)")
      }
    } else {
      throw StoreSpecificationError(text: text, problem: nil)
    }
  }

  public var description: String {
    switch self {
    case .memory: "memory"
    case .file(let path): "file:\(path)"
    case .servers(let addresses): "ps:" + addresses.map(\.description).joined(separator: ",")
    }
  }
}

/// A text that names no store.
public struct StoreSpecificationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text.
  public var text: String
  /// What is wrong with the address of a server, if it is one.
  public var problem: String?

  public var description: String {
    "no store '\(text)': " + (problem ?? "expected memory, file:PATH or ps:HOST:PORT[,HOST:PORT…]")
  }
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
    /// What decides the order of the examples in a pass, for the file to keep; `nil` where the source decides it.
    public var order: String?
    /// The threads that share the update of a large parameter in this process's memory.
    public var pool: LanePool?
    /// How parameter servers are reached.
    public var cluster = ClusterOptions()
    /// The place among the workers of the parameter servers; `nil` for one who does not keep in step with others.
    public var place: ClusterPlace?

    /// The defaults.
    public init() {}
  }

  /// Opens the store that `specification` names for scoring only: the weights of a file or of parameter servers, whatever
  /// trained them.
  ///
  /// - Returns: The store, and what a user should know about it.
  public func openStoreForScoring(
    _ specification: StoreSpecification, options: StoreOptions = StoreOptions()
  ) throws -> (store: any ParameterStore, notices: [String]) {
    switch specification {
    case .memory:
      return try openStore(specification, optimizers: parameters.map { _ in .sgd(rate: 0) }, options: options)
    case .file(let path):
      return try MemoryStore.reading(scoringSpecs, path: path, origin: origin)
    case .servers(let addresses):
      let links = options.cluster.linkOptions(.reader)
      let cluster = try Cluster.find(addresses, options: links)
      let store = try ParameterClient(reading: config.modelName, links: NetworkLinks(cluster, options: links))
      try check(store.parameters)
      return (store, [])
    }
  }

  /// What a store has to know of parameters that are not trained.
  var scoringSpecs: [ParameterSpec] {
    specs(optimizers: parameters.map { _ in .sgd(rate: 0) }, initialValues: parameters.map { _ in .zeros })
  }

  /// What a file says about where its parameters come from.
  var origin: FileStore.Origin { FileStore.Origin(model: config.modelName, graphSHA256: graphSHA256) }

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
    case .memory: store = try MemoryStore(specs, pool: options.pool)
    case .file(let path):
      var origin = origin
      origin.order = options.order
      let file = try FileStore(
        specs, path: path, origin: origin,
        isResuming: options.isResuming, savingEvery: options.saveInterval,
        pool: options.pool)
      notices = file.notices
      store = file
    case .servers(let addresses):
      let place = try options.place ?? ClusterPlace(aloneAt: addresses, options: options.cluster)
      return (try place.register(specs, as: config.modelName, values: computed), [])
    }
    if !options.isResuming {
      for (name, values) in computed { try store.write(values, to: name) }
    }
    return (store, notices)
  }
}
