package import Files
import NIOCore
import Wire

/// The log of a store: segments of records, the last of which is being written.
///
/// It is used on its server's thread. What was appended can be synced from another thread: ``beginSync()``, the work on
/// that thread, ``endSync(_:)``. The next segment is always prepared in advance, with its place on the disk, and takes
/// records as soon as one is full; what a ``SegmentTurn`` has to do then is part of the next sync. A segment that is full
/// before that sync has ended becomes longer. A log that goes on where there is no room for a segment begins it with the
/// first record that finds room.
package final class LogWriter {
  /// Where a log goes on.
  struct Position {
    /// The number of the next segment.
    var segment: UInt64 = 1
    /// The last record.
    var lastLSN: UInt64 = 0
    /// The header checksum of what was written last.
    var checksum: UInt32 = 0
  }

  /// What a sync has to do; it may be done on any thread.
  package struct Sync: Sendable {
    fileprivate let file: any StoreFile
    fileprivate let turn: SegmentTurn?
    /// The last record that is synced by it.
    package let lsn: UInt64

    /// Syncs.
    package func run() throws(FileError) {
      try turn?.run()
      try file.sync()
    }
  }

  private let folder: any StoreFolder
  private let identity: StoreIdentity
  private let segmentByteCount: Int
  /// Files that the next segments take.
  package let spares: SpareSegments
  private let time: () -> UInt32

  private var position: Position
  private var file: (any StoreFile)?
  private var seed: UInt32 = 0
  /// Where the next record goes.
  private var end = 0
  /// The next segment, if there was room for it.
  private var prepared: (file: any StoreFile, isTakenOver: Bool)?
  /// How the current segment begins, as long as that is not on the disk.
  private var turn: SegmentTurn?

  /// The last record that is on the disk.
  package private(set) var durableLSN: UInt64
  /// All bytes that were appended.
  package private(set) var byteCount = 0

  /// Goes on behind `position`, in a new segment.
  ///
  /// - Parameter time: Tells the seconds since 1970.
  /// - Throws: What the system says; a lack of room only if the log has no records yet.
  init(
    _ folder: any StoreFolder, _ identity: StoreIdentity, at position: Position, segmentByteCount: Int,
    time: @escaping () -> UInt32
  ) throws(FileError) {
    self.folder = folder
    self.identity = identity
    self.segmentByteCount = segmentByteCount
    spares = try SpareSegments(folder, segmentByteCount: segmentByteCount)
    self.time = time
    self.position = position
    durableLSN = position.lastLSN
    do throws(FileError) { try begin() } catch {
      guard error.isLackOfRoom, position.lastLSN > 0 else { throw error }
    }
  }

  /// Whether there was no room for a segment, so that ``makeRoom()`` is to be asked before anything is appended.
  var lacksRoom: Bool { file == nil }

  /// Whether the segment before the current one may not be on the disk as a whole, which a sync is to change soon.
  package var isTurning: Bool { turn != nil }

  /// The segments that are kept.
  var segmentCount: Int { get throws(FileError) { try LogRecovery.list(folder).count } }

  /// The last record.
  package var lastLSN: UInt64 { position.lastLSN }

  /// Writes `record`, so that it survives this process.
  ///
  /// - Throws: What the system says. If that is a lack of room, nothing was written and ``makeRoom()`` tells when it can
  ///   be; after anything else nothing can be promised any more.
  package func append(_ record: LogRecord) throws(FileError) {
    precondition(record.lsn == position.lastLSN + 1, "record \(record.lsn) behind \(position.lastLSN)")
    var header = RecordHeader(record, previousChecksum: position.checksum, time: time())
    // A record that is larger than a segment has one for itself.
    if file == nil {
      try begin()
    } else if !isTurning, end + header.recordByteCount > segmentByteCount, end > SegmentHeader.byteCount {
      try turnOver()
    }
    try write(&header, record.payload)
    position.lastLSN = record.lsn
  }

  /// Notes that the server stops in order, when all records are on the disk: behind the mark nothing may be missing.
  package func close() throws(FileError) {
    // Where nothing could be written, the log ends as it was found.
    guard let file else { return }
    try turn?.run()
    try file.sync()
    do throws(FileError) {
      try write(mark: .clean, sequence: 0)
      try file.sync()
    } catch {
      // Without the mark the next start looks for a torn tail, no more.
      guard error.isLackOfRoom else { throw error }
    }
    durableLSN = position.lastLSN
  }

  /// What is to be done so that all records are on the disk; nil if they are.
  package func beginSync() -> Sync? {
    guard durableLSN < position.lastLSN || isTurning, let file else { return nil }
    return Sync(file: file, turn: turn, lsn: position.lastLSN)
  }

  /// Notes that `sync` is done.
  package func endSync(_ sync: Sync) throws(FileError) {
    if let turn, turn === sync.turn { try endTurn() }
    guard sync.lsn > durableLSN else { return }
    durableLSN = sync.lsn
    do throws(FileError) { try write(mark: .synced, sequence: sync.lsn) } catch {
      // The mark only helps to tell damage from writes that were not synced.
      guard error.isLackOfRoom else { throw error }
    }
  }

  /// Whether there is room for records again after an append that found none.
  package func makeRoom() throws(FileError) -> Bool {
    do throws(FileError) {
      // The segment that would take them is prepared when the turn is done.
      guard !isTurning else { return false }
      try file?.reserve(max(segmentByteCount, end))
      try prepare()
      return true
    } catch {
      guard error.isLackOfRoom else { throw error }
      return false
    }
  }

  private func write(mark: RecordHeader.Mark, sequence: UInt64) throws(FileError) {
    var header = RecordHeader(
      mark, lsn: position.lastLSN, sequence: sequence, previousChecksum: position.checksum, time: time())
    try write(&header, ByteBuffer())
  }

  private func write(_ header: inout RecordHeader, _ payload: ByteBuffer) throws(FileError) {
    guard let file else { preconditionFailure("a log without a segment") }
    var writer = MessageWriter(capacity: RecordHeader.byteCount)
    header.write(to: &writer, seed: seed)
    do throws(FileError) {
      try file.write(
        [writer.payload, payload, padding(behind: end + RecordHeader.byteCount + payload.readableBytes)], at: end)
    } catch {
      // The next record takes the same place: nothing of this one may be left behind it.
      guard error.isLackOfRoom else { throw error }
      try file.truncate(to: end)
      spares.removeAll()
      throw error
    }
    end += header.recordByteCount
    byteCount += header.recordByteCount
    position.checksum = header.checksum
  }

  /// Zeros up to the end of a page, so that no page has to be read of which only a part is written.
  private func padding(behind end: Int) -> ByteBuffer {
    Self.zeros.getSlice(at: 0, length: min(-end & 4095, max(0, segmentByteCount - end))) ?? ByteBuffer()
  }

  private static let zeros = ByteBuffer(repeating: 0, count: 4096)

  /// Makes the file of the next segment, with its place on the disk.
  private func prepare() throws(FileError) {
    guard prepared == nil else { return }
    let name = SegmentTurn.unfinishedName
    do throws(FileError) {
      let spare = spares.take(as: name)
      let file = if let spare { spare } else { try folder.create(name) }
      try file.reserve(segmentByteCount)
      prepared = (file, spare != nil)
    } catch {
      // What could not be had as a whole is given back.
      try? folder.remove(name)
      throw error
    }
  }

  /// Begins the first segment of this writer, and waits until that is on the disk.
  private func begin() throws(FileError) {
    try turnOver()
    do throws(FileError) {
      try turn?.run()
    } catch {
      (file, turn) = (nil, nil)
      throw error
    }
    try endTurn()
  }

  /// Goes on in the prepared segment.
  private func turnOver() throws(FileError) {
    try prepare()
    guard let (next, isTakenOver) = prepared else { preconditionFailure("no segment is prepared") }
    let header = SegmentHeader(
      identity: identity, number: file == nil ? position.segment : position.segment + 1,
      firstLSN: position.lastLSN + 1, previousChecksum: position.checksum, isTakenOver: isTakenOver)
    try next.write([header.bytes], at: 0)
    turn = SegmentTurn(from: file, to: next, name: SegmentHeader.name(firstLSN: header.firstLSN), in: folder)
    (file, prepared, end) = (next, nil, SegmentHeader.byteCount)
    position.segment = header.number
    seed = header.seed
  }

  /// Takes note that the segment has its name, and prepares the next one.
  private func endTurn() throws(FileError) {
    turn = nil
    do throws(FileError) { try prepare() } catch {
      // Room is needed only when this segment is full.
      guard error.isLackOfRoom else { throw error }
    }
  }
}
