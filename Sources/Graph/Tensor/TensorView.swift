public import Kernels

/// A tensor in memory that somebody else owns: element type, extents and an address.
///
/// The executor makes one per value and lane; primitives read and write tensors through them.
@safe public struct TensorView: @unchecked Sendable {
  // Safety: the executor makes views over its arenas, over inputs that its caller lends for one run, and over literals
  // that the plan keeps alive; each covers `dimensions.count` initialised elements of `dtype`, rows `rowStride` apart.

  /// The element type.
  public let dtype: DType
  /// The extents.
  public package(set) var dimensions: Dimensions
  /// How far apart two rows (neighbours along the first axis) are, in elements.
  public package(set) var rowStride: Int
  package var address: UnsafeMutableRawPointer

  /// A view of contiguous elements at `address`.
  @unsafe package init(_ dtype: DType, _ dimensions: Dimensions, at address: UnsafeMutableRawPointer) {
    self.dtype = dtype
    self.dimensions = dimensions
    unsafe self.address = address
    rowStride = dimensions.rank == 0 ? 1 : dimensions.count(of: 1..<dimensions.rank)
  }

  /// A view of the elements of `memory`, as many as `dimensions` has.
  public init<Scalar: TensorScalar>(_ memory: MemoryView<Scalar>, _ dimensions: Dimensions) {
    precondition(memory.count == dimensions.count, "\(memory.count) elements for \(dimensions)")
    unsafe self.init(Scalar.dtype, dimensions, at: UnsafeMutableRawPointer(memory.base))
  }

  /// A view of a table whose rows start `rowStride` elements apart.
  public init(table memory: MemoryView<Float>, _ dimensions: Dimensions, rowStride: Int) {
    let width = dimensions.count(of: 1..<dimensions.rank)
    precondition(rowStride >= width, "rows of \(width) elements, \(rowStride) apart")
    precondition(
      dimensions[0] == 0 || memory.count >= (dimensions[0] - 1) * rowStride + width,
      "\(memory.count) elements for \(dimensions), rows \(rowStride) apart")
    dtype = .float32
    self.dimensions = dimensions
    self.rowStride = rowStride
    unsafe address = UnsafeMutableRawPointer(memory.base)
  }

  /// The number of elements.
  public var count: Int { dimensions.count }

  /// The number of elements of a row: of everything but the first axis.
  public var rowLength: Int { dimensions.rank == 0 ? 1 : dimensions.count(of: 1..<dimensions.rank) }

  /// The elements, which must be contiguous and of type `Scalar`.
  public func scalars<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) -> MemoryView<Scalar> {
    precondition(dtype == Scalar.dtype, "\(dtype) elements read as \(Scalar.dtype)")
    precondition(rowStride == rowLength, "rows of \(rowLength) elements, \(rowStride) apart")
    return unsafe MemoryView(base: address.assumingMemoryBound(to: Scalar.self), count: dimensions.count)
  }

  /// The elements of a table whose rows may be apart, from the first row to the end of the last.
  public func tableScalars<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) -> MemoryView<Scalar> {
    precondition(dtype == Scalar.dtype, "\(dtype) elements read as \(Scalar.dtype)")
    let rows = dimensions[0]
    let count = rows == 0 ? 0 : (rows - 1) * rowStride + rowLength
    return unsafe MemoryView(base: address.assumingMemoryBound(to: Scalar.self), count: count)
  }
}
