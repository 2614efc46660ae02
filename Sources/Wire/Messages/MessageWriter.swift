public import Kernels
public import NIOCore

/// Writes the body of a message, field by field.
public struct MessageWriter {
  private var written: ByteBuffer
  /// What was lent, and how much was written before.
  private var lent: [(place: Int, bytes: MemoryView<UInt8>)] = []

  /// The fewest bytes that are worth a piece of their own.
  private static let leastLent = 4 << 10

  /// A writer of about `capacity` bytes.
  public init(capacity: Int = 64) { written = ByteBufferAllocator().buffer(capacity: capacity) }

  /// Forgets what was written, and makes room for about `capacity` bytes; uses the same memory again if nobody else does.
  public mutating func restart(capacity: Int = 0) {
    written.clear(minimumCapacity: capacity)
    lent.removeAll(keepingCapacity: true)
  }

  /// What was written so far, when nothing was lent.
  public var payload: ByteBuffer {
    precondition(lent.isEmpty, "\(lent.count) arrays were lent")
    return written
  }

  /// What was written and lent so far.
  public var outgoing: OutgoingPayload {
    var (pieces, place): ([OutgoingPayload.Piece], Int) = ([], 0)
    func write(upTo end: Int) {
      if end > place { pieces.append(.written(written.getSlice(at: place, length: end - place)!)) }
      place = end
    }
    for (place, bytes) in lent {
      write(upTo: place)
      pieces.append(.lent(bytes))
    }
    write(upTo: written.writerIndex)
    return OutgoingPayload(pieces)
  }

  /// An integer.
  @specialized(where Number == UInt8)
  @specialized(where Number == UInt16)
  @specialized(where Number == UInt32)
  @specialized(where Number == UInt64)
  public mutating func integer<Number: FixedWidthInteger>(_ number: Number) {
    written.writeInteger(number, endianness: .little)
  }

  /// A number in single precision.
  public mutating func float(_ number: Float) { integer(number.bitPattern) }

  /// A number in double precision.
  public mutating func double(_ number: Double) { integer(number.bitPattern) }

  /// 0 or 1.
  public mutating func flag(_ value: Bool) { integer(UInt8(value ? 1 : 0)) }

  /// A string of at most 65,535 bytes: their number as 16 bits, then UTF-8.
  public mutating func string(_ text: String) {
    integer(UInt16(text.utf8.count))
    written.writeString(text)
  }

  /// Bytes as they are.
  public mutating func data(_ bytes: some Sequence<UInt8>) { written.writeBytes(bytes) }

  /// `count` zero bytes.
  public mutating func zeros(_ count: Int) { written.writeRepeatingByte(0, count: count) }

  /// The number of elements that follow.
  public mutating func count(_ count: Int) { integer(UInt32(count)) }

  /// The scalars of an array, from the next multiple of eight bytes on.
  public mutating func array<Scalar: BitwiseCopyable>(_ scalars: MemoryView<Scalar>) {
    align()
    written.append(scalars)
  }

  /// An array of `count` scalars that `body` sets, from the next multiple of eight bytes on.
  public mutating func array<Scalar: BitwiseCopyable>(
    count: Int, of scalar: Scalar.Type, _ body: (MemoryView<Scalar>) -> Void
  ) {
    align()
    if count > 0 { written.append(count: count, of: scalar, body) }
  }

  /// The scalars of an array, from the next multiple of eight bytes on. A long one is lent: it stays where it is, and is
  /// kept as it is by the caller, until ``outgoing`` was sent.
  public mutating func lend(_ scalars: MemoryView<some BitwiseCopyable>) {
    let bytes = scalars.bytes
    guard bytes.count >= Self.leastLent else { return array(scalars) }
    align()
    // A multiple of eight bytes, so that what is written behind is aligned in its buffer as in the payload.
    let end = bytes.count & ~7
    lent.append((written.writerIndex, bytes[0..<end]))
    written.append(bytes[end..<bytes.count])
  }

  /// Zero bytes up to the next multiple of eight.
  public mutating func align() { zeros((8 - written.readableBytes % 8) % 8) }
}
