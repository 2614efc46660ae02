extension VectorMath {
  /// `ln(1 + f)` for `f` in −1/3 … 1/3.
  @inline(always) private static func logarithmNearOne(_ f: FloatVector) -> FloatVector {
    let tail = polynomial(
      f,
      [
        -0.133_598_97, 0.140_471_44, -0.120_665_37, 0.139_931_32, -0.166_904_24, 0.200_111_99, -0.249_994_81,
        0.333_332_0, -0.5,
      ])
    return multiplyAdd(f * f, tail, f)
  }

  /// The exponent of each float with the bits `x`, kept in place, such that the mantissa is in 2/3 … 4/3.
  @inline(always) private static func exponentBits(_ x: BitVector) -> BitVector {
    (x &- BitVector(repeating: 0x3F2A_AAAB)) & BitVector(repeating: ~0x7F_FFFF)
  }

  /// The number whose exponent bits are `x`.
  @inline(always) private static func exponent(_ x: BitVector) -> FloatVector {
    let shift = BitVector(repeating: Int32(bitPattern: roundingShift.bitPattern))
    return ((x &>> 23) &+ shift).floats - all(roundingShift)
  }

  /// `result` with the values that a logarithm takes outside of its domain and at its ends.
  ///
  /// `x` is the argument, `pole` where it is −∞.
  @inline(always) private static func withSpecialValues(
    _ result: FloatVector, _ x: FloatVector, pole: Float
  ) -> FloatVector {
    var value = x.replacing(with: result, where: x .< all(.infinity))
    value = value.replacing(with: all(-.infinity), where: x .== all(pole))
    return value.replacing(with: all(.nan), where: x .< all(pole))
  }

  /// The natural logarithm.
  @inline(always) static func log(_ x: FloatVector) -> FloatVector {
    let isSubnormal = x .< all(.leastNormalMagnitude)
    let scaled = x.replacing(with: x * all(0x1p23), where: isSubnormal)
    let bias = all(0).replacing(with: all(-23), where: isSubnormal)
    let shift = exponentBits(bits(scaled))
    let mantissa = (bits(scaled) &- shift).floats
    let near = logarithmNearOne(mantissa - all(1))
    return withSpecialValues(
      multiplyAdd(exponent(shift) + bias, all(0.693_147_18), near), x, pole: 0)
  }

  /// `ln(1 + x)`, accurate near 0.
  ///
  /// The power of two is taken from `1 + x`; the mantissa less one is then put together from `x` and that power,
  /// both exact.
  @inline(always) static func log1p(_ x: FloatVector) -> FloatVector {
    let shift = exponentBits(bits(all(1) + x))
    let scaled = (bits(x) &- shift).floats
    let fourfold = (BitVector(repeating: 0x4080_0000) &- shift).floats
    let near = logarithmNearOne(scaled + multiplyAdd(fourfold, all(0.25), all(-1)))
    return withSpecialValues(multiplyAdd(exponent(shift), all(0.693_147_18), near), x, pole: -1)
  }

  /// `ln(1 + eˣ)`
  @inline(always) static func softplus(_ x: FloatVector) -> FloatVector {
    let positive = x.replacing(with: all(0), where: x .< all(0))
    return positive + log1p(exp(-absolute(x)))
  }
}
