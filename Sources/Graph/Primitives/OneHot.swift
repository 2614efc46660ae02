import Kernels

/// For each index a vector that is `on` at the index and `off` elsewhere; all `off` if the index is not in the vector.
///
/// Neither of the two numbers has a gradient, as in TensorFlow.
public struct OneHot: Primitive {
  /// The length of the vectors.
  public let depth: Int
  /// Where the vectors' axis is inserted.
  public let axis: Int

  public var name: String { "one-hot of \(depth) along \(axis)" }

  /// Indices of any shape, and two single numbers `on` and `off`.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    let (indices, on, off) = (operands[0], operands[1], operands[2])
    guard indices.dtype.isInteger, on == off, on.shape == .scalar, axis >= 0, axis <= indices.rank, depth >= 0 else {
      throw mismatch(operands, "integers and two single numbers, and an axis in 0...\(operands[0].rank)")
    }
    var extents = indices.shape.extents
    extents.insert(Extent(depth), at: axis)
    return [TensorType(on.dtype, Shape(extents))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: write(Float.self, operands, results[0])
    case .float64: write(Double.self, operands, results[0])
    case .int32: write(Int32.self, operands, results[0])
    case .int64: write(Int64.self, operands, results[0])
    case .bool: write(Bool.self, operands, results[0])
    }
  }

  private func write<Scalar: TensorScalar>(_: Scalar.Type, _ operands: TensorViews, _ y: TensorView) {
    let indices = operands[0]
    let outer = indices.dimensions.count(of: 0..<axis)
    let inner = indices.dimensions.count(of: axis..<indices.dimensions.rank)
    let (on, off) = (operands[1].scalars(Scalar.self)[0], operands[2].scalars(Scalar.self)[0])
    switch indices.dtype {
    case .int32:
      Movement.oneHot(
        indices.scalars(Int32.self), outer: outer, depth: depth, inner: inner, on: on, off: off, into: y.scalars())
    default:
      Movement.oneHot(
        indices.scalars(Int64.self), outer: outer, depth: depth, inner: inner, on: on, off: off, into: y.scalars())
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let batch = application.axes[0], application.axes[1] == nil, application.axes[2] == nil else { return .whole }
    return .perExample([axis <= batch ? batch + 1 : batch])
  }
}

extension Value {
  /// For each of these indices a vector of `depth` elements along `axis`, `on` at the index and `off` elsewhere.
  public func oneHot(depth: Int, on: Value, off: Value, axis: Int) throws(ShapeError) -> Value {
    try applying(OneHot(depth: depth, axis: axis), on, off)
  }
}
