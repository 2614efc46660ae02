public import Kernels

/// A comparison of pairs of elements, with broadcasting.
public struct Comparison: Primitive {
  /// The relation.
  public let operation: ComparisonOperation

  public var name: String { "\(operation)" }

  /// Truth values, in the shape both broadcast to.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    guard operands[0].dtype == operands[1].dtype,
      let shape = operands[0].shape.broadcast(with: operands[1].shape),
      operands[0].dtype != .bool || operation == .equal || operation == .notEqual
    else { throw mismatch(operands, "two tensors of one element type whose shapes broadcast") }
    return [TensorType(.bool, shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (a, b, c) = (operands[0], operands[1], results[0])
    switch a.dtype {
    case .float32:
      Kernels.Comparison.apply(
        operation, a.scalars(Float.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
    case .float64:
      Kernels.Comparison.apply(
        operation, a.scalars(Double.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
    case .int32:
      Kernels.Comparison.apply(
        operation, a.scalars(Int32.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
    case .int64:
      Kernels.Comparison.apply(
        operation, a.scalars(Int64.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
    case .bool:
      Kernels.Comparison.apply(
        operation, a.scalars(Bool.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

/// A logical connective of pairs of truth values, with broadcasting.
public struct Logical: Primitive {
  /// The connective.
  public let operation: LogicalOperation

  public var name: String { "logical \(operation)" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The shape both broadcast to.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    guard operands.allSatisfy({ $0.dtype == .bool }),
      let shape = operands[0].shape.broadcast(with: operands[1].shape)
    else { throw mismatch(operands, "two tensors of truth values whose shapes broadcast") }
    return [TensorType(.bool, shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (a, b, c) = (operands[0], operands[1], results[0])
    Kernels.Comparison.apply(
      operation, a.scalars(), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

/// The negation of each truth value.
public struct LogicalNot: Primitive {
  public var name: String { "logical not" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The operand's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype == .bool else { throw mismatch(operands, "truth values") }
    return operands
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    Kernels.Comparison.not(operands[0].scalars(), into: results[0].scalars())
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// Whether `relation` holds for each pair of elements.
  public func compared(_ relation: ComparisonOperation, _ other: Value) throws(ShapeError) -> Value {
    try applying(Comparison(operation: relation), other)
  }

  /// `operation` of each pair of truth values.
  public func logical(_ operation: LogicalOperation, _ other: Value) throws(ShapeError) -> Value {
    try applying(Logical(operation: operation), other)
  }

  /// The negation of each truth value.
  public func logicalNot() throws(ShapeError) -> Value { try applying(LogicalNot()) }
}
