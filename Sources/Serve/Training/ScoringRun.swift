public import Kernels
public import Parameters

/// Scores the examples of a source, and judges the scores where the source has labels.
public struct ScoringRun {
  /// What is said of one example.
  public enum Score: Hashable, Sendable {
    /// The probability of label 1.
    case probability(Float)
    /// The most probable class and its probability.
    case classification(class: Int, probability: Float)
    /// What a model predicts that predicts numbers.
    case numbers([Float])
  }

  /// How well scores fit the labels.
  public struct Fit: Sendable {
    /// The examples whose scores and labels were compared.
    public var examples: Double
    /// Figures by name, in the order to show them.
    public var figures: [(name: String, value: Double)]

    /// The fit of probabilities.
    public init(_ summary: MetricsSummary) { (examples, figures) = (summary.judged, summary.named) }

    /// The fit of numbers.
    public init(_ errors: PredictionErrors) { (examples, figures) = (errors.examples, errors.named) }
  }

  private let model: Model
  private let predictor: Predictor
  private let classes: Int
  private let logitsPerLabel: Int
  private let batchSize: Int
  private var feed: DataFeed

  /// A run of at most `limit` examples of `source` with the parameters of `store`, `batch` at a time.
  public init(
    _ model: Model, source: any DataSource, store: any ParameterStore, pool: LanePool, batch: Int, limit: UInt64 = .max,
    isExact: Bool = false, seed: UInt64 = 0
  ) throws {
    self.model = model
    predictor = try Predictor(model, parameters: store, pool: pool, isExact: isExact, seed: seed)
    classes = model.logitsPerExample
    logitsPerLabel = model.logitsPerLabel
    batchSize = batch
    feed = try DataFeed(source, limit: limit)
  }

  /// What a user should know of the scores.
  public var notices: [String] { predictor.notices }

  /// Scores until the source ends, `limit` is reached or somebody asks to stop; `score` is told each score in order.
  ///
  /// - Returns: How well the scores fit the labels, if there are any.
  public mutating func run(until stop: StopRequest, score: (Score) -> Void) throws -> Fit? {
    var metrics = ProgressiveMetrics(classes: logitsPerLabel)
    var errors = PredictionErrors()
    var isJudged = false
    // Of standard input only the first batch tells whether there are labels.
    var validator: BatchValidator?
    var batch = Batch()
    while !stop.isRequested, try feed.next(into: &batch, upTo: batchSize) {
      if validator == nil { validator = model.batchValidator(labelsAreUsed: batch.hasLabels) }
      try validator?.check(batch, of: feed)
      let logits = try predictor.logits(of: batch)
      for example in 0..<batch.examples {
        if model.predictsNumbers {
          score(.numbers((0..<classes).map { logits[example * classes + $0] }))
        } else if classes == 1 {
          score(.probability(Scores.probability(ofLogit: logits[example])))
        } else {
          let (best, probability) = Scores.prediction(classes: classes) { logits[example * classes + $0] }
          score(.classification(class: best, probability: probability))
        }
      }
      if batch.hasLabels {
        isJudged = true
        if model.predictsNumbers {
          errors.record(logits, labels: batch.y, examples: batch.examples)
        } else {
          metrics.record(logits: logits, labels: batch.y, loss: 0)
        }
      }
    }
    guard isJudged else { return nil }
    return model.predictsNumbers ? Fit(errors) : Fit(metrics.summary(over: .all))
  }
}
