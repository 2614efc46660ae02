import Kernels
import Parameters
import Synchronization

/// Trains one batch of a model at a time.
final class TrainingLane: Sendable {
  private struct Learner {
    let trainer: Trainer
    let schedule: OptimizerSchedule?
  }

  private let learner: Mutex<Learner>
  private let pool: LanePool
  private let options: ServiceOptions

  /// A lane that trains `model`, whose parameters are in `store`, on the threads of `pool`.
  init(
    _ model: Model, choice: OptimizerChoice, store: any ParameterStore, pool: LanePool, options: ServiceOptions
  ) throws {
    self.pool = pool
    self.options = options
    learner = Mutex(try Self.makeLearner(model, choice, store, pool, options))
  }

  private static func makeLearner(
    _ model: Model, _ choice: OptimizerChoice, _ store: any ParameterStore, _ pool: LanePool, _ options: ServiceOptions
  ) throws -> sending Learner {
    let trainer = try Trainer(
      model, store: store, pool: pool, seed: options.seed, observes: options.metrics == .after)
    trainer.gradientNormLimit = options.gradientNormLimit
    return Learner(trainer: trainer, schedule: try choice.makeSchedule())
  }

  /// Trains `model` from the next batch on.
  func replace(_ model: Model, choice: OptimizerChoice, store: any ParameterStore) throws {
    try learner.withLock { $0 = try Self.makeLearner(model, choice, store, pool, options) }
  }

  /// Learns from a batch that was validated.
  ///
  /// - Parameter next: Takes the batch that this lane trains next, if there is one by now. Asked at most once, and only
  ///   if the store answers for both in one exchange.
  func train(
    _ request: TrainRequest, statistics: ModelStatistics, followedBy next: () -> Batch?
  ) throws -> TrainReply {
    try learner.withLock { learner in
      let trainer = learner.trainer
      if let reply = try Self.duplicateReply(request.source, trainer.store) {
        statistics.recordDuplicate()
        return reply
      }
      if let schedule = learner.schedule {
        for change in try schedule.changes(afterStep: trainer.stepCount) {
          try trainer.store.setOptimizer(change.optimizer, of: change.parameter)
        }
      }
      let batch = request.batch
      let start = ContinuousClock.now
      try trainer.computeGradients(of: batch)
      let following = trainer.store.prefersRowRequests ? next() : nil
      let step = try trainer.exchangeGradients(source: request.source, followedBy: following)
      let now = ContinuousClock.now
      guard !step.isDuplicate else {
        statistics.recordDuplicate()
        return TrainReply(
          version: step.version, loss: step.loss, metrics: [], isDuplicate: true, stepMicroseconds: 0)
      }
      let metrics = statistics.recordStep(
        logits: step.logits, batch: batch, loss: step.loss, took: now - start, at: now)
      let shown =
        options.metrics == .before
        ? metrics : try trainer.observedValues(after: batch).map { Metric($0.name, $0.value) }
      return TrainReply(
        version: step.version, loss: step.loss, metrics: shown, isDuplicate: false,
        stepMicroseconds: UInt32(clamping: Int64((now - start) / .microseconds(1))))
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
