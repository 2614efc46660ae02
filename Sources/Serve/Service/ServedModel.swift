import CoreMetrics
import Dispatch
import GraphDefImport
import Kernels
import Parameters
import Synchronization

/// A model that trains and scores while it serves. Any thread may use it; answers come on threads of its own.
public final class ServedModel: Sendable {
  fileprivate struct Job: Sendable {
    var request: TrainRequest
    var reply: @Sendable (Result<TrainReply, ServiceError>) -> Void
  }

  fileprivate struct State {
    var queue: TrainingQueue<Job>
    var idleLanes: [Int]
    var isFrozen = false
    var isDraining = false
    var idleWaiters: [@Sendable () -> Void] = []
  }

  /// The name it is served under.
  public let name: String

  private let model: Mutex<Model>
  /// How the model learns; held by whoever replaces it.
  private let choice: Mutex<OptimizerChoice>
  private let options: ServiceOptions
  private let scored: any ScoredParameters
  private let statistics: ModelStatistics
  private let meters: ModelMeters
  private let state: Mutex<State>
  private let lanes: [(lane: TrainingLane, queue: DispatchQueue)]
  private let scoring: ScoringLane
  private let scoringQueue: DispatchQueue
  private let waitingScores = Atomic<Int>(0)
  private let reached: Atomic<UInt64>

  /// Requests of at most so many examples are scored by the thread that brings them, if nobody has to be waited for:
  /// that saves two changes of threads.
  private static let examplesScoredAtOnce = 16

  /// Serves `model` as `name`, with parameters where `options` say.
  ///
  /// - Parameter notice: Is told what a user should know.
  init(
    _ name: String, _ model: Model, choice: OptimizerChoice, pool: LanePool, options: ServiceOptions,
    meters: ModelMeters, notice: (String) -> Void
  ) throws {
    let statistics = ModelStatistics(
      classes: model.logitsPerLabel, window: options.window, judges: !model.predictsNumbers, at: .now)
    let store = try ServedStore(
      of: model, servedAs: name, optimizers: choice.optimizers, frozen: choice.frozen, pool: pool,
      options: options
    ) { freshness in
      statistics.recordFreshness(freshness)
      meters.freshness.record(freshness)
    }
    for text in choice.notices + store.notices { notice(text) }
    self.name = name
    self.model = Mutex(model)
    self.choice = Mutex(choice)
    self.options = options
    self.statistics = statistics
    self.meters = meters
    reached = Atomic(store.trained.map(\.version).max()!)
    scored = store.scored
    lanes = try store.trained.enumerated().map { number, trained in
      // Lanes beside each other share the cores.
      let isAlone = store.trained.count == 1
      let pool = isAlone ? pool : LanePool(lanes: max(1, LanePool.coreCount / store.trained.count))
      if !isAlone, let text = pool.notice { notice(text) }
      return (
        try TrainingLane(
          model, choice: choice, store: trained, reopen: store.reopen, pool: pool, options: options),
        DispatchQueue(label: "onlearn.train.\(name).\(number)")
      )
    }
    state = Mutex(
      State(
        queue: TrainingQueue(limits: .init(batches: options.queuedBatches, bytes: options.queuedBytes)),
        idleLanes: Array(lanes.indices)))
    scoring = try ScoringLane(model, store.scored, seed: options.seed)
    scoringQueue = DispatchQueue(label: "onlearn.score.\(name)")
  }

  /// The model as it is served now.
  public var current: Model { model.withLock { $0 } }

  /// The number of updates that the parameters contain.
  public var version: UInt64 { reached.load(ordering: .acquiring) }

  /// The end of what was applied of the stream called `source`, or `nil` if nothing was; parameter servers are asked.
  public func offset(ofSource source: String) async throws(ServiceError) -> UInt64? {
    let store = lanes[0].lane.store
    let result = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: Result { try store.offset(ofSource: source) }) }
    }
    return try result.mapError { ServiceError($0) }.get()
  }

  /// True if the model scores but does not train.
  public var isFrozen: Bool { state.withLock { $0.isFrozen } }

  /// The batches that wait, and those in training.
  public var load: (waiting: Int, training: Int) { state.withLock { ($0.queue.count, $0.queue.runningCount) } }

  /// How long the oldest update has been waiting that scores do not see yet.
  public var staleness: Duration { scored.staleness(at: .now) }

  /// Everything that is counted and measured.
  public var figures: ModelFigures { statistics.figures(at: .now) }
}

// MARK: - Training

extension ServedModel {
  /// Learns from a batch when its turn comes, and calls `reply` once, from any thread.
  public func train(
    _ request: TrainRequest, reply: @escaping @Sendable (Result<TrainReply, ServiceError>) -> Void
  ) {
    do throws(ServiceError) {
      try validate(request.batch, labelsAreUsed: true)
      if let source = request.source { try validate(source) }
      if let lane = try admit(Job(request: request, reply: reply)) {
        lanes[lane].queue.async { self.work(lane) }
      }
    } catch {
      refuse(error, reply)
    }
  }

  /// Puts a batch into the queue, and returns a lane that has to be woken for it.
  private func admit(_ job: Job) throws(ServiceError) -> Int? {
    let batch = job.request.batch
    let entry = TrainingQueue.Entry(
      job: job, source: job.request.source?.name, deadline: job.request.deadline ?? .now + options.patience,
      byteCount: (batch.x.count + batch.y.count) * MemoryLayout<Float>.stride)
    let outcome: Result<Int?, ServiceError> = state.withLock { state in
      if state.isDraining { return .failure(drainingError) }
      if state.isFrozen { return .failure(frozenError) }
      guard state.queue.admit(entry) else { return .failure(busyError(waiting: state.queue.count)) }
      return .success(state.idleLanes.popLast())
    }
    meters.waiting.set(load.waiting)
    return try outcome.get()
  }

  /// Trains until nothing is left that this lane may train.
  private func work(_ number: Int) {
    var upcoming = next(for: number)
    while let entry = upcoming {
      upcoming = nil
      let result = Result {
        try lanes[number].lane.train(entry.job.request, statistics: statistics) {
          upcoming = state.withLock { $0.queue.takeNext(after: entry) }
          return upcoming?.job.request.batch
        }
      }
      let now = ContinuousClock.now
      state.withLock { $0.queue.finish(source: entry.source) }
      switch result {
      case .success(let reply):
        reached.max(reply.version, ordering: .acquiringAndReleasing)
        scored.noteUpdate(version: reply.version, at: now)
        meters.record(reply, examples: entry.job.request.batch.examples)
        entry.job.reply(.success(reply))
      case .failure(let error): refuse(ServiceError(error), entry.job.reply)
      }
      if upcoming == nil { upcoming = next(for: number) }
    }
  }

  /// The next batch for a lane; without one the lane is idle from now on.
  private func next(for lane: Int) -> TrainingQueue<Job>.Entry? {
    let (expired, next, waiters) = state.withLock { state in
      let expired = state.queue.takeExpired(at: .now)
      let next = state.queue.takeNext()
      if next == nil { state.idleLanes.append(lane) }
      return (expired, next, state.takeIdleWaiters())
    }
    for entry in expired { refuse(lateError, entry.job.reply) }
    for waiter in waiters { waiter() }
    return next
  }

  /// Stops training: batches that wait are refused, and when this returns no update follows. Scores go on.
  public func freeze() async {
    let refused = state.withLock { state in
      state.isFrozen = true
      return state.queue.takeAll()
    }
    for entry in refused { refuse(frozenError, entry.job.reply) }
    await untilIdle()
  }

  /// Trains again.
  public func thaw() { state.withLock { $0.isFrozen = false } }

  /// Takes no more batches, and returns when those that wait are done and the parameters are saved.
  public func drain() async throws(ServiceError) {
    state.withLock { $0.isDraining = true }
    await untilIdle()
    do { for (lane, _) in lanes { try lane.store.save() } } catch { throw ServiceError(error) }
    for (lane, _) in lanes { lane.store.close() }
  }

  /// Takes batches again, as its parameters could not be saved when it was drained.
  func resume() { state.withLock { $0.isDraining = false } }

  private func untilIdle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        if !state.queue.isIdle { state.idleWaiters.append { continuation.resume() } }
        return state.queue.isIdle
      }
      if isIdle { continuation.resume() }
    }
  }
}

extension ServedModel.State {
  /// Whom to tell that nothing waits or is in training, if that is so.
  fileprivate mutating func takeIdleWaiters() -> [@Sendable () -> Void] {
    guard queue.isIdle else { return [] }
    defer { idleWaiters = [] }
    return idleWaiters
  }
}

// MARK: - Scoring

extension ServedModel {
  /// Scores examples, and calls `reply` once: at once on this thread if the request is small and nobody has to be
  /// waited for, otherwise from another thread.
  public func score(
    _ request: ScoreRequest, reply: @escaping @Sendable (Result<ScoreReply, ServiceError>) -> Void
  ) {
    let start = ContinuousClock.now
    do throws(ServiceError) {
      try validate(request.batch, labelsAreUsed: false)
      if request.batch.examples <= Self.examplesScoredAtOnce, waitingScores.load(ordering: .relaxed) == 0,
        let scores = try scoreIfFree(request)
      {
        return finish(scores, request, since: start, reply)
      }
    } catch {
      return refuse(error, reply)
    }
    guard waitingScores.add(1, ordering: .relaxed).newValue <= options.queuedScores else {
      waitingScores.subtract(1, ordering: .relaxed)
      return refuse(ServiceError(.busy, "too many scores wait", retryAfterMilliseconds: 20), reply)
    }
    let deadline = request.deadline ?? start + options.patience
    scoringQueue.async {
      self.waitingScores.subtract(1, ordering: .relaxed)
      guard deadline > .now else { return self.refuse(self.lateError, reply) }
      do {
        self.finish(try self.scoring.score(request), request, since: start, reply)
      } catch {
        self.refuse(ServiceError(error), reply)
      }
    }
  }

  private func scoreIfFree(_ request: ScoreRequest) throws(ServiceError) -> ScoreReply? {
    do { return try scoring.scoreIfFree(request) } catch { throw ServiceError(error) }
  }

  private func finish(
    _ scores: ScoreReply, _ request: ScoreRequest, since start: ContinuousClock.Instant,
    _ reply: @Sendable (Result<ScoreReply, ServiceError>) -> Void
  ) {
    let now = ContinuousClock.now
    statistics.recordScore(examples: request.batch.examples, took: now - start, at: now)
    meters.scoreTime.record(now - start)
    meters.scoredExamples.increment(by: request.batch.examples)
    reply(.success(scores))
  }
}

// MARK: - Upkeep

extension ServedModel {
  /// What has to be done once in a while: shows updates to scores, and tells batches whose time ran out.
  func tick(at now: ContinuousClock.Instant) throws {
    try scored.publishIfDue(at: now)
    let expired = state.withLock { $0.queue.takeExpired(at: now) }
    for entry in expired { refuse(lateError, entry.job.reply) }
  }

  /// Adds a point to the curves.
  func sample(at now: ContinuousClock.Instant) {
    statistics.sample(version: version, at: now)
    meters.version.set(version)
    meters.staleness.set(staleness / .seconds(1))
    meters.waiting.set(load.waiting)
  }

  /// Serves `replacement` from the next batch and the next score on, with the parameters as they are, which learn as
  /// `choice` says from then on.
  ///
  /// - Throws: ``ServiceError`` if it has other parameters or they would learn by another rule, or what says why it
  ///   cannot be trained or scored; the model is then served as before.
  func replace(with replacement: Model, choice: OptimizerChoice) throws {
    try self.choice.withLock { present in
      try checkReplacement(replacement, choice, of: present)
      let changes = try choice.changes(from: present, afterStep: version)
      // What cannot be built is noticed before anything is replaced.
      _ = try TrainingLane(
        replacement, choice: choice, store: lanes[0].lane.store, reopen: nil, pool: LanePool(lanes: 1),
        options: options)
      _ = try ScoringLane(replacement, scored, seed: options.seed)
      for (lane, _) in lanes { try lane.replace(replacement, choice: choice, changes: changes) }
      try scoring.replace(replacement, seed: options.seed)
      model.withLock { $0 = replacement }
      present = choice
    }
  }

  private func checkReplacement(
    _ replacement: Model, _ choice: OptimizerChoice, of present: OptimizerChoice
  ) throws(ServiceError) {
    func misfit(_ problem: String) -> ServiceError { ServiceError(.unusableModel, "the new '\(name)' \(problem)") }
    let anew = "; unload the model to start anew"
    guard replacement.parameters == current.parameters, replacement.logitsPerExample == current.logitsPerExample else {
      throw misfit("has other parameters than the one served" + anew)
    }
    for (parameter, (new, old)) in zip(current.parameters, zip(choice.rules, present.rules)) where new != old {
      throw misfit("lets '\(parameter.name)' learn \(new), the one served \(old)" + anew)
    }
    guard case .servers = options.store else { return }
    let (new, old) = (replacement.config.modelName, current.config.modelName)
    guard new == old else { throw misfit("has the model_name '\(new)', the one served '\(old)'" + anew) }
    // Whoever registers the model again has to name what it was registered with.
    guard choice.optimizers == present.optimizers else {
      throw misfit(
        "has other hyper-parameters than the parameter servers were told when it was registered; change them with "
          + "'onlearn ps set', and leave the configuration as it was")
    }
  }

  private func validate(_ batch: Batch, labelsAreUsed: Bool) throws(ServiceError) {
    guard batch.examples > 0 else { throw ServiceError(.malformed, "a batch without examples") }
    var validator = current.batchValidator(labelsAreUsed: labelsAreUsed)
    do { try validator.check(batch) } catch { throw ServiceError(error) }
  }

  private func validate(_ source: SourceRange) throws(ServiceError) {
    let byteCount = source.name.utf8.count
    guard byteCount <= TrainRequest.sourceNameLimit else {
      throw ServiceError(
        .malformed, "a source's name of \(byteCount) bytes; it may have \(TrainRequest.sourceNameLimit)")
    }
  }

  private func refuse<Reply>(_ error: ServiceError, _ reply: @Sendable (Result<Reply, ServiceError>) -> Void) {
    statistics.recordRefusal(error.kind)
    meters.recordRefusal(error.kind)
    reply(.failure(error))
  }

  private var drainingError: ServiceError {
    ServiceError(.draining, "'\(name)' takes no more batches: it is being stopped", retryAfterMilliseconds: 1000)
  }

  private var frozenError: ServiceError {
    ServiceError(.frozen, "'\(name)' is frozen: it scores but does not train", retryAfterMilliseconds: 1000)
  }

  private var lateError: ServiceError {
    ServiceError(.deadline, "the request's time ran out before its turn came", retryAfterMilliseconds: 100)
  }

  private func busyError(waiting: Int) -> ServiceError {
    let step = statistics.medianStep(at: .now) ?? .milliseconds(10)
    return ServiceError(
      .busy, "\(waiting) batches of '\(name)' wait already",
      retryAfterMilliseconds: UInt32(clamping: max(1, Int64(step * waiting / 2 / .milliseconds(1)))))
  }
}
