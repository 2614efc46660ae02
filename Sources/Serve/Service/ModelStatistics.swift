import Kernels
import Synchronization

/// Counts and measures what a served model does. Any thread may use it.
package final class ModelStatistics: Sendable {
  fileprivate struct State {
    var metrics: ProgressiveMetrics
    var window = MetricsSummary()
    var windowTime: ContinuousClock.Instant?
    var counts = ModelFigures.Counts()
    var lastLoss = Double.nan
    var throughput: Throughput
    var steps: RecentDurations
    var scores: RecentDurations
    var freshness: RecentDurations
    var history: [ModelFigures.Sample] = []
  }

  /// The points of a curve that are kept: ten minutes.
  private static let historyLimit = 600
  /// Windowed figures are computed so often at most for replies and curves; they take a pass over the window.
  private static let windowInterval = Duration.milliseconds(500)

  private let start: ContinuousClock.Instant
  private let state: Mutex<State>

  /// Figures of a model with so many classes, or of one whose loss only counts, unless it `judges`.
  package init(classes: Int, window: Int, judges: Bool = true, at now: ContinuousClock.Instant) {
    start = now
    state = Mutex(
      State(
        metrics: ProgressiveMetrics(classes: classes, window: window, judges: judges), throughput: Throughput(at: now),
        steps: RecentDurations(at: now), scores: RecentDurations(at: now), freshness: RecentDurations(at: now)))
  }

  /// Takes in a step and returns its figures, and the model's including it.
  func recordStep(
    logits: MemoryView<Float>, batch: Batch, loss: Float, took duration: Duration, at now: ContinuousClock.Instant
  ) -> [Metric] {
    state.withLock { state in
      state.counts.batches += 1
      state.counts.examples += UInt64(batch.examples)
      state.lastLoss = Double(loss)
      state.steps.record(duration, at: now)
      state.throughput.update(examples: state.counts.examples, at: now)
      let own = state.metrics.record(logits: logits, labels: batch.y, loss: loss)
      let window = state.recentWindow(at: now, interval: Self.windowInterval)
      return own.named.map { Metric($0.name, $0.value) } + Self.metrics("all", state.metrics.runningSummary)
        + Self.metrics("window", window) + Self.metrics("decayed", state.metrics.summary(over: .decayed))
    }
  }

  /// Takes in a batch that had been applied before.
  func recordDuplicate() { state.withLock { $0.counts.duplicates += 1 } }

  /// Takes in a batch whose figures of after the update could not be had.
  func recordUnobserved() { state.withLock { $0.counts.unobserved += 1 } }

  /// Takes in an answered score request.
  func recordScore(examples: Int, took duration: Duration, at now: ContinuousClock.Instant) {
    state.withLock {
      $0.counts.scores += 1
      $0.counts.scoredExamples += UInt64(examples)
      $0.scores.record(duration, at: now)
    }
  }

  /// Takes in a refused request.
  func recordRefusal(_ kind: ServiceError.Kind) { state.withLock { $0.counts.refusals[kind, default: 0] += 1 } }

  /// Takes in how long an update waited until scores saw it.
  func recordFreshness(_ duration: Duration) { state.withLock { $0.freshness.record(duration, at: .now) } }

  /// The median of the latest steps.
  func medianStep(at now: ContinuousClock.Instant) -> Duration? {
    state.withLock { $0.steps.percentile(0.5, at: now) }
  }

  /// Adds a point to the curves.
  func sample(version: UInt64, at now: ContinuousClock.Instant) {
    state.withLock { state in
      state.throughput.update(examples: state.counts.examples, at: now)
      guard state.counts.batches > 0 else { return }
      let window = state.recentWindow(at: now, interval: Self.windowInterval)
      if state.history.count == Self.historyLimit { state.history.removeFirst() }
      state.history.append(
        ModelFigures.Sample(
          seconds: (now - start) / .seconds(1), version: version, loss: window.loss,
          score: window.auc ?? window.accuracy ?? .nan, rate: state.throughput.rate))
    }
  }

  /// Everything as it is now.
  package func figures(at now: ContinuousClock.Instant) -> ModelFigures {
    state.withLock { state in
      ModelFigures(
        counts: state.counts, lastLoss: state.lastLoss, all: state.metrics.runningSummary,
        window: state.recentWindow(at: now, interval: .zero),
        decayed: state.metrics.summary(over: .decayed), rate: state.throughput.rate,
        steps: Self.percentiles(&state.steps, now), scores: Self.percentiles(&state.scores, now),
        freshness: Self.percentiles(&state.freshness, now), history: state.history)
    }
  }

  private static func percentiles(
    _ durations: inout RecentDurations, _ now: ContinuousClock.Instant
  ) -> ModelFigures.Percentiles {
    .init(
      p50: durations.percentile(0.5, at: now), p95: durations.percentile(0.95, at: now),
      p99: durations.percentile(0.99, at: now))
  }

  private static func metrics(_ stretch: String, _ summary: MetricsSummary) -> [Metric] {
    guard summary.examples > 0 else { return [] }
    return [Metric("\(stretch).loss", summary.loss)] + summary.named.map { Metric("\(stretch).\($0.name)", $0.value) }
  }
}

extension ModelStatistics.State {
  /// The figures over the window, at most `interval` old, and not of before the first example.
  fileprivate mutating func recentWindow(at now: ContinuousClock.Instant, interval: Duration) -> MetricsSummary {
    if let windowTime, window.examples > 0, now - windowTime < interval { return window }
    window = metrics.summary(over: .window)
    windowTime = now
    return window
  }
}
