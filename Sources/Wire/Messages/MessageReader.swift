public import NIOCore

/// Reads the body of a message, field by field, without trusting any of it.
///
/// Every read that finds too little, or something else than it may, throws error 300.
public struct MessageReader {
  private var bytes: ByteBuffer
  private let byteCount: Int

  /// A reader at the start of `payload`, or behind its first `place` bytes.
  public init(_ payload: ByteBuffer, from place: Int = 0) {
    bytes = payload
    byteCount = payload.readableBytes
    bytes.moveReaderIndex(forwardBy: place)
  }

  /// The bytes not read yet.
  public var remaining: Int { bytes.readableBytes }

  /// The next integer.
  @specialized(where Number == UInt8)
  @specialized(where Number == UInt16)
  @specialized(where Number == UInt32)
  @specialized(where Number == UInt64)
  public mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(Refusal) -> Number {
    guard let number: Number = bytes.readInteger(endianness: .little) else { throw Self.tooShort }
    return number
  }

  /// The next number in single precision, any bit pattern.
  public mutating func float() throws(Refusal) -> Float { Float(bitPattern: try integer()) }

  /// The next number in double precision, any bit pattern.
  public mutating func double() throws(Refusal) -> Double { Double(bitPattern: try integer()) }

  /// The next byte, which is 0 or 1.
  public mutating func flag() throws(Refusal) -> Bool {
    let byte = try integer(UInt8.self)
    guard byte <= 1 else { throw Refusal(.malformed, "a flag of \(byte); it must be 0 or 1") }
    return byte == 1
  }

  /// The next string: its bytes' number as 16 bits, then UTF-8.
  public mutating func string(limit: Int) throws(Refusal) -> String {
    let count = Int(try integer(UInt16.self))
    guard count <= limit else { throw Refusal(.limit, "a string of \(count) bytes; at most \(limit) are accepted") }
    guard let piece = bytes.readSlice(length: count) else { throw Self.tooShort }
    guard let text = String(validating: piece.readableBytesView, as: UTF8.self) else {
      throw Refusal(.malformed, "a string that is not UTF-8")
    }
    return text
  }

  /// The next `count` bytes.
  public mutating func data(count: Int) throws(Refusal) -> [UInt8] {
    guard let data = bytes.readBytes(length: count) else { throw Self.tooShort }
    return data
  }

  /// The number of elements that follow, each of at least `elementBytes` bytes.
  public mutating func count(limit: Int, elementBytes: Int) throws(Refusal) -> Int {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw Refusal(.limit, "a list of \(count) elements; at most \(limit) are accepted") }
    guard count * elementBytes <= remaining else { throw Self.tooShort }
    return count
  }

  /// The next `count` bytes, all zero.
  public mutating func zeros(_ count: Int) throws(Refusal) {
    guard let piece = bytes.readSlice(length: count) else { throw Self.tooShort }
    guard piece.readableBytesView.allSatisfy({ $0 == 0 }) else {
      throw Refusal(.malformed, "bytes that must be zero are not")
    }
  }

  /// The next `count` scalars, which begin at the next multiple of eight bytes of the payload, where they stay.
  public mutating func array<Scalar: BitwiseCopyable>(
    of scalar: Scalar.Type, count: Int
  ) throws(Refusal) -> WireArray<Scalar> {
    try align()
    return try scalars(of: scalar, count: count)
  }

  /// The zero bytes before the next multiple of eight bytes of the payload.
  public var padding: Int { (8 - (byteCount - remaining) % 8) % 8 }

  /// Goes on at the next multiple of eight bytes of the payload.
  public mutating func align() throws(Refusal) { try zeros(padding) }

  /// The next `count` scalars of an array that was begun, which stay where they are.
  public mutating func scalars<Scalar: BitwiseCopyable>(
    of scalar: Scalar.Type, count: Int
  ) throws(Refusal) -> WireArray<Scalar> {
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    guard count >= 0, !overflow, let piece = bytes.readSlice(length: size) else { throw Self.tooShort }
    return WireArray(piece)
  }

  /// Checks that everything was read.
  public func finish() throws(Refusal) {
    guard remaining == 0 else { throw Refusal(.malformed, "\(remaining) bytes after the end of a message") }
  }

  /// The error of a message that ends before all of it was read.
  public static var tooShort: Refusal { Refusal(.malformed, "a message that ends too early") }
}
