import Files
import NIOCore
import Wire

/// Keeps the log of a running server, on its event loop: writes records there, and syncs them on a thread of its own.
///
/// While a sync runs more records are written, and the next sync takes all of them.
package final class StoreKeeper {
  /// Writes the snapshots.
  let snapshots: SnapshotKeeper
  let log: LogWriter
  /// What was found when the server began.
  let finding: Store.Finding
  /// How long syncs took.
  private(set) var syncs = DurationSummary()
  /// Whether the disk was full at the last try.
  private(set) var isFull = false
  /// Whether the disk has failed.
  private(set) var isBroken = false

  private let policy: Durability
  private let loop: any ServerLoop
  /// Is told what happens on its own: that records are on the disk, or that the log fails.
  private let report: (Event) -> Void
  /// Is told, once, that the disk failed.
  private let failed: (FileError) -> Void

  /// What became of the records of the running step.
  private var failure: LogFailure?
  private var acknowledgedLSN: UInt64
  private var syncStart: Instant?
  private var needsSync = false

  /// How often what is written is synced under ``Durability/everySecond``.
  private static let interval = Duration.seconds(1)
  /// How long a sync may take before answers wait for it.
  private static let patience = Duration.seconds(2)
  /// How long the log behind a snapshot gets, unless the state is larger.
  package static let snapshotByteCount = 256 << 20
  /// How often a full disk is looked at.
  private static let probe = Duration.seconds(1)

  init(
    _ store: Store, _ policy: Durability, on loop: any ServerLoop, snapshotByteCount: Int,
    report: @escaping (Event) -> Void, failed: @escaping (FileError) -> Void
  ) {
    snapshots = SnapshotKeeper(store, on: loop, logByteCount: snapshotByteCount)
    log = store.log
    finding = store.finding
    self.policy = policy
    self.loop = loop
    self.report = report
    self.failed = failed
    acknowledgedLSN = store.log.lastLSN
  }

  /// Begins, and tells the server before anything else if there is no room for the log.
  func start() {
    if policy == .everySecond { syncLater() }
    guard log.lacksRoom else { return }
    waitForRoom()
    report(.logFailed(.full))
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
    if wantsSync { sync() }
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

  /// Whether a sync is not to wait for the next second.
  private var wantsSync: Bool { policy == .always || needsSync || log.isTurning }

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
    if let syncStart { syncs.add(loop.now - syncStart) }
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
    if wantsSync { self.sync() }
  }

  /// Writes a snapshot beside the running server.
  ///
  /// - Parameters:
  ///   - lsn: The last record that it has.
  ///   - next: The next chunk of it; nil if there are no more. Throws if nobody knows them any more.
  ///   - ended: Is told when there is need of no more.
  func writeSnapshot(
    upTo lsn: UInt64, next: @escaping () throws(CancellationError) -> ByteBuffer?, ended: @escaping () -> Void
  ) {
    snapshots.write(upTo: lsn, next: next) { [weak self] end in
      ended()
      guard let self, !isBroken, case .failed(let error) = end, !error.isLackOfRoom else { return }
      // Without room the log alone is kept until the next try; after anything else the disk is not trusted.
      fail(error)
      report(.logFailed(.broken))
    }
  }

  private func fail(_ error: FileError) {
    isBroken = true
    failed(error)
  }

  private func waitForRoom() {
    isFull = true
    loop.schedule(after: Self.probe) { [weak self] in
      guard let self, !isBroken else { return }
      // The server hears first that there is none.
      guard failure == nil else { return waitForRoom() }
      do throws(FileError) {
        guard try log.makeRoom() else { return waitForRoom() }
        isFull = false
        report(.logAvailable)
      } catch {
        fail(error)
        report(.logFailed(.broken))
      }
    }
  }
}
