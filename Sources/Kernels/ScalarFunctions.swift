import Glibc

/// The functions behind ``UnaryOperation``, ``BinaryOperation`` and ``Activation`` of one number.
///
/// The kernels of Double and integers apply them, and tests compare with them what vectors of Float give. They
/// themselves are tested with values that TensorFlow computed.
package enum ScalarFunctions {
  /// `op(x)`
  package static func value(_ op: UnaryOperation, _ x: Double) -> Double {
    switch op {
    case .negate: -x
    case .absolute: x.magnitude
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .exp: exp(x)
    case .expm1: expm1(x)
    case .log: log(x)
    case .log1p: log1p(x)
    case .squareRoot: x.squareRoot()
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .square: x * x
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: tanh(x)
    case .relu: x < 0 ? 0 : x
    case .relu6: x < 0 ? 0 : x > 6 ? 6 : x
    case .elu: x < 0 ? expm1(x) : x
    case .selu: SELU.scale * (x < 0 ? SELU.alpha * expm1(x) : x)
    case .softplus: (x < 0 ? 0 : x) + log1p(exp(-x.magnitude))
    case .softsign: x / (x.magnitude + 1)
    case .erf: erf(x)
    case .erfc: erfc(x)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .sin: sin(x)
    case .cos: cos(x)
    }
  }

  /// `activation(x)`
  static func value(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .none: x
    case .relu: value(UnaryOperation.relu, x)
    case .relu6: value(UnaryOperation.relu6, x)
    case .sigmoid: value(UnaryOperation.sigmoid, x)
    case .tanh: value(UnaryOperation.tanh, x)
    case .elu: value(UnaryOperation.elu, x)
    case .selu: value(UnaryOperation.selu, x)
    case .softplus: value(UnaryOperation.softplus, x)
    }
  }

  /// `op(a, b)`
  package static func value(_ op: BinaryOperation, _ a: Double, _ b: Double) -> Double {
    switch op {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .divideOrZero: return b == 0 ? 0 : a / b
    case .maximum: return b.isNaN || a < b ? b : a
    case .minimum: return b.isNaN || a > b ? b : a
    case .power: return pow(a, b)
    case .squaredDifference: return (a - b) * (a - b)
    case .floorDivide: return (a / b).rounded(.down)
    case .floorModulo:
      let remainder = fmod(a, b)
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
    case .truncateDivide: return (a / b).rounded(.towardZero)
    case .truncateModulo: return fmod(a, b)
    case .atan2: return atan2(a, b)
    case .reluGradient: return b > 0 ? a : 0
    case .sigmoidGradient: return b * a * (1 - a)
    case .tanhGradient: return b * (1 - a * a)
    case .relu6Gradient: return b > 0 && b < 6 ? a : 0
    case .eluGradient: return b < 0 ? a * (b + 1) : a
    case .seluGradient: return b < 0 ? a * (b + SELU.scale * SELU.alpha) : a * SELU.scale
    case .softplusGradient: return a / (1 + exp(-b))
    }
  }

  /// `op(x)`, wrapping.
  static func value<Integer: FixedWidthInteger & SignedInteger>(
    _ op: UnaryOperation, _ x: Integer
  ) -> Integer {
    switch op {
    case .negate: 0 &- x
    case .absolute: x < 0 ? 0 &- x : x
    case .sign: x.signum()
    case .square: x &* x
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    default: preconditionFailure("\(op) of integers")
    }
  }

  /// `op(a, b)`, wrapping. Divisors are not zero and exponents not negative.
  static func value<Integer: FixedWidthInteger & SignedInteger>(
    _ op: BinaryOperation, _ a: Integer, _ b: Integer
  ) -> Integer {
    switch op {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide, .truncateDivide: return a.dividedReportingOverflow(by: b).partialValue
    case .divideOrZero: return b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .maximum: return max(a, b)
    case .minimum: return min(a, b)
    case .power: return power(a, b)
    case .squaredDifference: return (a &- b) &* (a &- b)
    case .floorDivide:
      let quotient = a.dividedReportingOverflow(by: b).partialValue
      return (a < 0) != (b < 0) && quotient &* b != a ? quotient - 1 : quotient
    case .floorModulo:
      let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
    case .truncateModulo: return a.remainderReportingOverflow(dividingBy: b).partialValue
    case .reluGradient: return b > 0 ? a : 0
    case .relu6Gradient: return b > 0 && b < 6 ? a : 0
    default: preconditionFailure("\(op) of integers")
    }
  }

  /// `base` multiplied `exponent` times, wrapping, by repeated squaring.
  private static func power<Integer: FixedWidthInteger>(_ base: Integer, _ exponent: Integer) -> Integer {
    var (value, factor, rest) = (Integer(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { value = value &* factor }
      factor = factor &* factor
      rest >>= 1
    }
    return value
  }
}
