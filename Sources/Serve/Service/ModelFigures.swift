/// How a model does, for people and their tools: everything that its service counts and measures.
public struct ModelFigures: Sendable {
  /// How many of each there have been since the model was loaded.
  public struct Counts: Hashable, Sendable {
    /// Batches learned from.
    public var batches: UInt64 = 0
    /// Examples learned from.
    public var examples: UInt64 = 0
    /// Batches that had been applied before.
    public var duplicates: UInt64 = 0
    /// Batches learned from whose figures of after the update could not be had.
    public var unobserved: UInt64 = 0
    /// Score requests answered.
    public var scores: UInt64 = 0
    /// Examples scored.
    public var scoredExamples: UInt64 = 0
    /// Requests refused, by kind.
    public var refusals: [ServiceError.Kind: UInt64] = [:]
  }

  /// Percentiles of durations lately; nil where nothing was measured.
  public struct Percentiles: Hashable, Sendable {
    /// Half do not exceed it.
    public var p50: Duration?
    /// 95 percent do not exceed it.
    public var p95: Duration?
    /// 99 percent do not exceed it.
    public var p99: Duration?
  }

  /// One point of the curves.
  public struct Sample: Hashable, Sendable {
    /// Seconds since the model was loaded.
    public var seconds: Double
    /// The number of updates.
    public var version: UInt64
    /// The mean loss over the window.
    public var loss: Double
    /// The area under the curve, or the accuracy, over the window; NaN if no example in it was judged.
    public var score: Double
    /// Examples per second.
    public var rate: Double
  }

  /// The counts.
  public var counts: Counts
  /// The loss of the last batch.
  public var lastLoss: Double
  /// Over everything since the model was loaded.
  public var all: MetricsSummary
  /// Over the last examples.
  public var window: MetricsSummary
  /// With older examples counting less.
  public var decayed: MetricsSummary
  /// Examples per second lately.
  public var rate: Double
  /// How long steps take.
  public var steps: Percentiles
  /// How long score requests take, waiting included.
  public var scores: Percentiles
  /// How long updates wait until scores see them.
  public var freshness: Percentiles
  /// The curves, a point per second, oldest first.
  public var history: [Sample]
}
