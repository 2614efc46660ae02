import CIntrinsics

/// Elementary functions of sixteen floats at a time.
///
/// They are polynomials that stay within a few units in the last place of the true value, and follow IEEE 754 for
/// NaN, infinities, overflow and subnormal numbers. A lane's result never depends on the other lanes, so results do
/// not change with the place of an element in an array.
enum VectorMath {
  /// `a * b + c`, rounded once where the processor can.
  @inline(always) static func multiplyAdd(_ a: FloatVector, _ b: FloatVector, _ c: FloatVector) -> FloatVector {
    FloatVector(onlearn_multiply_add(a.lanes, b.lanes, c.lanes))
  }

  /// `value` in every lane.
  @inline(always) static func all(_ value: Float) -> FloatVector { FloatVector(repeating: value) }

  /// The bits of `x`.
  @inline(always) static func bits(_ x: FloatVector) -> BitVector { BitVector(bitsOf: x) }

  /// `|x|`
  @inline(always) static func absolute(_ x: FloatVector) -> FloatVector {
    (bits(x) & BitVector(repeating: Int32.max)).floats
  }

  /// `magnitude`, which is not negative, with the sign of `sign`.
  @inline(always) static func withSign(of sign: FloatVector, _ magnitude: FloatVector) -> FloatVector {
    (bits(magnitude) | (bits(sign) & BitVector(repeating: Int32.min))).floats
  }

  /// The polynomial with `coefficients`, the highest power first, by Horner's rule.
  @inline(always) static func polynomial<let count: Int>(
    _ x: FloatVector, _ coefficients: InlineArray<count, Float>
  ) -> FloatVector {
    var value = all(coefficients[0])
    for index in 1..<count { value = multiplyAdd(value, x, all(coefficients[index])) }
    return value
  }
}

// The exponential family.
extension VectorMath {
  /// 1.5 · 2²³: a float of this size has no fraction, and its low bits are the integer that was added to it.
  static let roundingShift: Float = 12_582_912

  /// `x = integer · ln 2 + remainder`, and `(e^remainder − 1 − remainder) / remainder²`.
  private struct Reduced {
    var integer: BitVector
    var remainder: FloatVector
    var tail: FloatVector
  }

  /// Splits `x`, whose magnitude is below 2²¹.
  @inline(always) private static func reduced(_ x: FloatVector) -> Reduced {
    let shifted = multiplyAdd(x, all(1.442_695_04), all(roundingShift))
    let count = shifted - all(roundingShift)
    // ln 2 in two parts; `count` times the first is exact.
    var remainder = multiplyAdd(count, all(-0.693_145_752), x)
    remainder = multiplyAdd(count, all(-1.428_606_77e-06), remainder)
    let tail = polynomial(
      remainder, [0.000_199_148_868, 0.001_394_152_1, 0.008_333_272, 0.041_666_348, 0.166_666_67, 0.5])
    return Reduced(
      integer: bits(shifted) &- BitVector(repeating: Int32(bitPattern: roundingShift.bitPattern)),
      remainder: remainder, tail: tail)
  }

  /// 2 to the power of `exponent`, which lies in −126 … 127.
  @inline(always) private static func powerOfTwo(_ exponent: BitVector) -> FloatVector {
    ((exponent &+ BitVector(repeating: 127)) &<< 23).floats
  }

  /// `eˣ`
  @inline(always) static func exp(_ x: FloatVector) -> FloatVector {
    var bounded = x.replacing(with: all(89), where: x .> all(89))
    bounded = bounded.replacing(with: all(-105), where: bounded .< all(-105))
    let parts = reduced(bounded)
    let mantissa =
      multiplyAdd(
        parts.remainder * parts.remainder, parts.tail, parts.remainder) + all(1)
    // Two steps, so that the result may overflow and be subnormal while neither factor does.
    let half = parts.integer &>> 1
    return mantissa * powerOfTwo(half) * powerOfTwo(parts.integer &- half)
  }

  /// `eˣ − 1`, accurate near 0.
  @inline(always) static func expm1(_ x: FloatVector) -> FloatVector {
    var bounded = x.replacing(with: all(89), where: x .> all(89))
    bounded = bounded.replacing(with: all(-25), where: bounded .< all(-25))
    let parts = reduced(bounded)
    let small = multiplyAdd(parts.remainder * parts.remainder, parts.tail, parts.remainder)
    // Half of the result, because 2¹²⁸ is not a float.
    let scale = powerOfTwo(parts.integer &- BitVector(repeating: 1))
    let half = multiplyAdd(scale, small, scale - all(0.5))
    return half + half
  }

  /// `1 / (1 + e⁻ˣ)`
  @inline(always) static func sigmoid(_ x: FloatVector) -> FloatVector {
    all(1) / (all(1) + exp(-x))
  }

  /// The hyperbolic tangent: `|t / (t + 2)|` with `t = e^(−2|x|) − 1`, and the sign of `x`, also of zero.
  @inline(always) static func tanh(_ x: FloatVector) -> FloatVector {
    let shrunk = expm1(all(-2) * absolute(x))
    return withSign(of: x, absolute(shrunk / (shrunk + all(2))))
  }
}
