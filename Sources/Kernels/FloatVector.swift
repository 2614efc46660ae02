import CIntrinsics

/// Sixteen floats, the width at which the kernels for `Float` work: one register of AVX-512, two of AVX2 and four of
/// SSE2 or NEON.
///
/// It wraps `SIMD16<Float>` to give it operations that are inlined everywhere.
struct FloatVector {
  var lanes: SIMD16<Float>

  @inline(always) init(_ lanes: SIMD16<Float>) { self.lanes = lanes }

  /// `value` in every lane.
  @inline(always) init(repeating value: Float) { lanes = onlearn_splat(value) }

  /// `low` in the first eight lanes, `high` in the others.
  @inline(always) init(lowHalf low: SIMD8<Float>, highHalf high: SIMD8<Float>) {
    lanes = SIMD16(lowHalf: low, highHalf: high)
  }

  /// Zero in every lane.
  @inline(always) static var zero: Self { Self(repeating: 0) }

  /// Every other lane, from the first on.
  @inline(always) var evenHalf: SIMD8<Float> { lanes.evenHalf }
  /// Every other lane, from the second on.
  @inline(always) var oddHalf: SIMD8<Float> { lanes.oddHalf }

  /// The value of one lane.
  subscript(lane: Int) -> Float {
    @inline(always) get { lanes[lane] }
    @inline(always) set { lanes[lane] = newValue }
  }

  @inline(always) static func + (a: Self, b: Self) -> Self { Self(onlearn_add(a.lanes, b.lanes)) }
  @inline(always) static func - (a: Self, b: Self) -> Self { Self(onlearn_subtract(a.lanes, b.lanes)) }
  @inline(always) static func * (a: Self, b: Self) -> Self { Self(onlearn_multiply(a.lanes, b.lanes)) }
  @inline(always) static func / (a: Self, b: Self) -> Self { Self(onlearn_divide(a.lanes, b.lanes)) }
  @inline(always) static prefix func - (a: Self) -> Self { Self(onlearn_negate(a.lanes)) }
  @inline(always) static func - (a: Self, b: Float) -> Self { a - Self(repeating: b) }
  @inline(always) static func * (a: Self, b: Float) -> Self { a * Self(repeating: b) }
  @inline(always) static func += (a: inout Self, b: Self) { a = a + b }

  @inline(always) static func .< (a: Self, b: Self) -> BitVector { BitVector(onlearn_less(a.lanes, b.lanes)) }
  @inline(always) static func .> (a: Self, b: Self) -> BitVector { b .< a }
  @inline(always) static func .<= (a: Self, b: Self) -> BitVector { BitVector(onlearn_less_equal(a.lanes, b.lanes)) }
  @inline(always) static func .== (a: Self, b: Self) -> BitVector { BitVector(onlearn_equal(a.lanes, b.lanes)) }
  @inline(always) static func .!= (a: Self, b: Self) -> BitVector { BitVector(onlearn_not_equal(a.lanes, b.lanes)) }

  /// `other` in the lanes where `mask` holds, the receiver's elsewhere.
  @inline(always) func replacing(with other: Self, where mask: BitVector) -> Self {
    Self(onlearn_choose(mask.lanes, other.lanes, lanes))
  }

  /// The next integer below.
  @inline(always) var floor: Self { Self(onlearn_floor(lanes)) }
  /// The next integer above.
  @inline(always) var ceil: Self { Self(onlearn_ceil(lanes)) }
  /// The next integer towards zero.
  @inline(always) var truncated: Self { Self(onlearn_truncate_each(lanes)) }
  /// The nearest integer, the even one of two.
  @inline(always) var roundedToEven: Self { Self(onlearn_round_even(lanes)) }
  /// The square root.
  @inline(always) var squareRoot: Self { Self(onlearn_square_root(lanes)) }

  /// The sum of the lanes, added in a tree.
  @inline(always) var laneSum: Float { onlearn_sum(lanes) }

  /// The lanes combined in a tree by `Operator`.
  @inline(always) func combined<Operator: FloatOperator>(by _: Operator.Type) -> Float {
    var value = Self(onlearn_settled(lanes))
    value = Operator.value(value, Self(onlearn_upper8(value.lanes)))
    value = Operator.value(value, Self(onlearn_upper4(value.lanes)))
    value = Operator.value(value, Self(onlearn_upper2(value.lanes)))
    return Operator.value(value, Self(onlearn_upper1(value.lanes)))[0]
  }
}

/// The bits of a ``FloatVector``, or a mask: all ones in the lanes where a condition holds, zero elsewhere.
struct BitVector {
  var lanes: SIMD16<Int32>

  @inline(always) init(_ lanes: SIMD16<Int32>) { self.lanes = lanes }

  /// `value` in every lane.
  @inline(always) init(repeating value: Int32) { lanes = onlearn_splat_bits(value) }

  /// The bits of `x`.
  @inline(always) init(bitsOf x: FloatVector) { lanes = onlearn_bits(x.lanes) }

  /// The floats with these bits.
  @inline(always) var floats: FloatVector { FloatVector(onlearn_floats(lanes)) }

  @inline(always) static func & (a: Self, b: Self) -> Self { Self(onlearn_and(a.lanes, b.lanes)) }
  @inline(always) static func | (a: Self, b: Self) -> Self { Self(onlearn_or(a.lanes, b.lanes)) }
  @inline(always) static func ^ (a: Self, b: Self) -> Self { Self(onlearn_xor(a.lanes, b.lanes)) }
  @inline(always) static prefix func .! (a: Self) -> Self { a ^ Self(repeating: -1) }
  @inline(always) static func &+ (a: Self, b: Self) -> Self { Self(onlearn_add_bits(a.lanes, b.lanes)) }
  @inline(always) static func &- (a: Self, b: Self) -> Self { Self(onlearn_subtract_bits(a.lanes, b.lanes)) }
  @inline(always) static func &<< (a: Self, count: Int32) -> Self { Self(onlearn_shift_left(a.lanes, count)) }
  @inline(always) static func &>> (a: Self, count: Int32) -> Self { Self(onlearn_shift_right(a.lanes, count)) }

  @inline(always) static func .== (a: Self, b: Self) -> Self { Self(onlearn_equal_bits(a.lanes, b.lanes)) }

  /// `other` in the lanes where `mask` holds, the receiver's elsewhere.
  @inline(always) func replacing(with other: Self, where mask: Self) -> Self {
    Self(bitsOf: floats.replacing(with: other.floats, where: mask))
  }

  /// Whether a bit of a lane is set.
  @inline(always) var isAnySet: Bool { onlearn_any(lanes) }
}
