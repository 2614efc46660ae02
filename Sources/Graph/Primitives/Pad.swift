public import Kernels

/// A tensor with a number around it.
public struct Pad: Primitive {
  /// How many elements are added in front along each axis.
  public let before: [Int]
  /// How many elements are added behind along each axis.
  public let after: [Int]

  public var name: String { "pad by \(before) and \(after)" }

  /// The tensor and a single number of its type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let x = operands[0]
    guard before.count == x.rank, after.count == x.rank, operands[1] == TensorType(x.dtype, .scalar),
      (before + after).allSatisfy({ $0 >= 0 })
    else { throw mismatch(operands, "a tensor with \(before.count) axes and a number, and padding not negative") }
    let extents = x.shape.extents.indices.map { axis in
      x.shape[axis].adding(Extent(before[axis]))?.adding(Extent(after[axis]))
    }
    guard extents.allSatisfy({ $0 != nil }) else { throw mismatch(operands, "less padding") }
    return [x.with(Shape(extents.compactMap(\.self)))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: pad(Float.self, operands[0], operands[1], results[0])
    case .float64: pad(Double.self, operands[0], operands[1], results[0])
    case .int32: pad(Int32.self, operands[0], operands[1], results[0])
    case .int64: pad(Int64.self, operands[0], operands[1], results[0])
    case .bool: pad(Bool.self, operands[0], operands[1], results[0])
    }
  }

  private func pad<Scalar: TensorScalar>(_: Scalar.Type, _ x: TensorView, _ number: TensorView, _ y: TensorView) {
    Movement.pad(
      x.scalars(Scalar.self), shape: x.dimensions, before: Dimensions(before), with: number.scalars(Scalar.self)[0],
      into: y.scalars(), shape: y.dimensions)
  }

  /// The tensor has the cotangent inside, the number the sum of what is around it.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let inside = try d.sliced(from: before, shape: operands[0].shape)
    let all = AxisSet(axes: 0..<before.count)
    return [.dense(inside), .dense(try d.summed(over: all).subtracting(inside.summed(over: all)))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0], application.axes[1] == nil, before[axis] == 0, after[axis] == 0 else {
      return .whole
    }
    return .perExample([axis])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

extension Value {
  /// This value with `number` around it: `before[axis]` elements in front and `after[axis]` behind along each axis.
  public func padded(before: [Int], after: [Int], with number: Value) throws(ShapeError) -> Value {
    try applying(Pad(before: before, after: after), number)
  }

  /// A tensor of shape `shape` that is zero but for this value, in the part that `slice` takes.
  public func placed(_ slice: Slice, in shape: Shape) throws(ShapeError) -> Value {
    try applying(AssembleParts(slices: [slice], type: type.with(shape)))
  }
}
