import Kernels
import Parameters
import Synchronization

/// Scores one request of a model at a time, on the thread that asks.
final class ScoringLane: Sendable {
  private struct Scorer {
    let predictor: Predictor
    let reader: any ScoredReader
  }

  private let parameters: any ScoredParameters
  private let scorer: Mutex<Scorer>

  /// A lane that scores with `model` and `parameters`.
  init(_ model: Model, _ parameters: any ScoredParameters, seed: UInt64) throws {
    self.parameters = parameters
    scorer = Mutex(try Self.makeScorer(model, parameters, seed))
  }

  private static func makeScorer(
    _ model: Model, _ parameters: any ScoredParameters, _ seed: UInt64
  ) throws -> sending Scorer {
    let reader = parameters.makeReader()
    // One lane: scores leave the other cores to training, and small ones would not be shared anyway.
    let predictor = try Predictor(model, parameters: reader, pool: LanePool(lanes: 1), seed: seed)
    return Scorer(predictor: predictor, reader: reader)
  }

  /// Scores with `model` from the next request on.
  func replace(_ model: Model, seed: UInt64) throws {
    try scorer.withLock { $0 = try Self.makeScorer(model, parameters, seed) }
  }

  /// The scores of a batch that was validated.
  func score(_ request: ScoreRequest) throws -> ScoreReply {
    try scorer.withLock { scorer in
      try scorer.reader.refresh(minimumVersion: request.minimumVersion, at: .now)
      return try Self.scores(of: request.batch, scorer)
    }
  }

  /// The same, or `nil` if somebody else is scoring right now or the parameters have to be waited for.
  func scoreIfFree(_ request: ScoreRequest) throws -> ScoreReply? {
    try scorer.withLockIfAvailable { scorer in try Self.scoreIfAtHand(request, scorer) } ?? nil
  }

  private static func scoreIfAtHand(_ request: ScoreRequest, _ scorer: Scorer) throws -> ScoreReply? {
    guard try scorer.reader.refreshIfAtHand(minimumVersion: request.minimumVersion, at: .now) else { return nil }
    return try scores(of: request.batch, scorer)
  }

  private static func scores(of batch: Batch, _ scorer: Scorer) throws -> ScoreReply {
    let logits = try scorer.predictor.logits(of: batch)
    let classes = logits.count / batch.examples
    return ScoreReply(
      version: scorer.predictor.version, classes: classes,
      probabilities: scorer.predictor.model.predictsNumbers
        ? logits.array : Scores.probabilities(classes: classes, ofLogits: logits))
  }
}
