package import Files
package import Wire

extension ServerDriver {
  /// Begins a snapshot beside what the server does, unless one is being written.
  ///
  /// - Returns: The last record of the one that is being written; nil if there is no memory for it.
  func beginSnapshot(_ keeper: StoreKeeper) -> UInt64? {
    if let lsn = keeper.snapshots.runningLSN { return lsn }
    guard let lsn = core.beginSnapshot() else {
      keeper.snapshots.noteLackOfMemory()
      return nil
    }
    keeper.writeSnapshot(
      upTo: lsn,
      next: { [weak self] () throws(CancellationError) in
        guard let self else { throw CancellationError() }
        return core.nextSnapshotChunk()
      },
      ended: { [weak self] in self?.core.endSnapshot() })
    return lsn
  }

  /// Writes a snapshot because somebody wants one, or joins the one that is being written.
  ///
  /// - Parameters:
  ///   - waits: Whether to answer when it is in place, not when it is begun.
  ///   - answer: Is told what became of it.
  /// - Throws: 202 for a server without a folder, 505 for a broken disk, 301 without memory for it, 503 at its end.
  package func snapshot(waits: Bool, answer: @escaping (Result<SnapshotReply, Refusal>) -> Void) throws(Refusal) {
    guard let keeper else { throw Refusal(.forbidden, "this server keeps nothing, hence no snapshots") }
    guard !keeper.isBroken else { throw Self.brokenDisk }
    guard !isEnding else { throw Self.leaving }
    guard let lsn = beginSnapshot(keeper) else {
      throw Refusal(.limit, "the server has no memory for a snapshot beside its work")
    }
    guard waits else { return answer(.success(SnapshotReply(lsn: lsn, byteCount: 0))) }
    keeper.snapshots.whenDone { end in
      switch end {
      case .inPlace(let snapshot):
        answer(.success(SnapshotReply(lsn: snapshot.lsn, byteCount: UInt64(snapshot.byteCount))))
      case .failed(let error): answer(.failure(error.isLackOfRoom ? Self.noRoom : Self.brokenDisk))
      case .cancelled: answer(.failure(Self.leaving))
      }
    }
  }

  private static var brokenDisk: Refusal { Refusal(.storageFailed, "the server's disk has failed") }

  private static var leaving: Refusal { Refusal(.draining, "the server is about to leave") }

  private static var noRoom: Refusal {
    Refusal(
      .readOnlyDiskFull, retryAfterMilliseconds: 1000, "the server's disk has no room for a snapshot; its log goes on")
  }

  /// Begins no more snapshots, and calls `done` when none is being written any more.
  package func endSnapshots(_ done: @escaping () -> Void) {
    isEnding = true
    guard let keeper else { return done() }
    keeper.snapshots.whenDone { _ in done() }
  }

  /// Begins no more snapshots, and gives up the one that is being written.
  package func cancelSnapshots() {
    isEnding = true
    keeper?.snapshots.cancel()
  }

  /// Makes everything that was acknowledged durable, as a snapshot too unless one is being written, and ends the log.
  ///
  /// - Parameter isHurried: Whether to do without the snapshot; it is asked again and again.
  package func close(isHurried: () -> Bool = { false }) throws(FileError) {
    guard let keeper else { return }
    self.keeper = nil
    if !keeper.isBroken, !isHurried(), let lsn = core.beginSnapshot() {
      try keeper.snapshots.writeLast(upTo: lsn, isHurried: isHurried) { core.nextSnapshotChunk() }
      core.endSnapshot()
    }
    try keeper.close()
  }
}
