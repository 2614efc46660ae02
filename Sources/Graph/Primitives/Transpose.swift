public import Kernels

/// A tensor with its axes in another order: axis `i` of the result is axis `permutation[i]` of the operand.
public struct Transpose: Primitive {
  /// For each axis of the result, the axis of the operand.
  public let permutation: [Int]

  public var name: String { "transpose to \(permutation)" }

  /// The operand's extents in the new order.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard permutation.sorted() == Array(0..<operands[0].rank) else {
      throw mismatch(operands, "a permutation of its \(operands[0].rank) axes, not \(permutation)")
    }
    return [operands[0].with(Shape(permutation.map { operands[0].shape[$0] }))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: transpose(Float.self, operands[0], results[0])
    case .float64: transpose(Double.self, operands[0], results[0])
    case .int32: transpose(Int32.self, operands[0], results[0])
    case .int64: transpose(Int64.self, operands[0], results[0])
    case .bool: transpose(Bool.self, operands[0], results[0])
    }
  }

  private func transpose<Scalar: TensorScalar>(_: Scalar.Type, _ x: TensorView, _ y: TensorView) {
    Movement.transpose(
      x.scalars(Scalar.self), shape: x.dimensions, permutation: Dimensions(permutation), into: y.scalars())
  }

  /// The cotangent with its axes back in the operand's order.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try d.transposed(to: permutation.indices.map { permutation.firstIndex(of: $0)! }))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0] else { return .whole }
    return .perExample([permutation.firstIndex(of: axis)!])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

extension Value {
  /// This value with its axes in the order `permutation`.
  ///
  /// Where only axes of extent one move, nothing has to be copied; what was repeated is repeated afterwards.
  public func transposed(to permutation: [Int]) throws(ShapeError) -> Value {
    let axes = Array(0..<shape.rank)
    guard permutation != axes else { return self }
    guard permutation.sorted() == axes else { return try applying(Transpose(permutation: permutation)) }
    let result = Shape(permutation.map { shape[$0] })
    let moved = permutation.filter { shape[$0] != 1 }
    if moved == moved.sorted() { return try reshaped(to: result) }
    if let node = builder.node(making: number), let operand = node.operands.first {
      let source = Value(builder: builder, number: operand)
      if let first = node.primitive as? Transpose {
        return try source.transposed(to: permutation.map { first.permutation[$0] })
      }
      if node.primitive is BroadcastTo {
        return try source.aligned(to: shape.rank).transposed(to: permutation).broadcast(to: result)
      }
    }
    return try applying(Transpose(permutation: permutation))
  }
}
