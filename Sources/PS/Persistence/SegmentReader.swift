import Files
import NIOCore
import Wire

/// Reads a segment of the log, record by record.
struct SegmentReader {
  let name: String
  let header: SegmentHeader
  /// Where the next record begins.
  private(set) var offset = SegmentHeader.byteCount
  /// The header checksum of the record before.
  private(set) var checksum: UInt32
  /// The number of the last record, in this segment or before it.
  private(set) var lastLSN: UInt64
  /// Whether the last thing read is the mark of an orderly stop.
  private(set) var isClean = false
  /// Whether any record was read, not only marks.
  private(set) var hasRecords = false

  private let bytes: ByteBuffer
  private let seed: UInt32

  /// What stands at a place of a segment.
  enum Item {
    case record(LogRecord)
    case mark(RecordHeader.Mark)
    /// Nothing that belongs there: the end, or damage; see ``SegmentReader/tail``.
    case nothing(problem: String)
  }

  /// What is behind the records of a segment.
  enum Tail {
    /// Nothing that was written to it.
    case empty
    /// Writes that were never synced and did not all reach the disk; what came of them is in front of the byte `end`.
    case torn(end: Int)
    /// Something else.
    case damaged
  }

  /// Opens the segment `name`.
  ///
  /// - Throws: ``StoreFolderError/damaged(file:offset:problem:)`` for one without a header.
  init(_ name: String, in folder: any StoreFolder) throws(StoreFolderError) {
    let bytes = try Self.bytes(of: name, in: folder)
    self.init(name, bytes, try Self.header(name, bytes))
  }

  /// Opens the segment that was begun behind `last` and has no name of its own yet; nil if there is none.
  init?(begunBehind last: SegmentReader, in folder: any StoreFolder) throws(StoreFolderError) {
    guard let header = try Self.headerOfBegunSegment(folder), last.isContinued(by: header) else { return nil }
    let name = SegmentTurn.unfinishedName
    self.init(name, try Self.bytes(of: name, in: folder), header)
  }

  /// The header of the segment in `folder` that was begun and has no name of its own yet, wherever it follows; nil if
  /// there is none.
  static func headerOfBegunSegment(_ folder: any StoreFolder) throws(StoreFolderError) -> SegmentHeader? {
    let name = SegmentTurn.unfinishedName
    let names = try StoreFolderError.wrapping { () throws(FileError) in try folder.names() }
    guard names.contains(name) else { return nil }
    let bytes = try bytes(of: name, in: folder, atMost: SegmentHeader.byteCount)
    // One that is only prepared has no header yet.
    return try? SegmentHeader(reading: bytes)
  }

  private init(_ name: String, _ bytes: ByteBuffer, _ header: SegmentHeader) {
    self.name = name
    self.bytes = bytes
    self.header = header
    seed = header.seed
    checksum = header.previousChecksum
    lastLSN = header.firstLSN - 1
  }

  /// The first `count` bytes of a file, or all there are.
  private static func bytes(
    of name: String, in folder: any StoreFolder, atMost count: Int = .max
  ) throws(StoreFolderError) -> ByteBuffer {
    try StoreFolderError.wrapping { () throws(FileError) in
      let file = try folder.open(name)
      return try file.read(at: 0, count: min(count, try file.byteCount))
    }
  }

  /// The header of the segment `name`.
  static func header(of name: String, in folder: any StoreFolder) throws(StoreFolderError) -> SegmentHeader {
    try header(name, bytes(of: name, in: folder, atMost: SegmentHeader.byteCount))
  }

  private static func header(_ name: String, _ bytes: ByteBuffer) throws(StoreFolderError) -> SegmentHeader {
    let header: SegmentHeader
    do throws(Refusal) { header = try SegmentHeader(reading: bytes) } catch {
      throw .damaged(file: name, offset: 0, problem: error.text)
    }
    guard SegmentHeader.firstLSN(ofName: name) == header.firstLSN else {
      throw .damaged(
        file: name, offset: 40, problem: "it begins with record \(header.firstLSN), other than its name says")
    }
    return header
  }

  /// Reads what comes next.
  mutating func next() -> Item {
    guard let header = RecordHeader(in: bytes, at: offset, seed: seed) else {
      return .nothing(problem: "no record begins there")
    }
    guard header.previousChecksum == checksum else { return .nothing(problem: "a record that follows on another one") }
    let (length, rest) = (Int(header.length), bytes.writerIndex - offset - RecordHeader.byteCount)
    guard length <= rest else { return .nothing(problem: "a record of \(length) bytes, of which \(rest) are there") }
    let start = offset + RecordHeader.byteCount
    guard bytes.checksum(at: start, length: length) == header.payloadChecksum else {
      return .nothing(problem: "the payload of record \(header.lsn) has another checksum")
    }
    let item: Item
    if let mark = header.mark {
      item = .mark(mark)
      isClean = mark == .clean
    } else {
      guard header.lsn == lastLSN + 1, let payload = bytes.getSlice(at: start, length: length),
        let record = LogRecord(header, payload: payload)
      else { return .nothing(problem: "record \(header.lsn) of the kind \(header.kind) behind record \(lastLSN)") }
      item = .record(record)
      isClean = false
      hasRecords = true
      lastLSN = header.lsn
    }
    offset += header.recordByteCount
    checksum = header.checksum
    return item
  }

  /// Whether the segment with the header `next` begins with what follows on the last record that was read.
  func isContinued(by next: SegmentHeader) -> Bool {
    next.identity == header.identity && next.number == header.number + 1 && next.firstLSN == lastLSN + 1
      && next.previousChecksum == checksum
  }

  /// What is behind the last record that was read, which nothing follows that belongs there.
  ///
  /// Writes that were not synced may reach the disk in any order, sector by sector. So a record that is damaged counts
  /// as torn only if no mark behind it says that it was synced, and if a sector of it never came. In a segment that took
  /// the file of another one nobody can tell the latter, and only what has its checksums belongs to it.
  var tail: Tail {
    let isNew = !header.isTakenOver
    let last = isNew ? endOfWritten : bytes.writerIndex
    guard last > offset else { return .empty }
    var follower: Int?
    var end = isNew ? last : offset
    // The last one may end in zeros, which do not count.
    let most = UInt64((last - offset) / RecordHeader.byteCount) + 1
    for place in stride(from: offset, to: last, by: 8) {
      guard let lsn = bytes.getInteger(at: place + 8, endianness: .little, as: UInt64.self), lsn &- lastLSN <= most,
        let record = RecordHeader(in: bytes, at: place, seed: seed)
      else { continue }
      end = max(end, min(place + record.recordByteCount, last))
      guard place > offset else { continue }
      follower = follower ?? place
      if record.mark == .clean || record.mark == .synced && record.sequence > lastLSN { return .damaged }
    }
    guard isNew else { return end > offset ? .torn(end: end) : .empty }
    guard let follower, !hasMissingSector(offset..<follower) else { return .torn(end: last) }
    return .damaged
  }

  /// Where the zeros begin to which nothing was written.
  private var endOfWritten: Int {
    var last = bytes.writerIndex
    while last - 8 >= offset, bytes.getInteger(at: last - 8, as: UInt64.self) == 0 { last -= 8 }
    while last > offset, bytes.getInteger(at: last - 1, as: UInt8.self) == 0 { last -= 1 }
    return last
  }

  /// Whether all of `range` that lies in one sector is zero, for any sector.
  private func hasMissingSector(_ range: Range<Int>) -> Bool {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(range.upperBound, (start / Self.sector + 1) * Self.sector)
      if bytes.viewBytes(at: start, length: end - start)?.allSatisfy({ $0 == 0 }) == true { return true }
      start = end
    }
    return false
  }

  private static let sector = 512

  /// The bytes from the end of the records up to the byte `end`.
  func tailBytes(to end: Int) -> ByteBuffer { bytes.getSlice(at: offset, length: end - offset) ?? ByteBuffer() }
}
