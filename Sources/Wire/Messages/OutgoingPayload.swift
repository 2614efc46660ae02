public import Kernels
public import NIOCore

/// A payload on its way out: bytes that were written for it, and long arrays that stay where their owner has them.
///
/// Whoever lends an array keeps it, and as it is, until everybody has let go of the payload.
public struct OutgoingPayload: Sendable {
  /// Bytes one behind the other.
  public enum Piece: Sendable {
    /// Bytes of the payload's own.
    case written(ByteBuffer)
    /// Somebody else's bytes.
    case lent(MemoryView<UInt8>)
  }

  /// The bytes, in order.
  public private(set) var pieces: [Piece]

  /// A payload of these pieces.
  package init(_ pieces: [Piece]) { self.pieces = pieces }

  /// A payload in one piece.
  public init(_ bytes: ByteBuffer) { pieces = [.written(bytes)] }

  /// The number of bytes.
  public var byteCount: Int { pieces.reduce(0) { $0 + $1.byteCount } }

  /// The CRC-32C of all bytes.
  var checksum: UInt32 { pieces.reduce(0) { $1.checksum(continuing: $0) } }

  /// All bytes in one buffer, which is the payload's own.
  public var joined: ByteBuffer {
    if pieces.count == 1, case .written(let bytes) = pieces[0] { return bytes }
    var joined = ByteBufferAllocator().buffer(capacity: byteCount)
    for piece in pieces { piece.append(to: &joined) }
    return joined
  }

  /// Puts `number` in the place of the first bytes, which were written; the bytes behind it are not copied.
  public mutating func replaceStart(by number: UInt64) {
    var head = ByteBufferAllocator().buffer(capacity: MemoryLayout<UInt64>.size)
    head.writeInteger(number, endianness: .little)
    guard case .written(var rest) = pieces.first, rest.readableBytes >= head.readableBytes else {
      preconditionFailure("a payload that does not begin with \(head.readableBytes) bytes that were written")
    }
    rest.moveReaderIndex(forwardBy: head.readableBytes)
    pieces.replaceSubrange(0..<1, with: [.written(head), .written(rest)])
  }
}

extension OutgoingPayload.Piece {
  /// The number of bytes.
  public var byteCount: Int {
    switch self {
    case .written(let bytes): bytes.readableBytes
    case .lent(let bytes): bytes.count
    }
  }

  /// The piece without its first `count` bytes.
  public func dropFirst(_ count: Int) -> OutgoingPayload.Piece {
    switch self {
    case .written(var bytes):
      bytes.moveReaderIndex(forwardBy: count)
      return .written(bytes)
    case .lent(let bytes): return .lent(bytes[count..<bytes.count])
    }
  }

  /// The first bytes of the piece, at most `count`.
  public func prefix(_ count: Int) -> OutgoingPayload.Piece {
    guard count < byteCount else { return self }
    switch self {
    case .written(let bytes): return .written(bytes.getSlice(at: bytes.readerIndex, length: count)!)
    case .lent(let bytes): return .lent(bytes[0..<count])
    }
  }

  /// The same bytes where nobody else can change them.
  public var owned: OutgoingPayload.Piece {
    guard case .lent = self else { return self }
    var bytes = ByteBuffer()
    append(to: &bytes)
    return .written(bytes)
  }

  fileprivate func append(to buffer: inout ByteBuffer) {
    switch self {
    case .written(let bytes): buffer.writeImmutableBuffer(bytes)
    case .lent(let bytes): buffer.append(bytes)
    }
  }

  func checksum(continuing crc: UInt32) -> UInt32 {
    switch self {
    case .written(let bytes): bytes.checksum(at: bytes.readerIndex, length: bytes.readableBytes, continuing: crc)
    case .lent(let bytes): Checksum.crc32c(bytes, continuing: crc)
    }
  }
}
