package import Kernels
import PS
package import Parameters
import Synchronization

/// Trains one batch of a model at a time.
package final class TrainingLane: Sendable {
  /// Opens a store that goes on where another one of the same parameters is.
  package typealias OpenStore = @Sendable () throws -> any ParameterStore

  private struct Learner {
    let trainer: Trainer
    let schedule: OptimizerSchedule?
    let choice: OptimizerChoice
    /// Whether the store takes no more pushes, as nobody knows what became of one.
    var isCutOff = false
  }

  private let learner: Mutex<Learner>
  private let opened: Mutex<any ParameterStore>
  private let reopen: OpenStore?
  private let pool: LanePool
  private let options: ServiceOptions

  /// A lane that trains `model`, whose parameters are in `store`, on the threads of `pool`.
  ///
  /// - Parameter reopen: Opens a store in place of one that takes no more pushes.
  package init(
    _ model: Model, choice: OptimizerChoice, store: any ParameterStore, reopen: OpenStore?, pool: LanePool,
    options: ServiceOptions
  ) throws {
    self.reopen = reopen
    self.pool = pool
    self.options = options
    opened = Mutex(store)
    learner = Mutex(try Self.makeLearner(model, choice, store, pool, options))
  }

  private static func makeLearner(
    _ model: Model, _ choice: OptimizerChoice, _ store: any ParameterStore, _ pool: LanePool, _ options: ServiceOptions
  ) throws -> sending Learner {
    let trainer = try Trainer(
      model, store: store, pool: pool, seed: options.seed, observes: options.metrics == .after)
    trainer.gradientNormLimit = options.gradientNormLimit
    return Learner(trainer: trainer, schedule: try choice.makeSchedule(), choice: choice)
  }

  /// Where the parameters are. Never waits for training.
  var store: any ParameterStore { opened.withLock { $0 } }

  /// Trains `model` from the next batch on, and has the store take the optimizers of `changes` before.
  func replace(
    _ model: Model, choice: OptimizerChoice, changes: [(parameter: Int, optimizer: Optimizer)]
  ) throws {
    try learner.withLock { learner in
      let isCutOff = learner.isCutOff
      for change in changes { try store.setOptimizer(change.optimizer, of: change.parameter) }
      learner = try Self.makeLearner(model, choice, store, pool, options)
      learner.isCutOff = isCutOff
    }
  }

  /// Learns from a batch that was validated.
  ///
  /// - Parameter next: Takes the batch that this lane trains next, if there is one by now. Asked at most once, and only
  ///   if the store answers for both in one exchange.
  /// - Throws: ``ServiceError`` of the kind `outcomeUnknown` if the batch may be applied and has no source to tell by,
  ///   and what the store throws. Where parameter servers did not say what became of a batch, their store is opened
  ///   anew before the next one.
  package func train(
    _ request: TrainRequest, statistics: ModelStatistics, followedBy next: () -> Batch?
  ) throws -> TrainReply {
    try learner.withLock { learner in
      if learner.isCutOff, let reopen {
        let store = try Self.opened(by: reopen)
        learner = try Self.makeLearner(learner.trainer.model, learner.choice, store, pool, options)
        opened.withLock { $0 = store }
      }
      let trainer = learner.trainer
      if let reply = try Self.duplicateReply(request.source, trainer.store) {
        statistics.recordDuplicate()
        return reply
      }
      let batch = request.batch
      var isPushing = false
      let start: ContinuousClock.Instant
      let step: Trainer.Step
      do {
        start = ContinuousClock.now
        try trainer.computeGradients(of: batch)
        // The steps of all lanes count, up to those in the values that this one was lent.
        try learner.schedule?.apply(to: trainer.store, afterStep: trainer.store.version)
        let following = trainer.store.prefersRowRequests ? next() : nil
        isPushing = true
        step = try trainer.exchangeGradients(source: request.source, followedBy: following)
      } catch let error as ClientError {
        learner.isCutOff = error.endsPushes
        guard isPushing, request.source == nil, error.leavesOutcomeOpen else { throw error }
        throw ServiceError(
          .outcomeUnknown, "whether the batch is applied is unknown, and it has no source to tell by: \(error)")
      }
      let now = ContinuousClock.now
      guard !step.isDuplicate else {
        statistics.recordDuplicate()
        return TrainReply(
          version: step.version, loss: step.loss, metrics: [], isDuplicate: true, stepMicroseconds: 0)
      }
      var shown = statistics.recordStep(
        logits: step.logits, batch: batch, loss: step.loss, took: now - start, at: now)
      if options.metrics == .after {
        // The batch is applied, also if the store cannot be asked once more.
        do { shown = try trainer.observedValues(after: batch).map { Metric($0.name, $0.value) } } catch {
          statistics.recordUnobserved()
        }
      }
      return TrainReply(
        version: step.version, loss: step.loss, metrics: shown, isDuplicate: false,
        stepMicroseconds: UInt32(clamping: Int64((now - start) / .microseconds(1))))
    }
  }

  private static func opened(by reopen: OpenStore) throws(ServiceError) -> any ParameterStore {
    do { return try reopen() } catch {
      throw ServiceError(.storage, "the store cannot be opened again: \(error)", retryAfterMilliseconds: 1000)
    }
  }

  /// The reply to a batch that `store` has applied already, without computing it again.
  ///
  /// - Throws: `StoreError` if the batch does not follow what was applied of its stream.
  private static func duplicateReply(_ source: SourceRange?, _ store: any ParameterStore) throws -> TrainReply? {
    // Parameter servers look for themselves; asking them first would cost as much as a step.
    guard let source, !store.prefersRowRequests, try !source.isNew(after: store.offset(ofSource: source.name)) else {
      return nil
    }
    return TrainReply(version: store.version, loss: .nan, metrics: [], isDuplicate: true, stepMicroseconds: 0)
  }
}

extension ClientError {
  /// Whether a push that failed like this may be applied nevertheless.
  fileprivate var leavesOutcomeOpen: Bool {
    switch self {
    case .refused, .forgotten, .incompleteMap: false
    default: true
    }
  }

  /// Whether the client may take no more pushes after this, though the servers may be as they were.
  fileprivate var endsPushes: Bool {
    switch self {
    case .outcomeUnknown, .unavailable, .invalidAnswer: true
    // Another store in a server's place is for people to look at. When the right one is back, the client goes on, or
    // says that it takes no more pushes.
    default: false
    }
  }
}
