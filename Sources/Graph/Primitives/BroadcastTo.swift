import Kernels

/// A tensor repeated along axes of extent one, and along new outer axes, to fill a shape.
public struct BroadcastTo: Primitive {
  /// The shape of the result.
  public let shape: Shape

  public var name: String { "broadcast to \(shape)" }

  /// The shape, if the operand broadcasts to it.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].shape.broadcast(with: shape) == shape else {
      throw mismatch(operands, "a tensor that broadcasts to \(shape)")
    }
    return [operands[0].with(shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: broadcast(Float.self, operands[0], results[0])
    case .float64: broadcast(Double.self, operands[0], results[0])
    case .int32: broadcast(Int32.self, operands[0], results[0])
    case .int64: broadcast(Int64.self, operands[0], results[0])
    case .bool: broadcast(Bool.self, operands[0], results[0])
    }
  }

  private func broadcast<Scalar: TensorScalar>(_: Scalar.Type, _ x: TensorView, _ y: TensorView) {
    Movement.broadcast(x.scalars(Scalar.self), shape: x.dimensions, into: y.scalars(), shape: y.dimensions)
  }

  /// The sum over what was repeated.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try d.summed(to: operands[0].shape))]
  }

  /// A repeated tensor that is the same for all examples makes as many examples as are asked for.
  public func batching(_ application: BatchedApplication) -> Batching {
    if application.axes[0] != nil { return application.elementwise }
    let batched = shape.extents.indices.filter { !shape[$0].isFixed }
    guard batched.count == 1, shape[batched[0]].isBatched else { return .whole }
    return .perExample(batched)
  }
}

extension Value {
  /// This value repeated to fill `shape`.
  public func broadcast(to shape: Shape) throws(ShapeError) -> Value {
    shape == self.shape ? self : try broadcastSource.applying(BroadcastTo(shape: shape))
  }

  /// The value that was repeated to make this one, or this one.
  package var broadcastSource: Value {
    guard let node = builder.node(making: number), node.primitive is BroadcastTo else { return self }
    return Value(builder: builder, number: node.operands[0])
  }
}

extension Value {
  /// This value repeated `multiples[axis]` times along each axis.
  public func tiled(_ multiples: [Extent]) throws(ShapeError) -> Value {
    var (split, repeated, joined): ([Extent], [Extent], [Extent]) = ([], [], [])
    for (extent, multiple) in zip(shape.extents, multiples) {
      guard let product = extent.multiplied(by: multiple) else {
        throw ShapeError("tile", [type], expected: "at most one axis that depends on the batch")
      }
      joined.append(product)
      if extent == 1 {
        split.append(1)
        repeated.append(multiple)
        continue
      }
      if multiple != 1 {
        split.append(1)
        repeated.append(multiple)
      }
      split.append(extent)
      repeated.append(extent)
    }
    return try reshaped(to: Shape(split)).broadcast(to: Shape(repeated)).reshaped(to: Shape(joined))
  }
}
