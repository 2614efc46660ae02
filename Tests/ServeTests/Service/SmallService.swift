import CoreMetrics
import Foundation
import Kernels
import Logging
import Parameters
import Serve
import TestSupport

/// A service of the small perceptron: 20 features, 5 classes.
struct SmallService {
  static let name = "mlp_small"
  static let folder = OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small"

  let models: ModelService

  /// Serves the fixture, or the models in `folder`.
  init(
    _ options: ServiceOptions = ServiceOptions(), folder: String = folder,
    metrics: any MetricsFactory = NOOPMetricsHandler.instance
  ) throws {
    models = ModelService(
      folder: try ModelFolder(folder), options: options, pool: LanePool(lanes: 1), metrics: metrics,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func model() async throws -> ServedModel { try await models.load(Self.name) }

  /// Examples that a perceptron can learn: the label is the place of the large features.
  static func batch(_ examples: Int, seed: UInt64 = 1) -> Batch {
    var batch = Batch()
    batch.resize(examples: examples, width: 20, labelWidth: 1)
    batch.x.withMemoryView { Random.uniform(key: seed, stream: 1, into: $0) }
    for example in 0..<examples {
      let label = Int(seed &+ UInt64(example)) % 5
      batch.y[example] = Float(label)
      for column in stride(from: label, to: 20, by: 5) { batch.x[example * 20 + column] += 1 }
    }
    return batch
  }
}

extension ServedModel {
  func train(_ batch: Batch, source: SourceRange? = nil, deadline: ContinuousClock.Instant? = nil) async throws
    -> TrainReply
  {
    let request = TrainRequest(batch: batch, source: source, deadline: deadline)
    return try await withCheckedContinuation { continuation in
      train(request) { continuation.resume(returning: $0) }
    }.get()
  }

  func score(_ batch: Batch, minimumVersion: UInt64 = 0) async throws -> ScoreReply {
    let request = ScoreRequest(batch: batch, minimumVersion: minimumVersion)
    return try await withCheckedContinuation { continuation in
      score(request) { continuation.resume(returning: $0) }
    }.get()
  }
}
