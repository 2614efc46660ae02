public import Kernels

/// The position of the largest (or smallest) element along an axis; of equal ones the first.
public struct ArgMax: Primitive {
  /// The axis, which disappears.
  public let axis: Int
  /// Whether the smallest element is looked for.
  public let findsSmallest: Bool

  public var name: String { "\(findsSmallest ? "argmin" : "argmax") along \(axis)" }

  /// 64-bit integers, in the operand's shape without the axis.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype != .bool, axis >= 0, axis < operands[0].rank, operands[0].shape[axis] != 0 else {
      throw mismatch(operands, "numbers, and an axis that is not empty")
    }
    return [TensorType(.int64, operands[0].shape.reduced(over: AxisSet(axes: [axis])))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    guard operands[0].dimensions[axis] > 0 || results[0].count == 0 else { throw .emptyAxis(axis) }
    switch operands[0].dtype {
    case .float32: find(Float.self, operands[0], results[0])
    case .float64: find(Double.self, operands[0], results[0])
    case .int32: find(Int32.self, operands[0], results[0])
    case .int64: find(Int64.self, operands[0], results[0])
    case .bool: preconditionFailure("\(name) of truth values")
    }
  }

  private func find<Scalar: TensorScalar & OrderedScalar>(_: Scalar.Type, _ x: TensorView, _ y: TensorView) {
    if findsSmallest {
      Reductions.argMin(x.scalars(Scalar.self), shape: x.dimensions, axis: axis, into: y.scalars())
    } else {
      Reductions.argMax(x.scalars(Scalar.self), shape: x.dimensions, axis: axis, into: y.scalars())
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let batch = application.axes[0], batch != axis else { return .whole }
    return .perExample([batch - (axis < batch ? 1 : 0)])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[0].count }
}

extension Value {
  /// The position of the largest element along `axis`, or of the smallest.
  public func argMax(along axis: Int, findsSmallest: Bool = false) throws(ShapeError) -> Value {
    try applying(ArgMax(axis: axis, findsSmallest: findsSmallest))
  }
}
