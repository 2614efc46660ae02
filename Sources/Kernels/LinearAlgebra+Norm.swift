extension LinearAlgebra {
  /// `Σ x²`, in double precision beyond blocks of 4,096, so that the norm of a large gradient is accurate.
  ///
  /// - Complexity: O(`x.count`), as fast as memory is read.
  public static func sumOfSquares(_ x: MemoryView<Float>) -> Double {
    var total = 0.0
    var index = 0
    while index < x.count {
      // Safety: `end` is at most the count of the view.
      let end = min(index &+ 4096, x.count)
      var sums = VectorMath.all(0)
      while index &+ 16 <= end {
        let values = unsafe VectorMemory.load(x.base + index)
        sums += values * values
        index &+= 16
      }
      while index < end {
        let value = unsafe x.base[index]
        sums[0] += value * value
        index &+= 1
      }
      total += Double(sums.laneSum)
    }
    return total
  }

  /// `Σ x²`
  public static func sumOfSquares(_ x: MemoryView<Double>) -> Double {
    var total = 0.0
    for index in 0..<x.count { total += x[index] * x[index] }
    return total
  }
}
