public import Kernels

/// The softmax along the last axis, or its logarithm.
public struct Softmax: Primitive {
  /// Whether the logarithm is taken.
  public let takesLogarithm: Bool

  public var name: String { takesLogarithm ? "log softmax" : "softmax" }

  /// The operand's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype.isFloatingPoint, operands[0].rank >= 1 else {
      throw mismatch(operands, "floating-point numbers with at least one axis")
    }
    return operands
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    let columns = x.dimensions[x.dimensions.rank - 1]
    let rows = x.dimensions.count(of: 0..<x.dimensions.rank - 1)
    switch (x.dtype, takesLogarithm) {
    case (.float32, false):
      Kernels.Softmax.softmax(x.scalars(Float.self), rows: rows, columns: columns, into: y.scalars())
    case (.float32, true):
      Kernels.Softmax.logSoftmax(x.scalars(Float.self), rows: rows, columns: columns, into: y.scalars())
    case (_, false): Kernels.Softmax.softmax(x.scalars(Double.self), rows: rows, columns: columns, into: y.scalars())
    case (_, true): Kernels.Softmax.logSoftmax(x.scalars(Double.self), rows: rows, columns: columns, into: y.scalars())
    }
  }

  /// `x̄ = y (ȳ − Σ ȳ y)`, and `x̄ = ȳ − exp(y) Σ ȳ` for the logarithm.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    let y = results[0]
    let last = AxisSet(axes: [y.shape.rank - 1])
    let kept = y.shape.reduced(over: last, keepingAxes: true)
    if takesLogarithm {
      return [.dense(try d.subtracting(y.unary(.exp).multiplied(by: d.summed(over: last).reshaped(to: kept))))]
    }
    let total = try d.multiplied(by: y).summed(over: last).reshaped(to: kept)
    return [.dense(try d.subtracting(total).multiplied(by: y))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.keepingAxis(unless: [application.operands[0].rank - 1])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 4 * results[0].count }
}

extension Value {
  /// The softmax along the last axis.
  public func softmax() throws(ShapeError) -> Value { try applying(Softmax(takesLogarithm: false)) }

  /// The logarithm of the softmax along the last axis.
  public func logSoftmax() throws(ShapeError) -> Value { try applying(Softmax(takesLogarithm: true)) }
}
