import Files
import Logging
import NIOCore
import NIOPosix
import Remote
import Serve
import ServiceLifecycle
import Transport
import UnixSignals
import Web
import Wire

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

/// Reads the models' files again whenever SIGHUP comes.
struct Reloading: Service {
  let models: ModelService
  let logger: Logger

  func run() async throws {
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    await cancelWhenGracefulShutdown {
      for await _ in hangups {
        logger.info("reloading")
        await models.reload()
      }
    }
  }
}

/// Fails when a server's disk does.
struct DiskWatch: Service {
  let failures: AsyncStream<FileError>

  func run() async throws {
    for await failure in failures.cancelOnGracefulShutdown() { throw failure }
  }
}
