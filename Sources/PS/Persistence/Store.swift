import Files
import NIOCore
import Transport
package import Wire

/// A server's state in a folder, opened: the server as it was, and the log that goes on.
package struct Store {
  let folder: any StoreFolder
  /// Which store it is.
  package let identity: StoreIdentity
  /// The server with everything that the log says.
  package let core: ServerCore
  /// The log behind it.
  package let log: LogWriter
  /// The snapshot that it began with; nil if there was none.
  let snapshot: Snapshot?
  /// What was found.
  package let finding: Finding

  /// What a log holds.
  package struct Finding: Hashable, Sendable {
    /// The last record.
    package var lastLSN: UInt64
    /// Whether the server that wrote it stopped in order.
    package var isClean: Bool
    /// The bytes at the end that were never synced as a whole: no acknowledged record, if the disk keeps its promises.
    package var tornByteCount: Int
    /// The bytes of the records behind the snapshot.
    package var replayedByteCount: Int
    /// The snapshots that are damaged, in whose place an older one and more of the log were read.
    package var brokenSnapshotCount = 0
  }

  /// The bytes of a segment.
  package static let segmentByteCount = 64 << 20

  /// Which store is in `folder`; nil for none.
  package static func identity(in folder: any StoreFolder) throws(StoreFolderError) -> StoreIdentity? {
    guard let first = try LogRecovery.segments(in: folder).first else { return nil }
    return try SegmentReader.header(of: first.name, in: folder).identity
  }

  /// Opens the store in `folder`, or begins one.
  ///
  /// A torn tail is copied to a file of its own and cut off. Nothing is changed before all records were replayed. A store
  /// that is there is opened though the disk has no room for more of its log, to be read.
  ///
  /// - Parameters:
  ///   - newID: Names a store that begins.
  ///   - time: Tells the seconds since 1970, for the records.
  /// - Throws: ``StoreFolderError``.
  package static func open(
    _ folder: any StoreFolder, _ configuration: ServerCore.Configuration, now: Instant = .now(), newID: Identifier,
    segmentByteCount: Int = Store.segmentByteCount, time: @escaping () -> UInt32 = SystemFolder.secondsSince1970
  ) throws(StoreFolderError) -> Store {
    // Before it is read: to another shard its records mean nothing. Where the first segment cannot tell, reading will.
    if let identity = try? identity(in: folder) { try check(identity, of: folder, is: configuration) }
    let contents = try read(folder, configuration, now: now)
    let recovery = contents.recovery
    if let identity = recovery.identity { try check(identity, of: folder, is: configuration) }
    let identity =
      recovery.identity ?? StoreIdentity(id: newID, shard: configuration.shard, shards: configuration.shards)
    do throws(FileError) {
      for name in contents.broken { try folder.rename(name, to: name + ".broken") }
      // A snapshot that was not finished takes room that the log may need.
      if try folder.names().contains(SnapshotFile.unfinishedName) { try folder.remove(SnapshotFile.unfinishedName) }
      try recovery.cut(in: folder)
    } catch {
      throw .system(error)
    }
    let log: LogWriter
    do throws(FileError) {
      log = try LogWriter(folder, identity, at: recovery.position, segmentByteCount: segmentByteCount, time: time)
    } catch {
      throw error.isLackOfRoom ? .noRoom(path: folder.path, byteCount: segmentByteCount) : .system(error)
    }
    return Store(
      folder: folder, identity: identity, core: contents.core, log: log, snapshot: contents.snapshot,
      finding: contents.finding)
  }

  /// Checks that the store in `folder` is of the shard that the server is to be.
  private static func check(
    _ identity: StoreIdentity, of folder: any StoreFolder, is configuration: ServerCore.Configuration
  ) throws(StoreFolderError) {
    guard (identity.shard, identity.shards) != (configuration.shard, configuration.shards) else { return }
    throw .foreign(
      problem: "'\(folder.path)' has shard \(identity.shard) of \(identity.shards), but the server is to be shard "
        + "\(configuration.shard) of \(configuration.shards)")
  }

  /// Reads the store in `folder` to its end, without changing anything.
  ///
  /// - Throws: ``StoreFolderError``, for an empty folder as well.
  package static func verify(_ folder: any StoreFolder) throws(StoreFolderError) -> (StoreIdentity, Finding) {
    let (identity, contents) = try read(folder)
    return (identity, contents.finding)
  }

  /// Reads the store in `folder`, without changing anything.
  static func read(_ folder: any StoreFolder) throws(StoreFolderError) -> (StoreIdentity, Contents) {
    guard let identity = try identity(in: folder) else {
      throw .unusable(problem: "there is no store in '\(folder.path)'")
    }
    var configuration = ServerCore.Configuration()
    (configuration.shard, configuration.shards) = (identity.shard, identity.shards)
    return (identity, try read(folder, configuration, now: Instant()))
  }

  /// Gives up what is behind the damage that ``verify(_:)`` tells of, and keeps a copy of the damaged files.
  ///
  /// - Returns: The last record that is left; nil if the store is sound.
  /// - Throws: ``StoreFolderError/damaged(file:offset:problem:)`` for damage that leaves nothing.
  package static func truncate(_ folder: any StoreFolder) throws(StoreFolderError) -> Finding? {
    let damage: (file: String, offset: Int)
    do throws(StoreFolderError) {
      _ = try verify(folder)
      return nil
    } catch {
      guard case .damaged(let file, let offset, _) = error, offset >= SegmentHeader.byteCount else { throw error }
      damage = (file, offset)
    }
    let hasBegunSegment = try SegmentReader.headerOfBegunSegment(folder) != nil
    do throws(FileError) {
      var names = try folder.names().filter { SegmentHeader.firstLSN(ofName: $0) != nil && $0 > damage.file }
      if hasBegunSegment, damage.file != SegmentTurn.unfinishedName { names.append(SegmentTurn.unfinishedName) }
      for name in names { try folder.rename(name, to: name + ".damaged") }
      let file = try folder.openToChange(damage.file)
      let copy = try folder.create(damage.file + ".damaged")
      try copy.write([try file.read(at: 0, count: try file.byteCount)], at: 0)
      try copy.sync()
      try folder.sync()
      try file.truncate(to: damage.offset)
      try file.sync()
    } catch {
      throw .system(error)
    }
    return try verify(folder).1
  }

  /// Reads the newest snapshot that is whole, and the log behind it.
  private static func read(
    _ folder: any StoreFolder, _ configuration: ServerCore.Configuration, now: Instant
  ) throws(StoreFolderError) -> Contents {
    let snapshots: [(lsn: UInt64, name: String)]
    do throws(FileError) { snapshots = try SnapshotFile.all(in: folder) } catch { throw .system(error) }
    var broken: [String] = []
    for snapshot in snapshots {
      var core = ServerCore(configuration, now: now)
      do throws(StoreFolderError) {
        let (identity, byteCount) = try core.restore(snapshot: snapshot.name, in: folder)
        let done = Snapshot(lsn: snapshot.lsn, byteCount: byteCount)
        return try replay(core, of: identity, in: folder, behind: done, broken)
      } catch {
        // A damaged snapshot: the one before and a longer log say the same.
        guard case .damaged(snapshot.name, _, _) = error else { throw error }
        broken.append(snapshot.name)
      }
    }
    return try replay(ServerCore(configuration, now: now), of: nil, in: folder, behind: nil, broken)
  }

  /// What a folder holds.
  struct Contents {
    var core: ServerCore
    /// The snapshot that was read.
    let snapshot: Snapshot?
    let recovery: LogRecovery
    /// Snapshots that are damaged.
    let broken: [String]

    var finding: Finding {
      var finding = recovery.finding
      finding.brokenSnapshotCount = broken.count
      return finding
    }
  }

  private static func replay(
    _ core: ServerCore, of identity: StoreIdentity?, in folder: any StoreFolder, behind snapshot: Snapshot?,
    _ broken: [String]
  ) throws(StoreFolderError) -> Contents {
    var core = core
    let recovery = try LogRecovery(folder, of: identity, after: snapshot?.lsn ?? 0) {
      record, segment, offset throws(StoreFolderError) in
      do throws(Refusal) { try core.replay(record) } catch {
        throw StoreFolderError(
          error, of: "record \(record.lsn) of the log in '\(folder.path)'", in: segment, at: offset)
      }
    }
    return Contents(core: core, snapshot: snapshot, recovery: recovery, broken: broken)
  }
}
