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
  }

  /// What the metrics of a service mean, for a back end that tells.
  public static let metricDescriptions = ModelMeters.descriptions.merging(ServerWatch.descriptions) { $1 }

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
    let isUnloaded = entries.withLock { entries in if case .unloaded = entries[name] { true } else { false } }
    if isUnloaded { throw ServiceError(.unknownModel, "the model '\(name)' is unloaded; load it to use it again") }
    return try await load(name)
  }

  /// Loads the model `name`; one that is loaded already is returned as it is.
  public func load(_ name: String) async throws(ServiceError) -> ServedModel {
    guard !isDraining else {
      throw ServiceError(.draining, "the service is being stopped", retryAfterMilliseconds: 1000)
    }
    guard let path = folder.configPath(of: name) else {
      throw ServiceError(.unknownModel, "there is no model '\(ModelFolder.isName(name) ? name : "?")'")
    }
    let task = entries.withLock { entries in
      switch entries[name] {
      case .ready(let model): return Task { Result<ServedModel, ServiceError>.success(model) }
      case .loading(let task): return task
      case .unloaded, nil:
        let task = Task { await self.loadAnew(name, path) }
        entries[name] = .loading(task)
        return task
      }
    }
    return try await task.value.get()
  }

  private func loadAnew(_ name: String, _ path: String) async -> Result<ServedModel, ServiceError> {
    let result = await offThread { try self.open(name, path) }
    entries.withLock { entries in
      switch result {
      case .success(let model): entries[name] = .ready(model)
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
    return try ServedModel(
      name, model, choice: choice, pool: pool, options: options, meters: ModelMeters(name, factory: metrics)
    ) { logger.notice("\($0)", metadata: ["model": "\(name)"]) }
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
  public func unload(_ name: String) async throws(ServiceError) {
    let model = entries.withLock { entries -> ServedModel? in
      guard case .ready(let model) = entries[name] else { return nil }
      entries[name] = .unloaded
      return model
    }
    guard let model else { throw ServiceError(.unknownModel, "the model '\(name)' is not loaded") }
    do { try await model.drain() } catch { throw ServiceError(error) }
    logger.info("unloaded", metadata: ["model": "\(name)", "version": "\(model.version)"])
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
  public func drain() async {
    draining.store(true, ordering: .releasing)
    await withTaskGroup { group in
      for model in loaded {
        group.addTask {
          do { try await model.drain() } catch {
            self.logger.error("not saved: \(error)", metadata: ["model": "\(model.name)"])
          }
        }
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
