extension Comparison {
  /// Whether every element of `x` is greater than the one before.
  ///
  /// - Complexity: O(`x.count`), as fast as memory is read.
  public static func isStrictlyAscending(_ x: MemoryView<Int64>) -> Bool {
    var index = 1
    while index < x.count {
      // Safety: `end` is at most the count of the view. Blocks end an early search without a branch per element.
      let end = min(index &+ 4096, x.count)
      var violations: Int64 = 0
      while index < end {
        violations |= unsafe x.base[index] > x.base[index &- 1] ? 0 : 1
        index &+= 1
      }
      guard violations == 0 else { return false }
    }
    return true
  }
}
