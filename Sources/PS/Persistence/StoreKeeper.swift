import NIOCore
import Parameters
import Wire

/// Keeps the log of a running server, on its event loop: writes records there, and syncs them on a thread of its own.
/// Now and then it writes a snapshot.
///
/// While a sync runs more records are written, and the next sync takes all of them.
package final class StoreKeeper {
  private let folder: any StoreFolder
  private let identity: StoreIdentity
  private let log: LogWriter
  private let policy: Durability
  private let loop: any ServerLoop
  private let snapshotByteCount: Int
  /// Is told what happens on its own: that records are on the disk, or that the log fails.
  private let report: (Event) -> Void
  /// Is told, once, that the disk failed.
  private let failed: (FileError) -> Void

  /// What became of the records of the running step.
  private var failure: LogFailure?
  private var isBroken = false
  private var acknowledgedLSN: UInt64
  private var syncStart: Instant?
  private var needsSync = false

  /// When the last snapshot was begun, and how long the log was then.
  private var lastSnapshot: (time: Instant, logByteCount: Int)
  private var hasSnapshotRunning = false

  /// How often what is written is synced under ``Durability/everySecond``.
  private static let interval = Duration.seconds(1)
  /// How long a sync may take before answers wait for it.
  private static let patience = Duration.seconds(2)
  /// How long the log behind a snapshot gets, unless the state is larger, and how old the snapshot.
  package static let snapshotByteCount = 256 << 20
  private static let snapshotAge = Duration.seconds(600)
  /// How often a full disk is looked at.
  private static let probe = Duration.seconds(1)

  init(
    _ store: Store, _ policy: Durability, on loop: any ServerLoop, snapshotByteCount: Int,
    report: @escaping (Event) -> Void, failed: @escaping (FileError) -> Void
  ) {
    folder = store.folder
    identity = store.identity
    log = store.log
    self.policy = policy
    self.loop = loop
    self.snapshotByteCount = snapshotByteCount
    self.report = report
    self.failed = failed
    lastSnapshot = (loop.now, store.log.byteCount)
    acknowledgedLSN = store.log.lastLSN
    if policy == .everySecond { syncLater() }
  }

  /// Writes a record that a step of the server decided on.
  func append(_ record: LogRecord) {
    guard failure == nil, !isBroken else { return }
    do throws(FileError) {
      try log.append(record)
      if record.flags.contains(.needsSync) { needsSync = true }
    } catch {
      if error.isLackOfRoom { waitForRoom() } else { fail(error) }
      failure = error.isLackOfRoom ? .full : .broken
    }
  }

  /// What the server has to know of the records of its last step; nil for nothing.
  func outcome() -> Event? {
    if policy == .always || needsSync { sync() }
    if acknowledgedLSN < log.lastLSN, policy == .everySecond, !isSyncSlow { return logged }
    guard let failure else { return nil }
    // Records that were written before the disk was full are answered once they are synced.
    guard failure == .broken || acknowledgedLSN == log.lastLSN else { return nil }
    self.failure = nil
    return .logFailed(failure)
  }

  /// Syncs all, notes that the server stops in order, and ends.
  func close() throws(FileError) {
    if !isBroken { try log.close() }
  }

  private func syncLater() {
    loop.schedule(after: Self.interval) { [weak self] in
      self?.sync()
      self?.syncLater()
    }
  }

  private var logged: Event {
    acknowledgedLSN = log.lastLSN
    return .logged(upTo: acknowledgedLSN, durable: log.durableLSN)
  }

  private var isSyncSlow: Bool { syncStart.map { loop.now - $0 > Self.patience } ?? false }

  /// Begins a sync, unless one runs; then another one follows it if there is need.
  private func sync() {
    guard syncStart == nil, !isBroken, let sync = log.beginSync() else { return }
    needsSync = false
    syncStart = loop.now
    loop.run(on: .log) { () throws(FileError) in
      try sync.run()
    } then: { [weak self] result in
      self?.end(sync, result)
    }
  }

  private func end(_ sync: LogWriter.Sync, _ result: Result<Void, FileError>) {
    syncStart = nil
    guard !isBroken else { return }
    do throws(FileError) {
      try result.get()
      try log.endSync(sync)
    } catch {
      fail(error)
      return report(.logFailed(.broken))
    }
    let last = policy == .always ? sync.lsn : log.lastLSN
    acknowledgedLSN = max(acknowledgedLSN, last)
    report(.logged(upTo: acknowledgedLSN, durable: log.durableLSN))
    if policy == .always || needsSync { self.sync() }
  }

  private func fail(_ error: FileError) {
    isBroken = true
    failed(error)
  }

  private func waitForRoom() {
    loop.schedule(after: Self.probe) { [weak self] in
      guard let self, !isBroken else { return }
      // The server hears first that there is none.
      guard failure == nil else { return waitForRoom() }
      do throws(FileError) {
        if try log.makeRoom() { report(.logAvailable) } else { waitForRoom() }
      } catch {
        fail(error)
        report(.logFailed(.broken))
      }
    }
  }
}

extension StoreKeeper {
  /// Whether it is time for a snapshot of a server whose state has so many bytes.
  func needsSnapshot(stateByteCount: @autoclosure () -> Int) -> Bool {
    let logByteCount = log.byteCount - lastSnapshot.logByteCount
    guard !hasSnapshotRunning, !isBroken, logByteCount > 0 else { return false }
    if logByteCount > snapshotByteCount, logByteCount > stateByteCount() { return true }
    return loop.now - lastSnapshot.time > Self.snapshotAge
  }

  /// Writes a snapshot beside the running server.
  ///
  /// - Parameters:
  ///   - lsn: The last record that it has.
  ///   - next: The next chunk of it; nil if there are no more.
  ///   - ended: Is told when there is need of no more.
  func writeSnapshot(upTo lsn: UInt64, next: @escaping () -> ByteBuffer?, ended: @escaping () -> Void) {
    lastSnapshot = (loop.now, log.byteCount)
    hasSnapshotRunning = true
    SnapshotRun(
      SnapshotWriter(folder, identity, lsn: lsn), on: loop, next: next, log: { [log] in log.beginSync() }
    ) { [weak self] result in
      ended()
      self?.hasSnapshotRunning = false
      guard let self, !isBroken, case .failure(let error) = result, !error.isLackOfRoom else { return }
      // Without room the log alone is kept until the next try; after anything else the disk is not trusted.
      fail(error)
      report(.logFailed(.broken))
    }.start()
  }

  /// Writes a snapshot of a server that does nothing else any more.
  func writeLastSnapshot(upTo lsn: UInt64, next: () -> ByteBuffer?) throws(FileError) {
    guard !isBroken, !hasSnapshotRunning else { return }
    let writer = SnapshotWriter(folder, identity, lsn: lsn)
    do throws(FileError) {
      var progress = try writer.begin()
      while let chunk = next() { try writer.write(chunk, &progress) }
      try writer.finish(progress, behind: log.beginSync())
    } catch {
      writer.abandon()
      // The log has everything.
      guard error.isLackOfRoom else { throw error }
    }
  }
}
