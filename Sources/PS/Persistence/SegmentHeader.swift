import Kernels
import NIOCore
import Wire

/// The first 64 bytes of a segment of the log, the file `wal-<first LSN>.log`; its records follow.
///
///      0  8  magic        "\x89OLWAL\r\n"
///      8 24  identity     ``StoreIdentity``
///     32  8  number       of the segment: 1, 2, …
///     40  8  first LSN    that of the first record that has one
///     48  4  previous     the header checksum of the last record before the segment, 0 if there is none
///     52  4  salt         a random number with which the checksums of its records begin, too
///     56  4  flags        1: the file was that of an older segment, whose bytes are behind the records
///     60  4  checksum     CRC-32C of bytes 0..<60
struct SegmentHeader: Hashable, Sendable {
  var identity: StoreIdentity
  var number: UInt64
  var firstLSN: UInt64
  var previousChecksum: UInt32
  var salt: UInt32
  var isTakenOver: Bool

  static let byteCount = 64
  /// No log gets there, and those behind it can be counted on.
  private static let largestNumber: UInt64 = 1 << 62
  private static let magic = Array("\u{89}OLWAL\r\n".unicodeScalars.map { UInt8($0.value) })

  /// The name of the segment that begins with record `lsn`.
  static func name(firstLSN lsn: UInt64) -> String { "wal-\(lsn.hexadecimal).log" }

  /// The number of the first record of the segment of this name; nil for other files.
  static func firstLSN(ofName name: String) -> UInt64? {
    guard name.count == 24, name.hasPrefix("wal-"), name.hasSuffix(".log") else { return nil }
    return UInt64(name.dropFirst(4).dropLast(4), radix: 16)
  }

  /// What the checksums of its records begin with, so that bytes of another file, or of another segment that was in this
  /// one, never pass for its own.
  var seed: UInt32 {
    var writer = MessageWriter()
    writer.data(identity.id.bytes)
    writer.integer(number)
    // Stores of format 1 had none.
    if salt > 0 { writer.integer(salt) }
    return writer.payload.checksum(at: 0, length: writer.payload.readableBytes)
  }

  var bytes: ByteBuffer {
    var writer = MessageWriter(capacity: Self.byteCount)
    writer.data(Self.magic)
    identity.write(to: &writer)
    writer.integer(number)
    writer.integer(firstLSN)
    writer.integer(previousChecksum)
    writer.integer(salt)
    writer.integer(UInt32(isTakenOver ? 1 : 0))
    writer.integer(writer.payload.checksum(at: 0, length: 60))
    return writer.payload
  }

  /// The header of a segment that begins.
  init(
    identity: StoreIdentity, number: UInt64, firstLSN: UInt64, previousChecksum: UInt32, isTakenOver: Bool
  ) {
    self.identity = identity
    self.number = number
    self.firstLSN = firstLSN
    self.previousChecksum = previousChecksum
    self.isTakenOver = isTakenOver
    salt = .random(in: 1...UInt32.max)
  }

  /// Reads the beginning of a file.
  init(reading bytes: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(bytes)
    guard try reader.data(count: 8) == Self.magic else { throw Refusal(.badMagic, "this is no segment of a log") }
    identity = try StoreIdentity(from: &reader)
    number = try reader.integer()
    firstLSN = try reader.integer()
    previousChecksum = try reader.integer()
    salt = try reader.integer()
    let flags = try reader.integer(UInt32.self)
    isTakenOver = flags == 1
    guard try reader.integer(UInt32.self) == bytes.checksum(at: bytes.readerIndex, length: 60) else {
      throw Refusal(.badHeaderChecksum, "the segment's header has another checksum")
    }
    guard flags <= 1, (1...Self.largestNumber).contains(number), (1...Self.largestNumber).contains(firstLSN) else {
      throw Refusal(.malformed, "segment \(number) from record \(firstLSN) on, with the flags \(flags)")
    }
  }
}
