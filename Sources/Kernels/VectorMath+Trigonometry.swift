extension VectorMath {
  /// The largest magnitude that ``sin(_:)`` and ``cos(_:)`` reduce themselves.
  private static let trigonometricLimit: Float = 8192

  /// The sine of `x + quarterTurns · π/2`, for `|x|` up to the limit.
  @inline(always) private static func sine(_ x: FloatVector, quarterTurns: Int32) -> FloatVector {
    let shifted = multiplyAdd(x, all(0.636_619_77), all(roundingShift))
    let count = shifted - all(roundingShift)
    // π/2 in three parts; `count` times each of the first two is exact (Cody and Waite).
    var remainder = multiplyAdd(count, all(-1.570_312_5), x)
    remainder = multiplyAdd(count, all(-4.837_512_969_970_703_125e-4), remainder)
    remainder = multiplyAdd(count, all(-7.549_789_954_891_882_16e-8), remainder)
    let square = remainder * remainder
    let oddPart = multiplyAdd(
      polynomial(square, [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]), square * remainder, remainder)
    let evenPart = multiplyAdd(
      polynomial(square, [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2, -0.5]), square, all(1))
    let quadrant = bits(shifted) &+ BitVector(repeating: quarterTurns)
    // The lowest bit of the quadrant, in every bit, and the one above it as a sign.
    let value = oddPart.replacing(with: evenPart, where: (quadrant &<< 31) &>> 31)
    let sign = (quadrant & BitVector(repeating: 2)) &<< 30
    return (bits(value) ^ sign).floats
  }

  /// The lanes that are beyond the limit, infinite or NaN.
  @inline(always) private static func beyondLimit(_ x: FloatVector) -> BitVector {
    .!(absolute(x) .<= all(trigonometricLimit))
  }

  /// The sine. Lanes beyond the limit are left to the C library.
  @inline(always) static func sin(_ x: FloatVector) -> FloatVector {
    let value = sine(x, quarterTurns: 0)
    let beyond = beyondLimit(x)
    guard beyond.isAnySet else { return value }
    return value.replacing(with: eachLane(x, Library.sine), where: beyond)
  }

  /// The cosine. Lanes beyond the limit are left to the C library.
  @inline(always) static func cos(_ x: FloatVector) -> FloatVector {
    let value = sine(x, quarterTurns: 1)
    let beyond = beyondLimit(x)
    guard beyond.isAnySet else { return value }
    return value.replacing(with: eachLane(x, Library.cosine), where: beyond)
  }
}
