import FoundationEssentials
import GraphDefImport
import Kernels
import PS
import Parameters
import Wire

/// Where a served model's parameters are: a store for each batch in training at a time, and what scores read.
struct ServedStore: Sendable {
  /// The stores; each is used by one thread at a time.
  var trained: [any ParameterStore]
  /// Opens a store in place of one that takes no more pushes; nil where that does not happen.
  var reopen: TrainingLane.OpenStore?
  /// What scores read.
  var scored: any ScoredParameters
  /// What a user should know.
  var notices: [String]

  /// Opens the store of the model that is served as `name`; an earlier run is continued.
  ///
  /// A store in this process lends its memory to one step at a time; parameter servers take part in as many as there
  /// are workers.
  init(
    of model: Model, servedAs name: String, optimizers: [Optimizer], frozen: Set<String>, pool: LanePool,
    options: ServiceOptions,
    onPublish: @escaping @Sendable (Duration) -> Void
  ) throws {
    let (specification, storeOptions) = try Self.place(name, pool, options)
    let open = { @Sendable () throws -> (store: any ParameterStore, notices: [String]) in
      try model.openStore(specification, optimizers: optimizers, frozen: frozen, options: storeOptions)
    }
    let first = try open()
    notices = first.notices
    if let local = first.store as? any SnapshotStore {
      trained = [local]
      scored = try PublishedParameters(local, maximumStaleness: options.maximumStaleness, onPublish: onPublish)
    } else {
      trained = try [first.store] + (1..<options.workers).map { _ in try open().store }
      reopen = {
        // Who registers a model that is not there starts it anew, and nobody would be told that what it had learned is
        // gone.
        do {
          _ = try model.openStoreForScoring(specification, options: storeOptions)
        } catch ClientError.refused(let refusal) where refusal.code == .unknownModel {
          throw ClientError.forgotten(server: "\(specification)", model: model.config.modelName)
        }
        return try open().store
      }
      scored = ServerParameters(
        try model.openStoreForScoring(specification, options: storeOptions).store, onPublish: onPublish)
    }
  }

  /// Where the parameters of the model that is served as `name` are, and how they are opened.
  private static func place(
    _ name: String, _ pool: LanePool, _ options: ServiceOptions
  ) throws -> (StoreSpecification, Model.StoreOptions) {
    var storeOptions = Model.StoreOptions()
    storeOptions.saveInterval = options.saveInterval
    storeOptions.initialization = options.initialization
    storeOptions.seed = options.seed
    storeOptions.cluster = options.cluster
    storeOptions.pool = pool
    guard case .file(let folder) = options.store else { return (options.store, storeOptions) }
    let path = "\(folder)/\(name).safetensors"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    storeOptions.isResuming = FileManager.default.fileExists(atPath: path)
    return (.file(path: path), storeOptions)
  }
}
