import Kernels

/// For each element one of two, by a truth value; with broadcasting.
public struct Select: Primitive {
  public var name: String { "select" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The shape all three broadcast to.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    guard operands[0].dtype == .bool, operands[1].dtype == operands[2].dtype,
      let shape = operands[1].shape.broadcast(with: operands[2].shape)?.broadcast(with: operands[0].shape)
    else { throw mismatch(operands, "truth values and two tensors of one element type, whose shapes broadcast") }
    return [TensorType(operands[1].dtype, shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: select(Float.self, operands, results)
    case .float64: select(Double.self, operands, results)
    case .int32: select(Int32.self, operands, results)
    case .int64: select(Int64.self, operands, results)
    case .bool: select(Bool.self, operands, results)
    }
  }

  private func select<Scalar: TensorScalar>(_: Scalar.Type, _ operands: TensorViews, _ results: TensorViews) {
    let (condition, a, b, c) = (operands[0], operands[1], operands[2], results[0])
    Selection.select(
      condition.scalars(), condition.dimensions, a.scalars(Scalar.self), a.dimensions, b.scalars(), b.dimensions,
      into: c.scalars(), c.dimensions)
  }

  /// The cotangent goes to the element that was chosen.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil, nil] }
    let zero = try Value.constant(0, d.dtype, in: d.builder)
    return [
      nil, .dense(try operands[0].selecting(d, zero).summed(to: operands[1].shape)),
      .dense(try operands[0].selecting(zero, d).summed(to: operands[2].shape)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// `a` where this truth value holds, `b` elsewhere.
  public func selecting(_ a: Value, _ b: Value) throws(ShapeError) -> Value { try applying(Select(), a, b) }
}
