public import CoreMetrics

/// What a served model reports through swift-metrics, under names that begin with `onlearn_` and the label `model`.
public struct ModelMeters: Sendable {
  let examples: Counter
  let batches: Counter
  let duplicates: Counter
  let scoredExamples: Counter
  let stepTime: Timer
  let scoreTime: Timer
  let freshness: Timer
  let loss: Meter
  let version: Meter
  let staleness: Meter
  let waiting: Meter
  private let refusals: [ServiceError.Kind: Counter]

  /// What each metric means, for a back end that tells.
  static let descriptions = [
    "onlearn_trained_examples_total": "Examples learned from.",
    "onlearn_trained_batches_total": "Batches learned from.",
    "onlearn_duplicate_batches_total": "Batches that had been applied before.",
    "onlearn_scored_examples_total": "Examples scored.",
    "onlearn_refused_requests_total": "Requests refused, by reason.",
    "onlearn_step_seconds": "How long training steps take, without waiting.",
    "onlearn_score_seconds": "How long score requests take, waiting included.",
    "onlearn_freshness_seconds": "How long updates wait until scores see them.",
    "onlearn_loss": "The loss of the last batch, before the update.",
    "onlearn_version": "The number of updates that the parameters contain.",
    "onlearn_staleness_seconds": "How long the oldest update has waited that scores do not see yet.",
    "onlearn_waiting_batches": "Batches that wait for their turn.",
  ]

  /// Meters made by `factory` for the model `name`.
  public init(_ name: String, factory: any MetricsFactory) {
    let labels = [("model", name)]
    func counter(_ label: String) -> Counter { Counter(label: label, dimensions: labels, factory: factory) }
    func timer(_ label: String) -> Timer { Timer(label: label, dimensions: labels, factory: factory) }
    func meter(_ label: String) -> Meter { Meter(label: label, dimensions: labels, factory: factory) }
    examples = counter("onlearn_trained_examples_total")
    batches = counter("onlearn_trained_batches_total")
    duplicates = counter("onlearn_duplicate_batches_total")
    scoredExamples = counter("onlearn_scored_examples_total")
    stepTime = timer("onlearn_step_seconds")
    scoreTime = timer("onlearn_score_seconds")
    freshness = timer("onlearn_freshness_seconds")
    loss = meter("onlearn_loss")
    version = meter("onlearn_version")
    staleness = meter("onlearn_staleness_seconds")
    waiting = meter("onlearn_waiting_batches")
    refusals = Dictionary(
      uniqueKeysWithValues: ServiceError.Kind.allCases.map { kind in
        let labels = labels + [("reason", kind.rawValue)]
        return (kind, Counter(label: "onlearn_refused_requests_total", dimensions: labels, factory: factory))
      })
  }

  /// Reports a batch.
  func record(_ reply: TrainReply, examples count: Int) {
    guard !reply.isDuplicate else { return duplicates.increment() }
    batches.increment()
    examples.increment(by: count)
    stepTime.recordMicroseconds(reply.stepMicroseconds)
    loss.set(reply.loss)
  }

  /// Reports a refused request.
  func recordRefusal(_ kind: ServiceError.Kind) { refusals[kind]?.increment() }
}

extension Timer {
  /// Reports `duration`.
  func record(_ duration: Duration) { recordNanoseconds(Int64(clamping: duration.inNanoseconds)) }
}

extension Duration {
  /// In whole nanoseconds.
  fileprivate var inNanoseconds: Int64 { Int64(self / .nanoseconds(1)) }
}
