/// Loads and stores of vectors at any address.
enum VectorMemory {
  // Safety: callers pass addresses of at least as many floats as are loaded or stored. Floats have no padding and
  // accept any bit pattern, and the unaligned forms are used throughout.

  /// The number of floats in a vector.
  static var width: Int { 16 }

  /// The 16 floats at `address`.
  @unsafe @inline(always) static func load(_ address: UnsafePointer<Float>) -> FloatVector {
    unsafe UnsafeRawPointer(address).loadUnaligned(as: FloatVector.self)
  }

  /// Replaces the 16 floats at `address`.
  @unsafe @inline(always) static func store(_ vector: FloatVector, _ address: UnsafeMutablePointer<Float>) {
    unsafe UnsafeMutableRawPointer(address).storeBytes(of: vector, as: FloatVector.self)
  }

  /// The `count` floats at `address`, fewer than 16, and zeros after them.
  @unsafe @inline(always) static func load(_ address: UnsafePointer<Float>, first count: Int) -> FloatVector {
    var four = SIMD4<Float>.zero
    if count & 1 != 0 { four[0] = unsafe address[count &- 1] }
    if count & 2 != 0 {
      let two = unsafe UnsafeRawPointer(address + (count & 12)).loadUnaligned(as: SIMD2<Float>.self)
      four = SIMD4(lowHalf: two, highHalf: four.lowHalf)
    }
    var eight = SIMD8(lowHalf: four, highHalf: .zero)
    if count & 4 != 0 {
      let low = unsafe UnsafeRawPointer(address + (count & 8)).loadUnaligned(as: SIMD4<Float>.self)
      eight = SIMD8(lowHalf: low, highHalf: four)
    }
    guard count & 8 != 0 else { return FloatVector(lowHalf: eight, highHalf: .zero) }
    let low = unsafe UnsafeRawPointer(address).loadUnaligned(as: SIMD8<Float>.self)
    return FloatVector(lowHalf: low, highHalf: eight)
  }

  /// The `count` floats at `address`, fewer than 16, and `padding` after them.
  @unsafe @inline(always) static func load(
    _ address: UnsafePointer<Float>, first count: Int, otherwise padding: Float
  ) -> FloatVector {
    FloatVector(repeating: padding).replacing(with: unsafe load(address, first: count), where: first(count))
  }

  /// The lanes before `count`.
  @inline(always) static func first(_ count: Int) -> SIMDMask<BitVector> {
    BitVector(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
      .< BitVector(repeating: Int32(truncatingIfNeeded: count))
  }

  /// Replaces the `count` floats at `address`, fewer than 16, by the first lanes of `vector`.
  @unsafe @inline(always) static func store(
    _ vector: FloatVector, _ address: UnsafeMutablePointer<Float>, first count: Int
  ) {
    var eight = vector.lowHalf
    if count & 8 != 0 {
      unsafe UnsafeMutableRawPointer(address).storeBytes(of: eight, as: SIMD8<Float>.self)
      eight = vector.highHalf
    }
    var four = eight.lowHalf
    if count & 4 != 0 {
      unsafe UnsafeMutableRawPointer(address + (count & 8)).storeBytes(of: four, as: SIMD4<Float>.self)
      four = eight.highHalf
    }
    var two = four.lowHalf
    if count & 2 != 0 {
      unsafe UnsafeMutableRawPointer(address + (count & 12)).storeBytes(of: two, as: SIMD2<Float>.self)
      two = four.highHalf
    }
    if count & 1 != 0 { unsafe address[count &- 1] = two[0] }
  }
}

extension SIMD16<Float> {
  /// The sum of the lanes, added in a tree.
  @inline(always) var laneSum: Float {
    let eight = lowHalf + highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// The lanes combined in a tree by `Operator`.
  @inline(always) func combined<Operator: FloatOperator>(by _: Operator.Type) -> Float {
    var value = self
    value = Operator.value(value, FloatVector(lowHalf: value.highHalf, highHalf: value.lowHalf))
    let four = value.lowHalf.highHalf
    value = Operator.value(value, FloatVector(lowHalf: SIMD8(lowHalf: four, highHalf: four), highHalf: .zero))
    let two = value.lowHalf.lowHalf.highHalf
    let pairs = SIMD8(lowHalf: SIMD4(lowHalf: two, highHalf: two), highHalf: .zero)
    value = Operator.value(value, FloatVector(lowHalf: pairs, highHalf: .zero))
    return Operator.value(value, FloatVector(repeating: value[1]))[0]
  }
}
