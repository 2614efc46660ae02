import Glibc

/// The transform of Box and Muller: two uniform numbers become two independent normal ones.
enum BoxMuller {
  /// The two normal samples of a pair of words.
  static func normals(_ pair: UInt64) -> (Double, Double) {
    let radius = (-2 * log((Double(UInt32(truncatingIfNeeded: pair)) + 0.5) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * Double(pair >> 32) * 0x1p-32
    return (radius * cos(angle), radius * sin(angle))
  }

  /// The 32 normal samples of a group: the first of each pair, then the second of each.
  @inline(always)
  static func normals(_ words: PhiloxGroup) -> (FloatVector, FloatVector) {
    // In 1..<2 each: the distance to 2 is never zero, so that it has a logarithm.
    // Safety: all vectors have 64 bytes, and every bit pattern is a float.
    let (magnitude, turn) = unsafe (
      unsafeBitCast(SIMD16(lowHalf: half(words.first, 0), highHalf: half(words.second, 0)), to: FloatVector.self),
      unsafeBitCast(SIMD16(lowHalf: half(words.first, 32), highHalf: half(words.second, 32)), to: FloatVector.self)
    )
    let radius = (VectorMath.all(-2) * VectorMath.log(VectorMath.all(2) - magnitude)).squareRoot
    let angle = (turn - 1.5) * (2 * Float.pi)
    return (radius * VectorMath.cos(angle), radius * VectorMath.sin(angle))
  }

  /// The bits of eight numbers in `1..<2`, from the low or the high half of each lane.
  @inline(always)
  private static func half(_ pairs: SIMD8<UInt64>, _ shift: UInt64) -> SIMD8<UInt32> {
    (SIMD8<UInt32>(truncatingIfNeeded: pairs &>> shift) &>> 9) | (1 as Float).bitPattern
  }

  /// The first sample within two deviations from the blocks that are element `element`'s own.
  ///
  /// Each attempt has four samples. The blocks are numbered beyond those that elements share.
  static func truncated(_ generator: Philox4x32, _ stream: UInt64, element: UInt64) -> Double {
    var attempt: UInt64 = 1
    while true {
      let words = generator.words(block: attempt << 48 | element, stream: stream)
      for index in 0..<2 {
        let (a, b) = normals(UInt64(words[2 * index]) | UInt64(words[2 * index + 1]) << 32)
        if abs(a) < 2 { return a }
        if abs(b) < 2 { return b }
      }
      attempt += 1
    }
  }
}
