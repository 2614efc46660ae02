public import Kernels

/// The same elements in the same order, with another shape.
public struct Reshape: Primitive {
  /// The shape of the result.
  public let shape: Shape

  public var name: String { "reshape to \(shape)" }
  public var memory: PrimitiveMemory { .alias }

  /// The shape, if it has as many elements.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard let count = shape.count, count == operands[0].shape.count else {
      throw mismatch(operands, "as many elements as \(shape) has")
    }
    return [operands[0].with(shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    preconditionFailure("a reshape is not computed")
  }

  /// The cotangent in the operand's shape.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try d.reshaped(to: operands[0].shape))]
  }

  /// Examples stay together if as many elements as before lie outside of their axis.
  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0] else { return .whole }
    let outer = Shape.product(of: application.operands[0].shape.extents[..<axis])
    for (candidate, extent) in shape.extents.enumerated() where extent.isBatched {
      let before = Shape.product(of: shape.extents[..<candidate])
      return before != nil && before == outer ? .perExample([candidate]) : .whole
    }
    return .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

/// The same value, through which no gradient flows.
public struct StopGradient: Primitive {
  public var name: String { "stop gradient" }
  public var memory: PrimitiveMemory { .alias }

  /// The operand's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    return operands
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    preconditionFailure("a stop of gradients is not computed")
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

extension Value {
  /// This value's elements in `shape`.
  ///
  /// A single number that was repeated is repeated to the new shape instead.
  public func reshaped(to shape: Shape) throws(ShapeError) -> Value {
    guard shape != self.shape else { return self }
    if let node = builder.node(making: number) {
      let operand = Value(builder: builder, number: node.operands.first ?? 0)
      if node.primitive is Reshape { return try operand.reshaped(to: shape) }
      if node.primitive is BroadcastTo, operand.shape.count == 1, shape.count == self.shape.count {
        return try operand.reshaped(to: .scalar).broadcast(to: shape)
      }
    }
    return try applying(Reshape(shape: shape))
  }

  /// This value with `rank` axes, at least its own, the new outermost ones of extent one.
  func aligned(to rank: Int) throws(ShapeError) -> Value {
    try reshaped(to: Shape(Array(repeating: 1, count: rank - shape.rank) + shape.extents))
  }

  /// This value, through which no gradient flows.
  public func stoppingGradient() throws(ShapeError) -> Value { try applying(StopGradient()) }
}
