import Files
import NIOCore

/// What is in a log: read once, without changing anything.
struct LogRecovery {
  /// The store that the log belongs to; nil if there is no log.
  private(set) var identity: StoreIdentity?
  /// Where the log goes on.
  private(set) var position = LogWriter.Position()
  /// Whether the server that wrote it stopped in order.
  private(set) var isClean = true
  /// The bytes of the records that were read.
  private(set) var replayedByteCount = 0

  /// The last segment, and where its records end.
  private var lastSegment: (name: String, end: Int)?
  /// The segment before the last one and the name that the last one is to have, if it has none of its own yet.
  private var turn: (before: String, name: String)?
  /// The bytes behind the end that were never synced as a whole; empty if there are none.
  private var tornTail = ByteBuffer()

  /// Reads the log of `folder` behind record `start`, which a snapshot has; 0 for all of it.
  ///
  /// - Parameters:
  ///   - snapshotIdentity: The store that the snapshot is of; nil without one.
  ///   - body: Is given the records, in order.
  /// - Throws: ``StoreFolderError/damaged(file:offset:problem:)`` for anything but whole records up to a torn tail, and
  ///   ``StoreFolderError/foreign(problem:)`` for the log of another store, before any record is read.
  init(
    _ folder: any StoreFolder, of snapshotIdentity: StoreIdentity?, after start: UInt64,
    _ body: (_ record: LogRecord, _ segment: String, _ offset: Int) throws(StoreFolderError) -> Void
  ) throws(StoreFolderError) {
    let segments = try Self.segments(in: folder)
    guard let first = segments.lastIndex(where: { $0.firstLSN <= start + 1 }) else {
      guard let oldest = segments.first else {
        guard start > 0 else { return }
        throw .unusable(problem: "the log in '\(folder.path)' is gone; a snapshot alone may lack the last records")
      }
      try Self.check(
        try SegmentReader.header(of: oldest.name, in: folder), isOf: snapshotIdentity, with: start, in: folder)
      throw .damaged(
        file: oldest.name, offset: 40,
        problem: "the log begins with record \(oldest.firstLSN), but those from \(start + 1) on are needed")
    }
    var reader = try SegmentReader(segments[first].name, in: folder)
    try Self.check(reader.header, isOf: snapshotIdentity, with: start, in: folder)
    var problem = try read(&reader, after: start, body)
    for segment in segments[(first + 1)...] {
      let before = reader
      reader = try SegmentReader(segment.name, in: folder)
      try Self.check(reader, behind: before)
      problem = try read(&reader, after: start, body)
    }
    if let last = try SegmentReader(begunBehind: reader, in: folder) {
      turn = (reader.name, SegmentHeader.name(firstLSN: last.header.firstLSN))
      reader = last
      problem = try read(&reader, after: start, body)
    }
    try finish(reader, problem, after: start)
  }

  /// The segments in order.
  static func segments(in folder: any StoreFolder) throws(StoreFolderError) -> [(firstLSN: UInt64, name: String)] {
    do throws(FileError) { return try list(folder) } catch { throw .system(error) }
  }

  /// The same.
  static func list(_ folder: any StoreFolder) throws(FileError) -> [(firstLSN: UInt64, name: String)] {
    try folder.names().compactMap { name in SegmentHeader.firstLSN(ofName: name).map { ($0, name) } }.sorted { $0 < $1 }
  }

  /// Checks that a segment is of the store of the snapshot that has the records up to `start`.
  private static func check(
    _ header: SegmentHeader, isOf identity: StoreIdentity?, with start: UInt64, in folder: any StoreFolder
  ) throws(StoreFolderError) {
    guard let identity, identity != header.identity else { return }
    throw .foreign(
      problem: "the snapshot with record \(start) and the log in '\(folder.path)' are of different stores; move away "
        + "what does not belong there")
  }

  /// Checks that a segment follows on the one before.
  private static func check(_ reader: SegmentReader, behind before: SegmentReader) throws(StoreFolderError) {
    guard reader.header.identity == before.header.identity else {
      throw .damaged(file: reader.name, offset: 8, problem: "it belongs to another store")
    }
    guard before.isContinued(by: reader.header) else {
      throw .damaged(
        file: before.name, offset: before.offset,
        problem: "it ends with record \(before.lastLSN), but '\(reader.name)' follows on another one")
    }
  }

  /// Reads to the end of a segment, and says what is wrong with what stands there.
  private mutating func read(
    _ reader: inout SegmentReader, after start: UInt64,
    _ body: (_ record: LogRecord, _ segment: String, _ offset: Int) throws(StoreFolderError) -> Void
  ) throws(StoreFolderError) -> String {
    while true {
      let offset = reader.offset
      switch reader.next() {
      case .record(let record):
        guard record.lsn > start else { continue }
        try body(record, reader.name, offset)
        replayedByteCount += reader.offset - offset
      case .mark: continue
      case .nothing(let problem): return problem
      }
    }
  }

  private mutating func finish(
    _ reader: SegmentReader, _ problem: String, after start: UInt64
  ) throws(StoreFolderError) {
    switch reader.tail {
    case .empty: break
    case .torn(let end): tornTail = reader.tailBytes(to: end)
    case .damaged: throw .damaged(file: reader.name, offset: reader.offset, problem: problem)
    }
    let header = reader.header
    identity = header.identity
    isClean = reader.isClean && tornTail.readableBytes == 0
    lastSegment = (reader.name, reader.offset)
    // A segment without records gives way to the next one, which has its name. A snapshot may know more than a log whose
    // end was lost.
    let last = max(start, reader.lastLSN)
    position =
      reader.hasRecords
      ? LogWriter.Position(segment: header.number + 1, lastLSN: last, checksum: reader.checksum)
      : LogWriter.Position(segment: header.number, lastLSN: last, checksum: header.previousChecksum)
  }

  /// What was found.
  var finding: Store.Finding {
    Store.Finding(
      lastLSN: position.lastLSN, isClean: isClean, tornByteCount: tornTail.readableBytes,
      replayedByteCount: replayedByteCount)
  }

  /// Keeps a copy of the torn tail, cuts off everything behind the records, and makes these durable.
  func cut(in folder: any StoreFolder) throws(FileError) {
    guard var lastSegment else { return }
    if let turn {
      // As the server would have done it.
      try SegmentTurn(
        from: folder.openToChange(turn.before), to: folder.openToChange(lastSegment.name), name: turn.name, in: folder
      ).run()
      lastSegment.name = turn.name
    }
    let file = try folder.openToChange(lastSegment.name)
    if tornTail.readableBytes > 0 {
      // What is reserved behind the tail makes room for the copy.
      try file.truncate(to: lastSegment.end + tornTail.readableBytes)
      try copyTail(as: lastSegment.name + ".torn", in: folder)
    }
    try file.truncate(to: lastSegment.end)
    try file.sync()
  }

  /// Keeps a copy of the torn tail, unless the disk has no room for it: nobody was told that anything in it is safe.
  private func copyTail(as name: String, in folder: any StoreFolder) throws(FileError) {
    do throws(FileError) {
      let copy = try folder.create(name)
      try copy.write([tornTail], at: 0)
      try copy.sync()
    } catch {
      guard error.isLackOfRoom else { throw error }
      try? folder.remove(name)
    }
    try folder.sync()
  }
}
