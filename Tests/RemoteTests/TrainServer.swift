import CoreMetrics
import Kernels
import Logging
import NIOPosix
import Remote
import Serve
import TestSupport
import Transport
import Wire

/// A train server with the small perceptron on a port of its own.
final class TrainServer: Sendable {
  static let model = "mlp_small"

  let models: ModelService
  let listener: Listener<TrainService>

  init(_ options: ServiceOptions = ServiceOptions(), keys: [SharedKey] = [], port: Int = 0) async throws {
    let models = ModelService(
      folder: try ModelFolder(OnlearnProcess.packageFolder + "/Tests/Fixtures/mlp_small"), options: options,
      pool: LanePool(lanes: 1), metrics: NOOPMetricsHandler.instance,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    self.models = models
    listener = try await Listener.start(
      at: .tcp(host: "127.0.0.1", port: port), keys: KeyRing(keys), on: MultiThreadedEventLoopGroup.singleton.next()
    ) { loop in TrainService(models, on: loop) }
  }

  var port: Int? { if case .tcp(_, let port) = listener.address { port } else { nil } }

  func client(_ role: Role = .admin, key: SharedKey? = nil) -> TrainClient {
    var options = TrainClient.Options()
    options.role = role
    options.key = key
    options.patience = .seconds(20)
    return TrainClient(to: listener.address, options: options)
  }

  func stop() async { await listener.drain(within: .milliseconds(200)) }

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
