import Files
import NIOCore
import NIOPosix
import Transport
import Wire

/// An event loop with threads of its own, which begin when there is work for them.
final class ThreadedLoop: ServerLoop {
  private let loop: NIOIsolatedEventLoop
  private var pools: [DiskThread: NIOThreadPool] = [:]

  init(on loop: NIOIsolatedEventLoop) { self.loop = loop }

  deinit { for pool in pools.values { pool.shutdownGracefully { _ in } } }

  var now: Instant { .now() }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) {
    loop.scheduleTask(in: .nanoseconds(delay.nanoseconds), body)
  }

  func run<Value: Sendable>(
    on thread: DiskThread, _ work: @escaping @Sendable () throws(FileError) -> Value,
    then done: @escaping (Result<Value, FileError>) -> Void
  ) {
    let outcome = pool(thread).runIfActive(eventLoop: loop.nonisolated()) { Result(catching: work) }
    // A pool that is shut down has no more to say.
    outcome.assumeIsolated().whenSuccess(done)
  }

  private func pool(_ thread: DiskThread) -> NIOThreadPool {
    if let pool = pools[thread] { return pool }
    let pool = NIOThreadPool(numberOfThreads: 1)
    pool.start()
    pools[thread] = pool
    return pool
  }
}
