import Serve
import ServiceLifecycle

/// Keeps the models going; once the listeners have stopped, it trains what still waits and saves, or fails.
struct ModelUpkeep: Service {
  let models: ModelService
  /// Is called about once a second.
  let sampled: @Sendable () -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown { await models.run(sampled: sampled) }
    try await models.drain()
  }
}
