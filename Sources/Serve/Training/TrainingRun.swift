import GraphDefImport
public import Kernels
public import Parameters

/// Trains a model from a source until it ends, a number of steps is done, or somebody asks to stop; reports and saves.
///
/// What a store loses on the way is read and learned again, if the source can be read again.
public struct TrainingRun {
  /// What is run.
  public struct Options: Sendable {
    /// The examples per step.
    public var batch: Int
    /// The passes over a finite source; `.max` for as many as there are.
    public var epochs: UInt64 = 1
    /// The most steps, counted from the store's first.
    public var steps: UInt64?
    /// The seed of the order of examples and of dropout; the order is the file's without one.
    public var seed: UInt64 = 0
    /// Whether examples are shuffled in each pass.
    public var isShuffling = true
    /// Whether reported metrics come from the forward pass before the update, or from one more behind it.
    public var metrics = MetricsTime.before
    /// Examples per tile, or `nil` to choose.
    public var tile: Int?
    /// What the run is to parameter servers; `nil` for one that has its store for itself.
    public var part: WorkerPart?

    /// Steps of `batch` examples.
    public init(batch: Int) { self.batch = batch }
  }

  /// When observed values are computed.
  public enum MetricsTime: String, Hashable, Sendable, CaseIterable {
    /// Before the update: an honest score of examples not learned yet.
    case before
    /// After the update, on the batch just learned, as the reference system does.
    case after
  }

  /// Where the run starts.
  public let start: (step: UInt64, examples: UInt64)
  /// Whether a step was taken.
  public private(set) var hasLearned = false

  private let trainer: Trainer
  private let options: Options
  /// The name under which the store knows the stream.
  private let streamName: String
  private let schedule: OptimizerSchedule?
  private var feed: DataFeed
  /// The offset up to which the stream is learned.
  private var offset: UInt64
  private var validator: BatchValidator
  private var metrics: ProgressiveMetrics
  private var lossSum = 0.0
  private var lossCount = 0.0

  /// The examples over which reported metrics are taken.
  private static let window = 1 << 14

  /// A run of `model` on `source` with the parameters of `store`.
  ///
  /// A store that knows the source continues behind what it has applied. A `schedule` changes hyper-parameters from step
  /// to step.
  public init(
    _ model: Model, source: any DataSource, store: any ParameterStore, schedule: OptimizerSchedule? = nil,
    pool: LanePool, options: Options
  ) throws {
    self.options = options
    let part = options.part
    // One worker's changes are all workers'.
    self.schedule = part?.rank ?? 0 == 0 ? schedule : nil
    let source = part?.share(of: source, block: options.batch) ?? source
    streamName = part?.streamName(of: source) ?? source.name
    let start = try store.offset(ofSource: streamName) ?? 0
    trainer = try Trainer(
      model, store: store, pool: pool, seed: options.seed &+ UInt64(part?.rank ?? 0),
      firstStep: part == nil ? nil : start / UInt64(options.batch), tile: options.tile,
      observes: options.metrics == .after)
    validator = model.batchValidator(labelsAreUsed: true)
    metrics = ProgressiveMetrics(
      classes: model.logitsPerLabel, window: Self.window, judges: !model.predictsNumbers)
    feed = try Self.feed(source, options, resumingAt: start)
    offset = feed.offset
    self.start = (trainer.stepCount, offset)
  }

  private static func feed(
    _ source: any DataSource, _ options: Options, resumingAt offset: UInt64
  ) throws(DataError) -> DataFeed {
    try DataFeed(
      source, passes: source.isFinite ? options.epochs : 1, seed: options.isShuffling ? options.seed : nil,
      resumingAt: offset)
  }

  /// The examples until the end, if known.
  public var exampleGoal: UInt64? { feed.goal(steps: options.steps, batch: options.batch) }

  /// What a user should know before it starts.
  public var notices: [String] {
    guard feed.source.isLive, start.examples > 0 else { return [] }
    return [
      "'\(feed.source.name)' goes on behind the \(start.examples) examples learned before: all that it gives is new"
    ]
  }

  /// Trains, telling `reporter` after each step, and saves at the end, also of a stop or a failure.
  ///
  /// - Returns: The figures at the end.
  public mutating func run(reporter: inout ProgressReporter, until stop: StopRequest) throws -> ProgressSnapshot {
    do {
      try trainBatches(&reporter, until: stop)
    } catch {
      // What was learned before the failure is kept; the failure is what the caller hears of.
      try? trainer.store.save()
      throw error
    }
    try trainer.store.save()
    // A stretch that the clock has chosen would make the last loss another one in each run.
    return snapshot(trainer.observedValues(), lossOverWindow: reporter.isTimed)
  }

  /// Why nothing was left to train when the run began, in words for one that ended without a step.
  public var nothingLeft: String {
    let name = "'\(feed.source.name)'"
    if let steps = options.steps, start.step >= steps {
      return "nothing is left to train: \(start.step) steps were taken before, and --steps asks for \(steps) in all"
    }
    guard start.examples > 0 else {
      return "nothing is left to train: \(name) has fewer batches than there are workers, and none for this one"
    }
    let learned = "nothing is left to train: \(start.examples) examples of \(name) were learned before, and "
    if feed.source.isLive { return learned + "no more came" }
    let passes = options.epochs == 1 ? "one pass has" : "\(options.epochs) passes have"
    return learned + "\(passes) \(feed.count.map { "\($0)" } ?? "no more"); ask for more with --epochs"
  }

  private mutating func trainBatches(_ reporter: inout ProgressReporter, until stop: StopRequest) throws {
    // A store that is asked over a network is asked once per step, if the next batch is known without waiting for it.
    let looksAhead = trainer.store.prefersRowRequests && !feed.source.isLive
    var (batch, next) = (Batch(), Batch())
    while !stop.isRequested, trainer.stepCount < options.steps ?? .max {
      if next.examples > 0 {
        swap(&batch, &next)
      } else {
        guard try read(into: &batch) else { break }
      }
      next.resize(examples: 0, width: next.width, labelWidth: next.labelWidth)
      if looksAhead, trainer.stepCount + 1 < options.steps ?? .max { _ = try read(into: &next) }
      let source = SourceRange(name: streamName, begin: batch.begin, end: batch.end)
      // The steps of all workers count.
      try schedule?.apply(to: trainer.store, afterStep: trainer.store.version)
      let step: Trainer.Step
      do {
        step = try trainer.step(batch, source: source, followedBy: next.examples > 0 ? next : nil)
      } catch StoreError.sourceGap where !feed.source.isLive {
        try goBack()
        next.resize(examples: 0, width: next.width, labelWidth: next.labelWidth)
        continue
      }
      offset = batch.end
      hasLearned = true
      lossSum += Double(step.loss) * Double(batch.examples)
      lossCount += Double(batch.examples)
      metrics.record(logits: step.logits, labels: batch.y, loss: step.loss)
      var observed: Result<[(name: String, value: Double)], any Error> = .success([])
      reporter.update(step: trainer.stepCount, examples: offset, at: .now) {
        observed = Result { try observedValues(batch) }
        return snapshot((try? observed.get()) ?? [])
      }
      _ = try observed.get()
    }
  }

  /// Goes back to where the store has the stream: a server has lost what came behind, with its power or because its
  /// folder was put back. Servers that have it ignore it when it comes again.
  private mutating func goBack() throws {
    let stored = try trainer.store.offset(ofSource: streamName) ?? 0
    let (lost, batch) = (offset - min(offset, stored), UInt64(options.batch))
    trainer.goBack(steps: (lost + batch - 1) / batch)
    feed = try Self.feed(feed.source, options, resumingAt: stored)
    offset = feed.offset
  }

  private mutating func read(into batch: inout Batch) throws -> Bool {
    guard try feed.next(into: &batch, upTo: options.batch) else { return false }
    try validator.check(batch, of: feed)
    return true
  }

  private func observedValues(_ batch: Batch) throws -> [(name: String, value: Double)] {
    switch options.metrics {
    case .before: return trainer.observedValues()
    case .after: return try trainer.observedValues(after: batch)
    }
  }

  /// The figures now: the mean loss since the last report, or like the metrics over the last examples, all scored
  /// before learning; or as observed after the update.
  private mutating func snapshot(
    _ observed: [(name: String, value: Double)], lossOverWindow: Bool = false
  ) -> ProgressSnapshot {
    let recent = metrics.summary(over: .window)
    let shown: [(name: String, value: Double)] =
      options.metrics == .after
      ? observed.filter { $0.name != GraphDefImporter.lossName }
      : recent.named.filter { trainer.model.logitsPerLabel > 1 ? $0.name == "accuracy" : $0.name != "calibration" }
    let observedLoss = observed.first { $0.name == GraphDefImporter.lossName }?.value
    let mean = lossOverWindow || lossCount == 0 ? recent.loss : lossSum / lossCount
    let loss = options.metrics == .after ? observedLoss ?? mean : mean
    (lossSum, lossCount) = (0, 0)
    return ProgressSnapshot(
      step: trainer.stepCount, examples: offset,
      loss: hasLearned ? loss : .nan, metrics: shown, version: trainer.store.version)
  }
}
