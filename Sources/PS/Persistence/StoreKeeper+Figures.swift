import Files
import Wire

extension StoreKeeper {
  /// What an operator wants to know of the log and the snapshots.
  ///
  /// - Complexity: Lists the folder.
  func figures(now: Instant) -> [(name: String, value: Double)] {
    var figures: [(name: String, value: Double)] = [
      ("log.bytes", Double(log.byteCount)), ("log.bytes_since_snapshot", Double(snapshots.logByteCount)),
      ("log.segments", Double((try? log.segmentCount) ?? 0)), ("log.spare_segments", Double(log.spares.count)),
      ("log.syncs", Double(syncs.count)),
    ]
    figures += syncs.figures("log.sync")
    figures += [
      ("log.is_full", isFull ? 1 : 0), ("log.is_broken", isBroken ? 1 : 0),
      ("start.was_clean", finding.isClean ? 1 : 0), ("start.torn_bytes", Double(finding.tornByteCount)),
      ("start.replayed_bytes", Double(finding.replayedByteCount)),
      ("start.broken_snapshots", Double(finding.brokenSnapshotCount)),
      ("snapshot.is_running", snapshots.runningLSN == nil ? 0 : 1),
      ("snapshot.failures", Double(snapshots.failureCount)),
    ]
    if let last = snapshots.last {
      figures += [("snapshot.lsn", Double(last.lsn)), ("snapshot.bytes", Double(last.byteCount))]
    }
    if let ended = snapshots.ended {
      figures.append(("snapshot.age_seconds", (now - ended.time) / .seconds(1)))
      figures.append(("snapshot.duration_seconds", ended.duration / .seconds(1)))
    }
    return figures
  }
}
