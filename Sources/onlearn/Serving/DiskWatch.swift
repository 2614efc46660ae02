import Files
import ServiceLifecycle

/// Fails when a server's disk does.
struct DiskWatch: Service {
  let failures: AsyncStream<FileError>

  func run() async throws {
    for await failure in failures.cancelOnGracefulShutdown() { throw failure }
  }
}
