public import Kernels
package import NIOCore

// The one file of this module that looks at memory: checksums, and arrays between messages and parameters.

extension ByteBuffer {
  /// The CRC-32C of `length` bytes from `index` on, or of what `crc` is the checksum of followed by them.
  package func checksum(at index: Int, length: Int, continuing crc: UInt32 = 0) -> UInt32 {
    precondition(index >= readerIndex && length <= writerIndex - index, "\(length) bytes at \(index) of \(self)")
    // Safety: the bytes are the buffer's for the duration of the call.
    return unsafe withUnsafeReadableBytes { bytes in
      let first = index - readerIndex
      return unsafe Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[first..<first + length]), continuing: crc)
    }
  }

  /// Appends the bytes of `scalars`; little-endian, as is every machine this is built for.
  mutating func append<Scalar: BitwiseCopyable>(_ scalars: MemoryView<Scalar>) {
    // Safety: the view lends exactly these bytes for the duration of the call.
    let bytes = scalars.bytes
    unsafe writeBytes(UnsafeRawBufferPointer(start: bytes.base, count: bytes.count))
  }

  /// Appends `count` scalars and lets `body` fill them.
  mutating func append<Scalar: BitwiseCopyable>(
    count: Int, of scalar: Scalar.Type, _ body: (MemoryView<Scalar>) -> Void
  ) {
    let byteCount = count * MemoryLayout<Scalar>.stride
    reserveCapacity(minimumWritableBytes: byteCount)
    // Safety: `byteCount` bytes are reserved, and aligned because buffers of messages start at an aligned address and
    // arrays at multiples of eight; `body` sets every scalar.
    unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { bytes in
      let start = bytes.baseAddress!
      precondition(Int(bitPattern: start) % MemoryLayout<Scalar>.alignment == 0, "a misaligned array")
      unsafe body(MemoryView(base: start.assumingMemoryBound(to: Scalar.self), count: count))
      return byteCount
    }
  }
}

/// An array in a message: it lies where it arrived, and keeps that memory alive.
@safe public struct WireArray<Scalar: BitwiseCopyable>: Sendable {
  private let bytes: ByteBuffer
  /// The scalars, only to be read, as long as the array is kept. Of one that nothing else keeps, use ``array`` or
  /// ``copy(_:to:)``: the array would be gone before its scalars are looked at.
  public let view: MemoryView<Scalar>

  /// The scalars that fill `bytes`, which are as many as a multiple of a scalar's.
  init(_ bytes: ByteBuffer) {
    let count = bytes.readableBytes / MemoryLayout<Scalar>.stride
    precondition(count * MemoryLayout<Scalar>.stride == bytes.readableBytes, "\(bytes.readableBytes) bytes of scalars")
    // Safety: the address stays that of these bytes as long as `bytes` is kept, since a buffer that is shared is copied
    // before anyone writes to it; nobody writes through the view.
    let aligned =
      bytes.isAligned(to: MemoryLayout<Scalar>.alignment) ? bytes : ByteBuffer(bytes: bytes.readableBytesView)
    self.bytes = aligned
    view = unsafe aligned.withUnsafeReadableBytes { memory in
      guard count > 0, let start = memory.baseAddress else { return .empty }
      let scalars = unsafe UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: Scalar.self)
      return unsafe MemoryView(base: scalars, count: count)
    }
  }

  /// The number of scalars.
  public var count: Int { view.count }

  /// A copy of the scalars.
  public var array: [Scalar] { withExtendedLifetime(bytes) { view.array } }

  /// Copies the scalars `range`, or all, to `destination`.
  public func copy(_ range: Range<Int>? = nil, to destination: MemoryView<Scalar>) {
    withExtendedLifetime(bytes) { destination.copy(from: view[range ?? 0..<count]) }
  }

  /// The same scalars in memory of their own: nothing is kept of the message that they came in.
  public var detached: WireArray { WireArray(ByteBuffer(bytes: bytes.readableBytesView)) }
}

extension ByteBuffer {
  /// Whether the first readable byte's address is a multiple of `alignment`.
  fileprivate func isAligned(to alignment: Int) -> Bool {
    unsafe withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) % alignment == 0 }
  }
}

extension OutgoingPayload.Piece {
  /// Where the bytes are, as long as the piece is kept; a buffer that is shared is copied before anyone writes to it.
  @unsafe package var memory: UnsafeRawBufferPointer {
    switch self {
    // Safety: bytes of a buffer stay where they are; the caller keeps the piece.
    case .written(let bytes): unsafe bytes.withUnsafeReadableBytes { unsafe $0 }
    case .lent(let bytes): unsafe UnsafeRawBufferPointer(start: bytes.base, count: bytes.count)
    }
  }
}
