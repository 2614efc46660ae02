import NIOCore
import Wire

/// The 48 bytes before the payload of a record in the log. A record begins at a multiple of eight bytes, so its length is
/// never torn.
///
///      0  4  length       of the payload
///      4  4  checksum     CRC-32C of the payload, as its sender computed it
///      8  8  LSN          for a mark, that of the record before it
///     16  1  kind         ``LogRecord/Kind``, or a mark's
///     17  1  flags        ``LogRecord/Flags``
///     18  2  type         of the message
///     20  4  model
///     24  4  session
///     28  4  previous     the header checksum of the record before
///     32  8  sequence     for the mark of a sync, the last record that was synced
///     40  4  time         seconds since 1970
///     44  4  checksum     CRC-32C of bytes 0..<44, begun with ``SegmentHeader/seed``
struct RecordHeader: Hashable, Sendable {
  /// A header that is no record of the server, but says something about the log.
  enum Mark: UInt8, Sendable {
    /// All records up to a number are on the disk.
    case synced = 8
    /// The server stopped in order: nothing follows.
    case clean = 9
  }

  var length: UInt32
  var payloadChecksum: UInt32
  var lsn: UInt64
  var kind: UInt8
  var flags: UInt8
  var type: UInt16
  var model: UInt32
  var session: UInt32
  var previousChecksum: UInt32
  var sequence: UInt64
  var time: UInt32
  /// Of the header itself, once it is written or read.
  private(set) var checksum: UInt32 = 0

  static let byteCount = 48

  /// The header of `record`.
  init(_ record: LogRecord, previousChecksum: UInt32, time: UInt32) {
    length = UInt32(record.payload.readableBytes)
    payloadChecksum = record.payloadChecksum
    lsn = record.lsn
    kind = record.kind.rawValue
    flags = record.flags.rawValue
    type = UInt16(record.type.rawValue)
    model = record.model
    session = record.session
    self.previousChecksum = previousChecksum
    sequence = record.sequence
    self.time = time
  }

  /// A mark behind record `lsn`.
  init(_ mark: Mark, lsn: UInt64, sequence: UInt64, previousChecksum: UInt32, time: UInt32) {
    let record = LogRecord(lsn: lsn, kind: .skip, sequence: sequence, payload: ByteBuffer())
    self.init(record, previousChecksum: previousChecksum, time: time)
    kind = mark.rawValue
  }

  /// The bytes of a record with its header, up to where the next one begins.
  var recordByteCount: Int { Self.byteCount + (Int(length) + 7) & ~7 }

  /// The mark that it is; nil for a record.
  var mark: Mark? { Mark(rawValue: kind) }

  /// Appends the header and sets its ``checksum``.
  mutating func write(to writer: inout MessageWriter, seed: UInt32) {
    let start = writer.payload.writerIndex
    writer.integer(length)
    writer.integer(payloadChecksum)
    writer.integer(lsn)
    writer.integer(kind)
    writer.integer(flags)
    writer.integer(type)
    writer.integer(model)
    writer.integer(session)
    writer.integer(previousChecksum)
    writer.integer(sequence)
    writer.integer(time)
    checksum = writer.payload.checksum(at: start, length: 44, continuing: seed)
    writer.integer(checksum)
  }

  /// Reads the header at the byte `offset` of `bytes`; nil if there is none with the right checksum.
  init?(in bytes: ByteBuffer, at offset: Int, seed: UInt32) {
    guard offset >= bytes.readerIndex, offset <= bytes.writerIndex - Self.byteCount,
      let stored: UInt32 = bytes.getInteger(at: offset + 44, endianness: .little),
      stored == bytes.checksum(at: offset, length: 44, continuing: seed)
    else { return nil }
    var reader = bytes
    reader.moveReaderIndex(to: offset)
    func next<Number: FixedWidthInteger>() -> Number { reader.readInteger(endianness: .little)! }
    length = next()
    payloadChecksum = next()
    lsn = next()
    kind = next()
    flags = next()
    type = next()
    model = next()
    session = next()
    previousChecksum = next()
    sequence = next()
    time = next()
    checksum = stored
  }
}

extension LogRecord {
  /// The record of a header; nil for a header of no kind that is known.
  init?(_ header: RecordHeader, payload: ByteBuffer) {
    guard let kind = Kind(rawValue: header.kind), let type = UInt8(exactly: header.type) else { return nil }
    self.init(
      lsn: header.lsn, kind: kind, flags: Flags(rawValue: header.flags), type: MessageType(rawValue: type),
      model: header.model, session: header.session, sequence: header.sequence, payload: payload,
      payloadChecksum: header.payloadChecksum)
  }
}
