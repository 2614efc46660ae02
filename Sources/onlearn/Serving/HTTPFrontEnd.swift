import Logging
import NIOCore
import ServiceLifecycle
import Web

/// Listens for HTTP until the process is asked to stop.
struct HTTPFrontEnd: Service {
  let listener: HTTPListener
  let host: String
  let port: Int
  let logger: Logger

  func run() async throws {
    let bound = try await listener.start(host: host, port: port)
    logger.info("listening", metadata: ["http": "\(bound.ipAddress ?? host):\(bound.port ?? port)"])
    try? await gracefulShutdown()
    await listener.stop()
  }
}
