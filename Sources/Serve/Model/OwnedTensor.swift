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
}
