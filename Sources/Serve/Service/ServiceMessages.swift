public import Parameters

/// A batch to learn from.
public struct TrainRequest: Sendable {
  /// The examples and their labels.
  public var batch: Batch
  /// The part of the stream the batch is; with it a batch that is sent again is applied once.
  public var source: SourceRange?
  /// When it is too late to start; `nil` for the service's own limit.
  public var deadline: ContinuousClock.Instant?

  /// The most bytes of the name of a stream: stores keep the names of many.
  public static let sourceNameLimit = 1024

  /// Asks to learn from `batch`.
  public init(batch: Batch, source: SourceRange? = nil, deadline: ContinuousClock.Instant? = nil) {
    self.batch = batch
    self.source = source
    self.deadline = deadline
  }
}

/// What came of a batch.
public struct TrainReply: Hashable, Sendable {
  /// The version of the parameters that the batch is part of.
  public var version: UInt64
  /// The loss before the update; NaN for a duplicate, which is not computed again.
  public var loss: Float
  /// The batch's own figures, then those of the model over everything, the last examples, and with decay.
  public var metrics: [Metric]
  /// Whether the batch had been applied before.
  public var isDuplicate: Bool
  /// How long the step took, without waiting.
  public var stepMicroseconds: UInt32
}

/// A figure with a name.
public struct Metric: Hashable, Sendable {
  /// Such as `accuracy`, or `window.auc`.
  public var name: String
  /// Its value.
  public var value: Double

  /// A figure.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// Examples to score.
public struct ScoreRequest: Sendable {
  /// The examples; labels are not looked at.
  public var batch: Batch
  /// The version that the parameters must have reached.
  public var minimumVersion: UInt64
  /// When it is too late to start; `nil` for the service's own limit.
  public var deadline: ContinuousClock.Instant?

  /// Asks for the scores of `batch`.
  public init(batch: Batch, minimumVersion: UInt64 = 0, deadline: ContinuousClock.Instant? = nil) {
    self.batch = batch
    self.minimumVersion = minimumVersion
    self.deadline = deadline
  }
}

/// Scores of examples.
public struct ScoreReply: Hashable, Sendable {
  /// The version of the parameters.
  public var version: UInt64
  /// The probabilities of an example: one, of label 1, or one for each class; or the numbers that the model predicts.
  public var classes: Int
  /// The probabilities or numbers, row-major, `[examples, classes]`.
  public var probabilities: [Float]
}
