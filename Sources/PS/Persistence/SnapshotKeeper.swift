import Files
import NIOCore
import Wire

/// Decides when a running server writes a snapshot, writes it beside the server's work, and knows the last one.
final class SnapshotKeeper {
  /// The last snapshot, of this run or the one that the server began with.
  private(set) var last: Snapshot?
  /// When the last one of this run was in place, and how long it took.
  private(set) var ended: (time: Instant, duration: Duration)?
  /// The snapshots that could not be written.
  private(set) var failureCount = 0

  private let folder: any StoreFolder
  private let identity: StoreIdentity
  private let log: LogWriter
  private let loop: any ServerLoop
  private let logLimit: Int
  /// When a snapshot was begun last, and how long the log was at the last one that is in place.
  private var begun: Instant
  private var loggedBefore: Int
  private var running: SnapshotRun?
  /// Who wants to know what becomes of the running one.
  private var waiting: [(SnapshotEnd) -> Void] = []

  /// When the next one may be begun, after one that failed.
  private var earliest = Instant()

  /// How old a snapshot gets while anything changes.
  private static let age = Duration.seconds(600)
  /// How long the next try waits after one that failed.
  private static let pause = Duration.seconds(10)

  /// - Parameter logByteCount: How long the log behind a snapshot gets, unless the state is larger.
  init(_ store: Store, on loop: any ServerLoop, logByteCount: Int) {
    (folder, identity, log) = (store.folder, store.identity, store.log)
    self.loop = loop
    logLimit = logByteCount
    last = store.snapshot
    begun = loop.now
    // What had to be replayed counts as written since the last snapshot.
    loggedBefore = store.log.byteCount - store.finding.replayedByteCount
  }

  /// The last record of the snapshot that is being written; nil if none is.
  var runningLSN: UInt64? { running?.lsn }

  /// The bytes of the log behind the last snapshot.
  var logByteCount: Int { log.byteCount - loggedBefore }

  /// Whether it is time for a snapshot of a server whose state has so many bytes.
  func isDue(stateByteCount: @autoclosure () -> Int) -> Bool {
    guard running == nil, logByteCount > 0, loop.now >= earliest else { return false }
    if logByteCount > logLimit, logByteCount > stateByteCount() { return true }
    return loop.now - begun > Self.age
  }

  /// Writes a snapshot beside the running server.
  ///
  /// - Parameters:
  ///   - lsn: The last record that it has.
  ///   - next: The next chunk of it; nil if there are no more. Throws if nobody knows them any more.
  ///   - ended: Is told what became of it, and that there is need of no more.
  func write(
    upTo lsn: UInt64, next: @escaping () throws(CancellationError) -> ByteBuffer?,
    ended: @escaping (SnapshotEnd) -> Void
  ) {
    precondition(running == nil, "a snapshot beside another one")
    begun = loop.now
    let logged = log.byteCount
    let run = SnapshotRun(
      SnapshotWriter(folder, identity, lsn: lsn, spares: log.spares), on: loop, next: next,
      log: { [log] in log.beginSync() }
    ) { [self] result in
      running = nil
      if case .inPlace = result { loggedBefore = logged }
      ended(result)
      end(result)
    }
    running = run
    run.start()
  }

  /// Notes that a snapshot could not be begun, for want of memory: the next try waits, as after any that failed.
  func noteLackOfMemory() {
    failureCount += 1
    earliest = loop.now + Self.pause
  }

  /// Calls `done` with what becomes of the snapshot that is being written, or at once if none is.
  func whenDone(_ done: @escaping (SnapshotEnd) -> Void) {
    if running == nil { done(.cancelled) } else { waiting.append(done) }
  }

  /// Gives up the snapshot that is being written, soon.
  func cancel() { running?.cancel() }

  /// Writes a snapshot of a server that does nothing else any more, unless the last one has everything.
  ///
  /// - Parameter isHurried: Whether to give up: the log has everything, so that only the next start is slower.
  func writeLast(upTo lsn: UInt64, isHurried: () -> Bool, next: () -> ByteBuffer?) throws(FileError) {
    guard running == nil, lsn != last?.lsn else { return }
    let writer = SnapshotWriter(folder, identity, lsn: lsn, spares: log.spares)
    do throws(FileError) {
      var progress = try writer.begin()
      while let chunk = next() {
        guard !isHurried() else { return writer.abandon() }
        try writer.write(chunk, &progress)
      }
      _ = try writer.finish(progress, behind: log.beginSync())
    } catch {
      writer.abandon()
      // The log has everything.
      guard error.isLackOfRoom else { throw error }
    }
  }

  /// Removes the spare segments, which may be what a snapshot has no room beside.
  private func makeRoom() {
    loop.run(on: .snapshots) { [spares = log.spares] in
      spares.removeAll()
    } then: { _ in
    }
  }

  private func end(_ result: SnapshotEnd) {
    switch result {
    case .inPlace(let snapshot):
      last = snapshot
      ended = (loop.now, loop.now - begun)
    case .failed(let error):
      failureCount += 1
      earliest = loop.now + Self.pause
      if error.isLackOfRoom { makeRoom() }
    case .cancelled: break
    }
    let waiting = waiting
    self.waiting = []
    for done in waiting { done(result) }
  }
}
