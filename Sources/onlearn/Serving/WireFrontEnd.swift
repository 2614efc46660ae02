import Logging
import NIOCore
import NIOPosix
import Remote
import Serve
import ServiceLifecycle
import Transport
import Wire

/// Listens for OLP/1 until the process is asked to stop.
struct WireFrontEnd: Service {
  let models: ModelService
  let address: Address
  let keys: KeyRing
  let tls: ServerTLS?
  let logger: Logger

  func run() async throws {
    let listener = try await Listener.start(
      at: address, keys: keys, tls: tls, on: MultiThreadedEventLoopGroup.singleton.next()
    ) { [models] loop in TrainService(models, on: loop) }
    logger.info("listening", metadata: ["olp": "\(listener.address)"])
    try? await gracefulShutdown()
    await listener.drain(within: .seconds(10))
  }
}
