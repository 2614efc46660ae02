/// Functions applied element by element.
///
/// The result may be the same memory as an operand of the same shape; it must not overlap one otherwise.
public enum Elementwise {
  /// `y = op(x)`
  public static func apply(_ op: UnaryOperation, _ x: MemoryView<Float>, into y: MemoryView<Float>) {
    switch op {
    case .negate: map(FloatFunctions.Negate.self, x, into: y)
    case .absolute: map(FloatFunctions.Absolute.self, x, into: y)
    case .sign: map(FloatFunctions.Sign.self, x, into: y)
    case .exp: map(FloatFunctions.Exp.self, x, into: y)
    case .expm1: map(FloatFunctions.Expm1.self, x, into: y)
    case .log: map(FloatFunctions.Log.self, x, into: y)
    case .log1p: map(FloatFunctions.Log1p.self, x, into: y)
    case .squareRoot: map(FloatFunctions.SquareRoot.self, x, into: y)
    case .reciprocalSquareRoot: map(FloatFunctions.ReciprocalSquareRoot.self, x, into: y)
    case .reciprocal: map(FloatFunctions.Reciprocal.self, x, into: y)
    case .square: map(FloatFunctions.Square.self, x, into: y)
    case .sigmoid: map(FloatFunctions.Sigmoid.self, x, into: y)
    case .tanh: map(FloatFunctions.Tanh.self, x, into: y)
    case .relu: map(FloatFunctions.Relu.self, x, into: y)
    case .relu6: map(FloatFunctions.Relu6.self, x, into: y)
    case .elu: map(FloatFunctions.Elu.self, x, into: y)
    case .selu: map(FloatFunctions.Selu.self, x, into: y)
    case .softplus: map(FloatFunctions.Softplus.self, x, into: y)
    case .softsign: map(FloatFunctions.Softsign.self, x, into: y)
    case .erf: map(FloatFunctions.Erf.self, x, into: y)
    case .erfc: map(FloatFunctions.Erfc.self, x, into: y)
    case .floor: map(FloatFunctions.Floor.self, x, into: y)
    case .ceil: map(FloatFunctions.Ceil.self, x, into: y)
    case .round: map(FloatFunctions.Round.self, x, into: y)
    case .sin: map(FloatFunctions.Sin.self, x, into: y)
    case .cos: map(FloatFunctions.Cos.self, x, into: y)
    }
  }

  /// `y = op(x)`
  public static func apply(_ op: UnaryOperation, _ x: MemoryView<Double>, into y: MemoryView<Double>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] = ScalarFunctions.value(op, x[index]) }
  }

  /// `y = op(x)`, wrapping, where ``UnaryOperation/isDefinedForIntegers``.
  public static func apply(_ op: UnaryOperation, _ x: MemoryView<Int32>, into y: MemoryView<Int32>) {
    mapIntegers(op, x, into: y)
  }

  /// `y = op(x)`, wrapping, where ``UnaryOperation/isDefinedForIntegers``.
  public static func apply(_ op: UnaryOperation, _ x: MemoryView<Int64>, into y: MemoryView<Int64>) {
    mapIntegers(op, x, into: y)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: BinaryOperation, _ a: MemoryView<Float>, _ aShape: Dimensions, _ b: MemoryView<Float>,
    _ bShape: Dimensions, into c: MemoryView<Float>, _ cShape: Dimensions
  ) {
    if op == .power, b.count == 1, let function = ConstantPower(b[0]) {
      precondition(aShape == cShape || aShape.count == cShape.count, "\(aShape) into \(cShape)")
      return function.apply(a, into: c)
    }
    FloatBlockKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: BinaryOperation, _ a: MemoryView<Double>, _ aShape: Dimensions, _ b: MemoryView<Double>,
    _ bShape: Dimensions, into c: MemoryView<Double>, _ cShape: Dimensions
  ) {
    DoubleBlockKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, wrapping, both broadcast to the shape of `c`.
  ///
  /// - Throws: ``KernelError/integerDivisionByZero(position:)`` and ``KernelError/negativeIntegerPower(position:)``,
  ///   with the position in `b`.
  public static func apply(
    _ op: BinaryOperation, _ a: MemoryView<Int32>, _ aShape: Dimensions, _ b: MemoryView<Int32>,
    _ bShape: Dimensions, into c: MemoryView<Int32>, _ cShape: Dimensions
  ) throws(KernelError) {
    try checkIntegers(op, b)
    IntegerBlockKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, wrapping, both broadcast to the shape of `c`.
  ///
  /// - Throws: ``KernelError/integerDivisionByZero(position:)`` and ``KernelError/negativeIntegerPower(position:)``,
  ///   with the position in `b`.
  public static func apply(
    _ op: BinaryOperation, _ a: MemoryView<Int64>, _ aShape: Dimensions, _ b: MemoryView<Int64>,
    _ bShape: Dimensions, into c: MemoryView<Int64>, _ cShape: Dimensions
  ) throws(KernelError) {
    try checkIntegers(op, b)
    IntegerBlockKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }
}

/// Small constant exponents, for which a power is a product.
private enum ConstantPower {
  case one, two, three

  init?(_ exponent: Float) {
    switch exponent {
    case 1: self = .one
    case 2: self = .two
    case 3: self = .three
    default: return nil
    }
  }

  func apply(_ x: MemoryView<Float>, into y: MemoryView<Float>) {
    switch self {
    case .one: Elementwise.map(FloatFunctions.Identity.self, x, into: y)
    case .two: Elementwise.map(FloatFunctions.Square.self, x, into: y)
    case .three: Elementwise.map(FloatFunctions.Cube.self, x, into: y)
    }
  }
}
