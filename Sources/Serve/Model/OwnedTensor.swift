public import Graph
public import Kernels

/// A tensor with memory of its own.
public struct OwnedTensor: Sendable {
  private let memory: AlignedMemory
  /// The tensor; valid while this value, or a copy of it, is kept.
  public let view: TensorView

  /// A copy of `source`.
  public init(copying source: TensorView) {
    switch source.dtype {
    case .float32: self.init(source.scalars(Float.self), source.dimensions)
    case .float64: self.init(source.scalars(Double.self), source.dimensions)
    case .int32: self.init(source.scalars(Int32.self), source.dimensions)
    case .int64: self.init(source.scalars(Int64.self), source.dimensions)
    case .bool: self.init(source.scalars(Bool.self), source.dimensions)
    }
  }

  /// A copy of `scalars`, as many as `dimensions` has.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], _ dimensions: Dimensions) {
    var scalars = scalars
    self = scalars.withMemoryView { OwnedTensor($0, dimensions) }
  }

  /// A tensor of elements of type `dtype`, which are not set.
  init(_ dtype: DType, _ dimensions: Dimensions) {
    memory = AlignedMemory(byteCount: max(1, dimensions.count * dtype.byteCount))
    view =
      switch dtype {
      case .float32: TensorView(memory.view(of: Float.self, count: dimensions.count), dimensions)
      case .float64: TensorView(memory.view(of: Double.self, count: dimensions.count), dimensions)
      case .int32: TensorView(memory.view(of: Int32.self, count: dimensions.count), dimensions)
      case .int64: TensorView(memory.view(of: Int64.self, count: dimensions.count), dimensions)
      case .bool: TensorView(memory.view(of: Bool.self, count: dimensions.count), dimensions)
      }
  }

  private init<Scalar: TensorScalar>(_ scalars: MemoryView<Scalar>, _ dimensions: Dimensions) {
    memory = AlignedMemory(byteCount: max(1, scalars.count * MemoryLayout<Scalar>.stride))
    let copy = memory.view(of: Scalar.self, count: scalars.count)
    copy.copy(from: scalars)
    view = TensorView(copy, dimensions)
  }

  /// Replaces the elements by those of `source`, which has the same type.
  public func copy(from source: TensorView) {
    switch source.dtype {
    case .float32: view.scalars(Float.self).copy(from: source.scalars())
    case .float64: view.scalars(Double.self).copy(from: source.scalars())
    case .int32: view.scalars(Int32.self).copy(from: source.scalars())
    case .int64: view.scalars(Int64.self).copy(from: source.scalars())
    case .bool: view.scalars(Bool.self).copy(from: source.scalars())
    }
  }

  /// Replaces the elements by `numbers`, as many, in this tensor's type.
  func cast(from numbers: MemoryView<Float>) {
    switch view.dtype {
    case .float32: view.scalars(Float.self).copy(from: numbers)
    case .float64: Casting.cast(numbers, into: view.scalars(Double.self))
    case .int32: Casting.cast(numbers, into: view.scalars(Int32.self))
    case .int64: Casting.cast(numbers, into: view.scalars(Int64.self))
    case .bool: Casting.cast(numbers, into: view.scalars(Bool.self))
    }
  }
}
