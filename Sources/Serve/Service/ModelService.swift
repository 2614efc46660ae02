public import CoreMetrics
import Dispatch
import GraphDefImport
public import Kernels
public import Logging
import Parameters
import Synchronization

/// The models of a folder, served by name: loaded when first asked for, replaced and unloaded while others go on.
public final class ModelService: Sendable {
  private enum Entry {
    case loading(Task<Result<ServedModel, ServiceError>, Never>)
    case ready(ServedModel)
    /// Its batches are being trained and its parameters saved: it is unloaded then, or ready again if that failed.
    case unloading(Task<Result<Void, ServiceError>, Never>)
    /// Unloaded on command: not loaded again by a mere request.
    case unloaded
  }

  /// Where models are found.
  public let folder: ModelFolder
  /// How they are served.
  public let options: ServiceOptions

  private let pool: LanePool
  private let metrics: any MetricsFactory
  private let logger: Logger
  private let entries = Mutex<[String: Entry]>([:])
  /// The names under which models are served whose parameters are on parameter servers, by their names there.
  private let servedNames = Mutex<[String: String]>([:])
  private let draining = Atomic(false)
  /// Looks after the parameter servers, if the parameters are there.
  private let watch: ServerWatch?

  /// How often updates are shown to scores, and how many times longer a point of the curves takes.
  private static let (tick, ticksPerSample) = (Duration.milliseconds(50), 20)

  /// A service of the models in `folder` that computes on the threads of `pool`.
  public init(
    folder: ModelFolder, options: ServiceOptions, pool: LanePool, metrics: any MetricsFactory, logger: Logger
  ) {
    self.folder = folder
    self.options = options
    self.pool = pool
    self.metrics = metrics
    self.logger = logger
    watch =
      if case .servers(let addresses) = options.store {
        ServerWatch(addresses, options: options.cluster, metrics: metrics)
      } else { nil }
    if options.store == .memory { logger.notice("parameters are kept in memory only, and are gone when this ends") }
  }

  /// What the metrics of a service mean, for a back end that tells.
  public static let metricDescriptions = ModelMeters.descriptions.merging(ServerMeters.descriptions) { $1 }

  /// How the parameter servers did when they were last asked; none if the parameters are elsewhere.
  public var servers: [ServerHealth] { watch?.health ?? [] }

  /// The models that are loaded, by name.
  public var loaded: [ServedModel] {
    entries.withLock { entries in
      entries.values.compactMap { entry in if case .ready(let model) = entry { model } else { nil } }
    }.sorted { $0.name < $1.name }
  }

  /// True from ``drain()`` on.
  public var isDraining: Bool { draining.load(ordering: .acquiring) }

  /// The model `name` if it is loaded: for the hot path.
  public func loadedModel(_ name: String) -> ServedModel? {
    entries.withLock { entries in if case .ready(let model) = entries[name] { model } else { nil } }
  }

  /// The model `name`, loaded now if it was not; a model that was unloaded on command stays so.
  public func model(_ name: String) async throws(ServiceError) -> ServedModel {
    try await find(name, loadsUnloaded: false)
  }

  /// Loads the model `name`; one that is loaded already is returned as it is.
  public func load(_ name: String) async throws(ServiceError) -> ServedModel {
    try await find(name, loadsUnloaded: true)
  }

  private func find(_ name: String, loadsUnloaded: Bool) async throws(ServiceError) -> ServedModel {
    guard let path = folder.configPath(of: name) else {
      throw ServiceError(.unknownModel, "there is no model '\(ModelFolder.isName(name) ? name : "?")'")
    }
    while true {
      switch entry(of: name, at: path, loadsUnloaded: loadsUnloaded) {
      case .ready(let model): return model
      case .loading(let task):
        let model = try await task.value.get()
        // Nobody would train and save what comes now.
        guard !isDraining else { throw drainingError }
        return model
      case .unloading where !loadsUnloaded:
        throw ServiceError(.unknownModel, "the model '\(name)' is being unloaded; load it to use it again")
      // Who opened its file before it is saved would go on without what it has learned last.
      case .unloading(let task): _ = await task.value
      case .unloaded: throw ServiceError(.unknownModel, "the model '\(name)' is unloaded; load it to use it again")
      case nil: throw drainingError
      }
    }
  }

  /// How far the model `name` is, which is being loaded from now on if it was not; nil if nothing is loaded any more.
  private func entry(of name: String, at path: String, loadsUnloaded: Bool) -> Entry? {
    entries.withLock { entries in
      guard !isDraining else { return nil }
      switch entries[name] {
      case .unloaded where !loadsUnloaded: return .unloaded
      case .unloaded, nil:
        let entry = Entry.loading(Task { await self.loadAnew(name, path) })
        entries[name] = entry
        return entry
      case let entry?: return entry
      }
    }
  }

  private var drainingError: ServiceError {
    ServiceError(.draining, "the service is being stopped", retryAfterMilliseconds: 1000)
  }

  private func loadAnew(_ name: String, _ path: String) async -> Result<ServedModel, ServiceError> {
    let result = await offThread { try self.open(name, path) }
    entries.withLock { entries in
      switch result {
      // Nobody would train and save what it gets once the service is being stopped.
      case .success(let model): entries[name] = isDraining ? nil : .ready(model)
      case .failure: entries[name] = nil
      }
    }
    switch result {
    case .success(let model): logger.info("loaded", metadata: ["model": "\(name)", "version": "\(model.version)"])
    case .failure(let error): logger.error("cannot load: \(error)", metadata: ["model": "\(name)"])
    }
    return result
  }

  private func open(_ name: String, _ path: String) throws -> ServedModel {
    let (model, choice) = try read(path)
    try claim(model.config.modelName, for: name)
    do {
      return try ServedModel(
        name, model, choice: choice, pool: pool, options: options, meters: ModelMeters(name, factory: metrics)
      ) { logger.notice("\($0)", metadata: ["model": "\(name)"]) }
    } catch {
      releaseClaim(of: name)
      throw error
    }
  }

  /// Lets the model served as `name` have what parameter servers keep as `modelName`.
  ///
  /// - Throws: ``ServiceError`` if another one has it: each would learn from the other's batches, and take those of its
  ///   streams for applied.
  private func claim(_ modelName: String, for name: String) throws(ServiceError) {
    guard case .servers = options.store else { return }
    let owner = servedNames.withLock { names in
      let owner = names[modelName] ?? name
      names[modelName] = owner
      return owner
    }
    guard owner == name else {
      throw ServiceError(
        .unusableModel,
        "the parameters of '\(name)' would be those of '\(owner)': both have the model_name '\(modelName)', by which "
          + "parameter servers tell models apart; give one of them another, or unload '\(owner)'")
    }
  }

  private func releaseClaim(of name: String) {
    servedNames.withLock { names in names = names.filter { $0.value != name } }
  }

  private func read(_ path: String) throws -> (Model, OptimizerChoice) {
    let model = try Model(configPath: path)
    let tables = Set(model.parameters.filter(\.isTable).map(\.name))
    return (model, try OptimizerChoice(model.importer, options: options.optimizer, tables: tables))
  }

  /// Runs what takes long on a thread that may wait.
  private func offThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async -> Result<Value, ServiceError> {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          returning: Result(catching: body).mapError { error in
            (error as? ServiceError) ?? ServiceError(.unusableModel, "\(error)")
          })
      }
    }
  }
}

extension ModelService {
  /// Unloads the model `name`: batches that wait are trained first, and its parameters are saved.
  ///
  /// - Throws: ``ServiceError`` if there is nothing to unload, or the parameters cannot be saved; the model is then
  ///   served as before.
  public func unload(_ name: String) async throws(ServiceError) {
    let entry = entries.withLock { entries -> Entry? in
      guard !isDraining, case .ready(let model) = entries[name] else { return entries[name] }
      let entry = Entry.unloading(Task { await self.saveAndForget(model) })
      entries[name] = entry
      return entry
    }
    switch entry {
    case .unloading(let task): try await task.value.get()
    case .ready: throw drainingError
    case .loading, .unloaded, nil: throw ServiceError(.unknownModel, "the model '\(name)' is not loaded")
    }
  }

  private func saveAndForget(_ model: ServedModel) async -> Result<Void, ServiceError> {
    do throws(ServiceError) {
      try await model.drain()
    } catch {
      model.resume()
      entries.withLock { $0[model.name] = .ready(model) }
      logger.error("not unloaded: \(error)", metadata: ["model": "\(model.name)"])
      return .failure(error)
    }
    releaseClaim(of: model.name)
    entries.withLock { $0[model.name] = .unloaded }
    logger.info("unloaded", metadata: ["model": "\(model.name)", "version": "\(model.version)"])
    return .success(())
  }

  /// Reads the files of all loaded models again, and serves the new graphs with the parameters as they are.
  ///
  /// A model whose files are wrong is served as before.
  public func reload() async {
    for model in loaded {
      guard let path = folder.configPath(of: model.name) else {
        logger.warning("its files are gone; served as before", metadata: ["model": "\(model.name)"])
        continue
      }
      let result = await offThread {
        let (replacement, choice) = try self.read(path)
        try model.replace(with: replacement, choice: choice)
      }
      switch result {
      case .success: logger.info("reloaded", metadata: ["model": "\(model.name)"])
      case .failure(let error): logger.error("not reloaded: \(error)", metadata: ["model": "\(model.name)"])
      }
    }
  }

  /// Takes no more batches, trains those that wait, and saves everything.
  ///
  /// - Throws: ``ServiceError`` if something could not be saved.
  public func drain() async throws(ServiceError) {
    // Nothing is loaded or unloaded any more from now on, but for what is on its way.
    let names = entries.withLock { entries in
      draining.store(true, ordering: .releasing)
      return Array(entries.keys)
    }
    let failure = await withTaskGroup(of: ServiceError?.self, returning: ServiceError?.self) { group in
      for name in names { group.addTask { await self.drain(name) } }
      var first: ServiceError?
      for await failure in group { first = first ?? failure }
      return first
    }
    if let failure { throw failure }
  }

  /// Trains and saves what there is of the model `name`, and says why that failed.
  private func drain(_ name: String) async -> ServiceError? {
    while true {
      switch entries.withLock({ $0[name] }) {
      case .unloading(let task): _ = await task.value
      case .ready(let model):
        do throws(ServiceError) {
          try await model.drain()
          return nil
        } catch {
          logger.error("not saved: \(error)", metadata: ["model": "\(name)"])
          return error
        }
      // What is being loaded has learned nothing yet, and nobody gets it any more.
      case .loading, .unloaded, nil: return nil
      }
    }
  }

  /// Does what has to be done once in a while, until the task is cancelled.
  ///
  /// - Parameter sampled: Is called about once a second, when the curves have got a new point.
  public func run(sampled: @Sendable () -> Void = {}) async {
    var ticks = 0
    watch?.lookSoon()
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.tick)
      ticks += 1
      let now = ContinuousClock.now
      for model in loaded {
        do { try model.tick(at: now) } catch {
          logger.error("updates cannot be shown to scores: \(error)", metadata: ["model": "\(model.name)"])
        }
        if ticks % Self.ticksPerSample == 0 { model.sample(at: now) }
      }
      if ticks % Self.ticksPerSample == 0 {
        watch?.lookSoon()
        sampled()
      }
    }
  }
}
