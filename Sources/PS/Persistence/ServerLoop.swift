package import Files
package import Wire

/// Where a server runs: on an event loop, with threads beside it that wait for the disk.
///
/// Everything but the work of the threads is called on the loop, one call at a time. A simulation has one without
/// threads, and with a clock of its own.
package protocol ServerLoop: AnyObject {
  /// The time.
  var now: Instant { get }

  /// Calls `body` on the loop after `delay`.
  func schedule(after delay: Duration, _ body: @escaping () -> Void)

  /// Does `work` on `thread`, behind what it was given before, then calls `done` on the loop.
  func run<Value: Sendable>(
    on thread: DiskThread, _ work: @escaping @Sendable () throws(FileError) -> Value,
    then done: @escaping (Result<Value, FileError>) -> Void)
}

/// A thread that waits for the disk.
package enum DiskThread: Hashable, Sendable {
  /// Syncs the log.
  case log
  /// Writes snapshots.
  case snapshots
}
