/// A function of one number, as `Elementwise.apply` takes it.
public enum UnaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  case negate, absolute, sign
  case exp, expm1, log, log1p
  case squareRoot, reciprocalSquareRoot, reciprocal, square
  case sigmoid, tanh
  case relu, relu6, elu, selu, softplus, softsign
  case erf, erfc
  case floor, ceil
  /// To the nearest integer, halves to the even one.
  case round
  case sin, cos

  /// Whether there is a kernel for `Int32` and `Int64`.
  public var isDefinedForIntegers: Bool {
    switch self {
    case .negate, .absolute, .sign, .square, .relu, .relu6: true
    default: false
    }
  }
}

/// A function of two numbers, as `Elementwise.apply` takes it.
///
/// Gradients take their operands in the order of TensorFlow's ops, which differs: the incoming gradient `dy` first or
/// second, with the function's argument `x` or its result `y`.
public enum BinaryOperation: UInt8, CaseIterable, Sendable, Hashable {
  case add, subtract, multiply
  /// Division, of integers towards zero.
  case divide
  /// 0 where the divisor is 0, the quotient elsewhere.
  case divideOrZero
  /// NaN where an operand is NaN.
  case maximum, minimum
  case power
  /// `(a − b)²`
  case squaredDifference
  /// The quotient rounded down.
  case floorDivide
  /// What ``floorDivide`` leaves, with the sign of the divisor.
  case floorModulo
  /// The quotient rounded towards zero.
  case truncateDivide
  /// What ``truncateDivide`` leaves, with the sign of the dividend.
  case truncateModulo
  /// The angle of the point `(b, a)`.
  case atan2
  /// `(dy, y) → dy` where `y > 0`, else 0. The argument does as well as the result.
  case reluGradient
  /// `(y, dy) → dy · y · (1 − y)`
  case sigmoidGradient
  /// `(y, dy) → dy · (1 − y²)`
  case tanhGradient
  /// `(dy, x) → dy` where `0 < x < 6`, else 0.
  case relu6Gradient
  /// `(dy, y) → dy · (y + 1)` where `y < 0`, else `dy`.
  case eluGradient
  /// `(dy, y) → dy · (y + scale · alpha)` where `y < 0`, else `dy · scale`.
  case seluGradient
  /// `(dy, x) → dy · sigmoid(x)`
  case softplusGradient

  /// Whether there is a kernel for `Int32` and `Int64`.
  public var isDefinedForIntegers: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .divideOrZero, .maximum, .minimum, .power, .squaredDifference,
      .floorDivide, .floorModulo, .truncateDivide, .truncateModulo, .reluGradient, .relu6Gradient:
      true
    default: false
    }
  }

  /// Whether integers cannot be divided by zero under this operation.
  public var dividesIntegers: Bool {
    switch self {
    case .divide, .floorDivide, .floorModulo, .truncateDivide, .truncateModulo: true
    default: false
    }
  }
}

/// What `Elementwise.biasActivation` does with a sum.
public enum Activation: UInt8, CaseIterable, Sendable, Hashable {
  case none, relu, relu6, sigmoid, tanh, elu, selu, softplus
}

/// The constants of the scaled exponential linear unit (Klambauer et al., *Self-Normalizing Neural Networks*, 2017).
enum SELU {
  static let alpha = 1.6732632423543772848170429916717
  static let scale = 1.0507009873554804934193349852946
}
