/// A scalar that kernels add up: floating point, or integers that wrap around.
public protocol SummableScalar: BitwiseCopyable, Sendable {
  /// A 64-byte vector of scalars.
  associatedtype Wide: BitwiseCopyable
  /// A 16-byte vector of scalars.
  associatedtype Narrow: BitwiseCopyable

  /// The sum of two scalars.
  static func sum(_ a: Self, _ b: Self) -> Self
  /// The sums of 64 bytes of scalars.
  static func sum(_ a: Wide, _ b: Wide) -> Wide
  /// The sums of 16 bytes of scalars.
  static func sum(_ a: Narrow, _ b: Narrow) -> Narrow
}

extension Float: SummableScalar {
  public typealias Wide = SIMD16<Float>
  public typealias Narrow = SIMD4<Float>
  @inline(always) public static func sum(_ a: Float, _ b: Float) -> Float { a + b }
  @inline(always) public static func sum(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> { a + b }
  @inline(always) public static func sum(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { a + b }
}

extension Double: SummableScalar {
  public typealias Wide = SIMD8<Double>
  public typealias Narrow = SIMD2<Double>
  @inline(always) public static func sum(_ a: Double, _ b: Double) -> Double { a + b }
  @inline(always) public static func sum(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a + b }
  @inline(always) public static func sum(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> SIMD2<Double> { a + b }
}

extension Int32: SummableScalar {
  public typealias Wide = SIMD16<Int32>
  public typealias Narrow = SIMD4<Int32>
  @inline(always) public static func sum(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
  @inline(always) public static func sum(_ a: SIMD16<Int32>, _ b: SIMD16<Int32>) -> SIMD16<Int32> { a &+ b }
  @inline(always) public static func sum(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD4<Int32> { a &+ b }
}

extension Int64: SummableScalar {
  public typealias Wide = SIMD8<Int64>
  public typealias Narrow = SIMD2<Int64>
  @inline(always) public static func sum(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
  @inline(always) public static func sum(_ a: SIMD8<Int64>, _ b: SIMD8<Int64>) -> SIMD8<Int64> { a &+ b }
  @inline(always) public static func sum(_ a: SIMD2<Int64>, _ b: SIMD2<Int64>) -> SIMD2<Int64> { a &+ b }
}

extension SummableScalar {
  /// Adds `count` scalars from `source` on to those from `target` on.
  @unsafe @inline(always)
  static func add(_ source: UnsafePointer<Self>, to target: UnsafeMutablePointer<Self>, count: Int) {
    // Safety: every step loads and stores below `count` scalars; unaligned access is allowed.
    let (from, onto) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    let byteCount = count * MemoryLayout<Self>.stride
    var place = 0
    while place + MemoryLayout<Wide>.stride <= byteCount {
      let old = unsafe onto.loadUnaligned(fromByteOffset: place, as: Wide.self)
      let added = unsafe from.loadUnaligned(fromByteOffset: place, as: Wide.self)
      unsafe onto.storeBytes(of: sum(old, added), toByteOffset: place, as: Wide.self)
      place += MemoryLayout<Wide>.stride
    }
    while place + MemoryLayout<Narrow>.stride <= byteCount {
      let old = unsafe onto.loadUnaligned(fromByteOffset: place, as: Narrow.self)
      let added = unsafe from.loadUnaligned(fromByteOffset: place, as: Narrow.self)
      unsafe onto.storeBytes(of: sum(old, added), toByteOffset: place, as: Narrow.self)
      place += MemoryLayout<Narrow>.stride
    }
    var index = place / MemoryLayout<Self>.stride
    while index < count {
      unsafe target[index] = sum(target[index], source[index])
      index += 1
    }
  }
}

extension Rows {
  /// Adds the packed rows `values` to the rows of `table` at `indices`, one after the other.
  ///
  /// The result depends on nothing but the operands: rows that occur twice are added in order.
  ///
  /// - Returns: `nil`, or the position of the first index out of range, from where on nothing was added.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func scatterAdd<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: MemoryView<Scalar>, rowLength: Int, indices: MemoryView<Index>,
    into table: MemoryView<Scalar>, rowStride: Int, rowCount: Int
  ) -> Int? {
    check(table, rowStride: rowStride, rowLength: rowLength, rowCount: rowCount)
    precondition(
      values.count == indices.count * rowLength, "\(indices.count) rows of \(rowLength) in \(values.count) scalars")
    // Safety: the extents were checked, and the loop checks each index.
    return unsafe addRows(values.base, rowLength, indices, table.base, rowStride, rowCount)
  }

  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  private static func addRows<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: UnsafePointer<Scalar>, _ rowLength: Int, _ indices: MemoryView<Index>,
    _ table: UnsafeMutablePointer<Scalar>, _ rowStride: Int, _ rowCount: Int
  ) -> Int? {
    switch rowLength {
    case 1: unsafe addRows(values, length: 1, indices, table, rowStride, rowCount)
    case 4: unsafe addRows(values, length: 4, indices, table, rowStride, rowCount)
    case 8: unsafe addRows(values, length: 8, indices, table, rowStride, rowCount)
    case 16: unsafe addRows(values, length: 16, indices, table, rowStride, rowCount)
    case 17: unsafe addRows(values, length: 17, indices, table, rowStride, rowCount)
    case 32: unsafe addRows(values, length: 32, indices, table, rowStride, rowCount)
    default: unsafe addRows(values, length: rowLength, indices, table, rowStride, rowCount)
    }
  }

  @inline(always)
  private static func addRows<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: UnsafePointer<Scalar>, length: Int, _ indices: MemoryView<Index>,
    _ table: UnsafeMutablePointer<Scalar>, _ rowStride: Int, _ rowCount: Int
  ) -> Int? {
    var source = unsafe values
    for position in 0..<indices.count {
      let row = unsafe Int(indices.base[position])
      guard row >= 0, row < rowCount else { return position }
      unsafe prefetch(table, rowStride, length: length, indices, after: position)
      unsafe Scalar.add(source, to: table + row * rowStride, count: length)
      unsafe source += length
    }
    return nil
  }
}
