public import Kernels

/// The sum of the squares of all elements. Plans put it in the place of the two, so that nothing is written but the sum.
public struct SumOfSquares: Primitive {
  public var name: String { "sum of squares" }
  public var canAccumulate: Bool { true }

  /// Floating-point numbers to a scalar.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype.isFloatingPoint else { throw mismatch(operands, "floating-point numbers") }
    return [operands[0].with([])]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    switch x.dtype {
    case .float32: put(Float(LinearAlgebra.sumOfSquares(x.scalars(Float.self))), in: y.scalars(), context)
    default: put(LinearAlgebra.sumOfSquares(x.scalars(Double.self)), in: y.scalars(), context)
    }
  }

  private func put<Scalar: TensorScalar & FloatingPoint>(
    _ sum: Scalar, in total: MemoryView<Scalar>, _ context: ExecutionContext
  ) {
    total[0] = context.accumulates ? total[0] + sum : sum
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == nil ? .whole : .sums
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 2 * operands[0].count }
}

extension Value {
  /// The sum of the squares of all elements.
  package func sumOfSquares() throws(ShapeError) -> Value { try applying(SumOfSquares()) }
}
