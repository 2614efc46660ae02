import NIOCore
import NIOPosix
import Synchronization
import Wire

/// Tells a user once that servers are waited for, when that takes long.
///
/// Where each call takes long, as beside a slow worker that is kept in step with, the first one is told of only.
final class WaitingNotice: Sendable {
  private struct State {
    var start: ContinuousClock.Instant?
    var isTold = false
  }

  private let state = Mutex(State())
  private let tell: @Sendable () -> Void

  /// From here on a wait is long.
  private static let longWait = Duration.seconds(1)

  /// Looks from now on, once in a while, as long as somebody keeps it.
  init(tell: @escaping @Sendable () -> Void) {
    self.tell = tell
    let pause = TimeAmount.nanoseconds(Self.longWait.nanoseconds)
    MultiThreadedEventLoopGroup.singleton.next().scheduleRepeatedTask(initialDelay: pause, delay: pause) {
      [weak self] task in
      guard let self else { return task.cancel() }
      look(at: .now)
    }
  }

  /// Does what waits.
  func during<Result>(_ body: () throws(ClientError) -> Result) throws(ClientError) -> Result {
    let start = ContinuousClock.now
    state.withLock { $0.start = start }
    defer {
      let isLong = ContinuousClock.now - start >= Self.longWait
      state.withLock { state in
        state.start = nil
        if !isLong { state.isTold = false }
      }
    }
    return try body()
  }

  /// Tells of a wait that has become long.
  private func look(at now: ContinuousClock.Instant) {
    let isNew = state.withLock { state in
      guard let start = state.start, !state.isTold, now - start >= Self.longWait else { return false }
      state.isTold = true
      return true
    }
    if isNew { tell() }
  }
}
