public import Kernels

/// A function of each element: exp, tanh, relu, ….
public struct UnaryElementwise: Primitive {
  /// The function.
  public let operation: UnaryOperation

  public var name: String { "\(operation)" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The operand's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    let dtype = operands[0].dtype
    guard dtype.isFloatingPoint || (dtype.isInteger && operation.isDefinedForIntegers) else {
      throw mismatch(operands, "floating-point numbers")
    }
    return operands
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    switch x.dtype {
    case .float32: Elementwise.apply(operation, x.scalars(Float.self), into: y.scalars())
    case .float64: Elementwise.apply(operation, x.scalars(Double.self), into: y.scalars())
    case .int32: Elementwise.apply(operation, x.scalars(Int32.self), into: y.scalars())
    case .int64: Elementwise.apply(operation, x.scalars(Int64.self), into: y.scalars())
    case .bool: preconditionFailure("\(name) of truth values")
    }
  }

  /// `x̄ = ȳ f′(x)`, in terms of the result where that is cheaper. Zero at a kink, as TensorFlow has it.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    let (x, y) = (operands[0], results[0])
    let gradient: Value?
    switch operation {
    case .negate: gradient = try d.unary(.negate)
    case .absolute: gradient = try d.multiplied(by: x.unary(.sign))
    case .sign, .floor, .ceil, .round: gradient = nil
    case .exp: gradient = try d.multiplied(by: y)
    case .expm1: gradient = try d.multiplied(by: y.adding(1))
    case .log: gradient = try d.divided(by: x)
    case .log1p: gradient = try d.divided(by: x.adding(1))
    case .squareRoot: gradient = try y.squareRootGradient(d)
    case .reciprocalSquareRoot: gradient = try y.reciprocalSquareRootGradient(d)
    case .reciprocal: gradient = try d.multiplied(by: y.unary(.square)).unary(.negate)
    case .square: gradient = try d.multiplied(by: 2).multiplied(by: x)
    case .sigmoid: gradient = try y.binary(.sigmoidGradient, d)
    case .tanh: gradient = try y.binary(.tanhGradient, d)
    case .relu: gradient = try d.binary(.reluGradient, y)
    case .relu6: gradient = try d.binary(.relu6Gradient, x)
    case .elu: gradient = try d.binary(.eluGradient, y)
    case .selu: gradient = try d.binary(.seluGradient, y)
    case .softplus: gradient = try d.binary(.softplusGradient, x)
    case .softsign: gradient = try d.divided(by: x.unary(.absolute).adding(1).unary(.square))
    case .erf: gradient = try d.multiplied(by: x.gaussian(scale: 1.1283791670955126))
    case .erfc: gradient = try d.multiplied(by: x.gaussian(scale: -1.1283791670955126))
    case .sin: gradient = try d.multiplied(by: x.unary(.cos))
    case .cos: gradient = try d.multiplied(by: x.unary(.sin)).unary(.negate)
    }
    return [gradient.map { .dense($0) }]
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// `operation` of each element.
  public func unary(_ operation: UnaryOperation) throws(ShapeError) -> Value {
    try applying(UnaryElementwise(operation: operation))
  }

  /// The cotangent of what this is the square root of, where `d` is the root's: zero where `d` is zero, also at zero,
  /// as TensorFlow has it. So roots may be masked where their slope is infinite.
  package func squareRootGradient(_ d: Value) throws(ShapeError) -> Value {
    try d.multiplied(by: 0.5).divided(by: self).orZero(whereZero: d)
  }

  /// The cotangent of what this is the reciprocal square root of, where `d` is the root's: zero where `d` is zero.
  package func reciprocalSquareRootGradient(_ d: Value) throws(ShapeError) -> Value {
    try d.multiplied(by: -0.5).multiplied(by: unary(.square).multiplied(by: self)).orZero(whereZero: d)
  }

  /// Zero where `d` is zero, elsewhere this value.
  private func orZero(whereZero d: Value) throws(ShapeError) -> Value {
    let zero = try Value.constant(0, dtype, in: builder)
    return try d.broadcastSource.compared(.equal, zero).selecting(zero, self)
  }

  /// `scale × exp(−x²)`, the derivative of the error function but for a factor.
  fileprivate func gaussian(scale: Double) throws(ShapeError) -> Value {
    try unary(.square).unary(.negate).unary(.exp).multiplied(by: scale)
  }
}
