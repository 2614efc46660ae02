public import Kernels
public import NIOCore

/// Writes the body of a message, field by field.
public struct MessageWriter {
  /// What was written so far.
  public private(set) var payload: ByteBuffer

  /// A writer of about `capacity` bytes.
  public init(capacity: Int = 64) { payload = ByteBufferAllocator().buffer(capacity: capacity) }

  /// Forgets what was written, and makes room for about `capacity` bytes; uses the same memory again if nobody else does.
  public mutating func restart(capacity: Int) {
    payload.clear(minimumCapacity: capacity)
  }

  /// An integer.
  public mutating func integer(_ number: some FixedWidthInteger) { payload.writeInteger(number, endianness: .little) }

  /// A number in single precision.
  public mutating func float(_ number: Float) { integer(number.bitPattern) }

  /// A number in double precision.
  public mutating func double(_ number: Double) { integer(number.bitPattern) }

  /// 0 or 1.
  public mutating func flag(_ value: Bool) { integer(UInt8(value ? 1 : 0)) }

  /// A string of at most 65,535 bytes: their number as 16 bits, then UTF-8.
  public mutating func string(_ text: String) {
    integer(UInt16(text.utf8.count))
    payload.writeString(text)
  }

  /// Bytes as they are.
  public mutating func data(_ bytes: some Sequence<UInt8>) { payload.writeBytes(bytes) }

  /// `count` zero bytes.
  public mutating func zeros(_ count: Int) { payload.writeRepeatingByte(0, count: count) }

  /// The number of elements that follow.
  public mutating func count(_ count: Int) { integer(UInt32(count)) }

  /// The scalars of an array, from the next multiple of eight bytes on.
  public mutating func array<Scalar: BitwiseCopyable>(_ scalars: MemoryView<Scalar>) {
    align()
    payload.append(scalars)
  }

  /// An array of `count` scalars that `body` sets, from the next multiple of eight bytes on.
  public mutating func array<Scalar: BitwiseCopyable>(
    count: Int, of scalar: Scalar.Type, _ body: (MemoryView<Scalar>) -> Void
  ) {
    align()
    if count > 0 { payload.append(count: count, of: scalar, body) }
  }

  private mutating func align() { zeros((8 - payload.readableBytes % 8) % 8) }
}
