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
  public func softmax() throws(ShapeError) -> Value { try softmax(takesLogarithm: false) }

  /// The logarithm of the softmax along the last axis.
  public func logSoftmax() throws(ShapeError) -> Value { try softmax(takesLogarithm: true) }

  /// A moderate addend that is the same along the axis cancels, so it is left out.
  private func softmax(takesLogarithm: Bool) throws(ShapeError) -> Value {
    if shape.rank > 0, let x = try withoutShift(along: shape.rank - 1) {
      return try x.softmax(takesLogarithm: takesLogarithm).broadcast(to: shape)
    }
    return try applying(Softmax(takesLogarithm: takesLogarithm))
  }

  /// This value without an addend that is the same along `axis`, if it has one.
  ///
  /// It keeps the number of its axes; along those on which only the addend varied its extent is one.
  private func withoutShift(along axis: Int) throws(ShapeError) -> Value? {
    guard let node = builder.node(making: number) else { return nil }
    let operands = node.operands.map { Value(builder: builder, number: $0) }
    switch node.primitive {
    case let transpose as Transpose:
      return try operands[0].withoutShift(along: transpose.permutation[axis])?.transposed(to: transpose.permutation)
    case let sum as BinaryElementwise where sum.operation == .add || sum.operation == .subtract:
      let (a, b) = try (operands[0].aligned(to: shape.rank), operands[1].aligned(to: shape.rank))
      guard shape[axis] != 1 else { return nil }
      if b.shape[axis] == 1 { return b.isModerate ? a : nil }
      return a.shape[axis] == 1 && sum.operation == .add && a.isModerate ? b : nil
    default: return nil
    }
  }

  /// Whether adding this value to others keeps what tells them apart: a small number, or a bias.
  ///
  /// A large number, as masks have them, swallows what it is added to, and infinity or NaN must show. A parameter that
  /// is the same along a softmax has no gradient, so that it stays as small as it began.
  private var isModerate: Bool {
    if let number = constantNumber { return number.magnitude <= 100 }
    var source = broadcastSource
    while let node = builder.node(making: source.number), node.primitive is Reshape {
      source = Value(builder: builder, number: node.operands[0])
    }
    return builder.role(of: source.number) == .parameter
  }
}
