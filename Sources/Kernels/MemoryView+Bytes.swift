extension MemoryView {
  /// The same memory as bytes, in the machine's order.
  @inlinable public var bytes: MemoryView<UInt8> {
    // Safety: any initialised memory may be read as bytes; who writes through them keeps the scalars valid, and every
    // bit pattern is a valid scalar of the types that kernels use.
    let start = unsafe UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt8.self)
    return unsafe MemoryView<UInt8>(base: start, count: count * MemoryLayout<Scalar>.stride)
  }
}

extension Checksum {
  /// The CRC-32C (Castagnoli) of `bytes`, or of what `crc` is the checksum of followed by `bytes`.
  public static func crc32c(_ bytes: MemoryView<UInt8>, continuing crc: UInt32 = 0) -> UInt32 {
    // Safety: the view lends exactly these bytes.
    unsafe crc32c(UnsafeRawBufferPointer(start: bytes.base, count: bytes.count), continuing: crc)
  }
}
