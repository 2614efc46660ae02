import Glibc
public import Serve

/// Scores the examples of a source on a train server, and judges the scores where the source has labels.
public struct RemoteScoring {
  private let client: TrainClient
  private let model: String
  private let classes: Int
  private let batchSize: Int
  private var feed: DataFeed

  /// A run of at most `limit` examples, whose source `open` makes for their width, `batch` at a time.
  ///
  /// - Throws: ``TrainClientError`` if the server does not answer or has no such model, or what `open` throws.
  public init(
    _ model: String, _ client: TrainClient, batch: Int, limit: UInt64 = .max,
    open: (_ width: Int) throws -> any DataSource
  ) async throws {
    self.client = client
    self.model = model
    batchSize = batch
    let description = try await client.load(model)
    classes = description.logits
    feed = try DataFeed(try open(description.features), limit: limit)
  }

  /// Scores until the source ends, the limit is reached or somebody asks to stop; `score` is told each score in order.
  ///
  /// - Returns: How well the scores fit the labels, if there are any.
  public mutating func run(
    until stop: StopRequest, score: (ScoringRun.Score) -> Void
  ) async throws -> MetricsSummary? {
    var metrics = ProgressiveMetrics(classes: classes)
    var isJudged = false
    var batch = Batch()
    while !stop.isRequested, try feed.next(into: &batch, upTo: batchSize) {
      let reply = try await client.score(model, batch)
      guard reply.classes == classes else {
        throw TrainClientError.unusable(
          server: client.server, problem: "'\(model)' has \(reply.classes) classes now, \(classes) when it was loaded")
      }
      let logits = Self.logits(reply)
      for example in 0..<batch.examples {
        let row = reply.probabilities[example * classes..<(example + 1) * classes]
        if classes == 1 {
          score(.probability(row.first!))
        } else {
          let best = row.indices.max { row[$0] < row[$1] }!
          score(.classification(class: best - row.startIndex, probability: row[best]))
        }
      }
      if batch.hasLabels {
        isJudged = true
        metrics.record(logits: logits, labels: batch.y, loss: 0)
      }
    }
    return isJudged ? metrics.summary(over: .all) : nil
  }

  /// Logits that have these probabilities; one that was rounded to 0 or 1 counts as far from it as single precision sees.
  private static func logits(_ reply: ScoreBatchReply) -> [Float] {
    reply.probabilities.map { probability in
      let inside = min(max(Double(probability), 1e-30), 1 - 1e-8)
      return Float(reply.classes == 1 ? log(inside / (1 - inside)) : log(inside))
    }
  }
}
