import Logging
import Serve
import ServiceLifecycle

/// Loads models before they are asked for, then says that the service is ready.
struct Preloading: Service {
  let models: ModelService
  let names: [String]
  let ready: @Sendable () -> Void
  let logger: Logger

  func run() async throws {
    for name in names { _ = try await models.load(name) }
    ready()
    logger.info("ready", metadata: ["models": "\(models.folder.names.joined(separator: ","))"])
    try? await gracefulShutdown()
  }
}
