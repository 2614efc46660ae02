extension Comparison {
  /// Whether no element of `x` is NaN or infinite.
  ///
  /// - Complexity: O(`x.count`), as fast as memory is read.
  public static func allFinite(_ x: MemoryView<Float>) -> Bool {
    // `v − v` is 0 for every finite number and NaN otherwise; NaN stays in a sum.
    var index = 0
    while index < x.count {
      // Safety: `end` is at most the count of the view. Blocks end an early search without a branch per vector.
      let end = min(index &+ 4096, x.count)
      var (a, b) = (VectorMath.all(0), VectorMath.all(0))
      while index &+ 32 <= end {
        let (v, w) = unsafe (VectorMemory.load(x.base + index), VectorMemory.load(x.base + index + 16))
        a += v - v
        b += w - w
        index &+= 32
      }
      while index < end {
        let value = unsafe x.base[index]
        a[0] += value - value
        index &+= 1
      }
      guard (a + b).laneSum == 0 else { return false }
    }
    return true
  }

  /// Whether no element of `x` is NaN or infinite.
  public static func allFinite(_ x: MemoryView<Double>) -> Bool {
    for index in 0..<x.count where !x[index].isFinite { return false }
    return true
  }
}
