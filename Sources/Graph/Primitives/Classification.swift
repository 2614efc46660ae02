public import Kernels

/// Whether each number is finite, infinite, or not a number.
public struct Classification: Primitive {
  /// What is asked.
  public let operation: FloatClass

  public var name: String { "is \(operation)" }

  /// Truth values of the operand's shape.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype.isFloatingPoint else { throw mismatch(operands, "floating-point numbers") }
    return [operands[0].with(.bool)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: Kernels.Comparison.apply(operation, operands[0].scalars(Float.self), into: results[0].scalars())
    default: Kernels.Comparison.apply(operation, operands[0].scalars(Double.self), into: results[0].scalars())
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// Whether each of these numbers is finite, infinite, or not a number.
  public func classified(_ operation: FloatClass) throws(ShapeError) -> Value {
    try applying(Classification(operation: operation))
  }
}
