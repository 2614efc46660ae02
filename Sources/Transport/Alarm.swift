package import NIOCore
package import Wire

/// Wakes somebody on an event loop at a moment that mostly moves on before it comes.
///
/// Deadlines of a connection move with every frame; only one that comes earlier than the alarm that is set costs a new
/// one.
package struct Alarm {
  private let loop: NIOIsolatedEventLoop
  private var task: Scheduled<Void>?
  private var time = Instant(nanoseconds: .max)

  /// An alarm on `loop`.
  package init(on loop: NIOIsolatedEventLoop) { self.loop = loop }

  /// Calls `wake` at `deadline` or before; it sets the alarm again.
  package mutating func set(_ deadline: Instant, _ wake: @escaping () -> Void) {
    guard deadline < time else { return }
    task?.cancel()
    time = deadline
    task = loop.scheduleTask(deadline: deadline.deadline, wake)
  }

  /// The alarm has gone off, or nobody wants it any more.
  package mutating func clear() {
    task?.cancel()
    task = nil
    time = Instant(nanoseconds: .max)
  }
}
