import CIntrinsics

/// Loads and stores of vectors at any address.
enum VectorMemory {
  // Safety: callers pass addresses of at least as many floats as are loaded or stored. Floats have no padding and
  // accept any bit pattern, and the unaligned forms are used throughout.

  /// The number of floats in a vector.
  static var width: Int { 16 }

  /// The 16 floats at `address`.
  @unsafe @inline(always) static func load(_ address: UnsafePointer<Float>) -> FloatVector {
    FloatVector(unsafe onlearn_load(address))
  }

  /// Replaces the 16 floats at `address`.
  @unsafe @inline(always) static func store(_ vector: FloatVector, _ address: UnsafeMutablePointer<Float>) {
    unsafe onlearn_store(vector.lanes, address)
  }

  /// The `count` floats at `address`, fewer than 16, and `padding` after them.
  @unsafe @inline(always) static func load(
    _ address: UnsafePointer<Float>, first count: Int, otherwise padding: Float = 0
  ) -> FloatVector {
    FloatVector(unsafe onlearn_load_first(address, count, onlearn_splat(padding)))
  }

  /// Replaces the `count` floats at `address`, fewer than 16, by the first lanes of `vector`.
  @unsafe @inline(always) static func store(
    _ vector: FloatVector, _ address: UnsafeMutablePointer<Float>, first count: Int
  ) {
    unsafe onlearn_store_first(vector.lanes, address, count)
  }

  /// The `lanes` floats at `address`, at most 16, and zeros after them.
  @unsafe @inline(always) static func load(_ address: UnsafePointer<Float>, _ lanes: Int) -> FloatVector {
    unsafe lanes < width ? load(address, first: lanes) : load(address)
  }

  /// Replaces the `lanes` floats at `address`, at most 16, by the first of `vector`.
  @unsafe @inline(always) static func store(
    _ vector: FloatVector, _ address: UnsafeMutablePointer<Float>, _ lanes: Int
  ) {
    if lanes < width { unsafe store(vector, address, first: lanes) } else { unsafe store(vector, address) }
  }

  /// The `lanes` integers at `address`, at most 16, and zeros after them.
  @unsafe @inline(always) static func load(_ address: UnsafePointer<Int32>, _ lanes: Int) -> BitVector {
    // Floats and integers are copied alike, as bytes.
    BitVector(bitsOf: unsafe load(UnsafeRawPointer(address).assumingMemoryBound(to: Float.self), lanes))
  }

  /// Replaces the `lanes` integers at `address`, at most 16, by the first of `vector`.
  @unsafe @inline(always) static func store(
    _ vector: BitVector, _ address: UnsafeMutablePointer<Int32>, _ lanes: Int
  ) {
    unsafe store(vector.floats, UnsafeMutableRawPointer(address).assumingMemoryBound(to: Float.self), lanes)
  }

  /// A mask of the lanes before `count`.
  @inline(always) static func first(_ count: Int) -> BitVector {
    BitVector(onlearn_first(Int32(truncatingIfNeeded: count)))
  }
}
