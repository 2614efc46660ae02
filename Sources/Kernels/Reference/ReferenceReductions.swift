/// ``Reductions`` as naive loops over arrays of Double: the specification tests compare with.
package enum ReferenceReductions {
  /// The elements behind each result of a reduction of `x` along `axes`, in order.
  package static func groups<Element>(_ x: [Element], shape: [Int], axes: Set<Int>) -> [[Element]] {
    let kept = shape.indices.filter { !axes.contains($0) }
    let count = kept.reduce(1) { $0 * shape[$1] }
    var groups = [[Element]](repeating: [], count: count)
    for position in x.indices {
      // The index of each axis, then the position of the result among the kept ones.
      var (rest, index) = (position, [Int](repeating: 0, count: shape.count))
      for axis in shape.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      groups[kept.reduce(0) { $0 * shape[$1] + index[$1] }].append(x[position])
    }
    return groups
  }

  /// The elements of `x` combined along `axes`.
  package static func reduce(_ op: ReductionOperation, _ x: [Double], shape: [Int], axes: Set<Int>) -> [Double] {
    groups(x, shape: shape, axes: axes).map { group in
      switch op {
      case .sum: group.reduce(0, +)
      case .mean: group.reduce(0, +) / Double(group.count)
      case .product: group.reduce(1, *)
      case .maximum: group.reduce(-.infinity, larger)
      case .minimum: group.reduce(.infinity, smaller)
      }
    }
  }

  private static func larger(_ a: Double, _ b: Double) -> Double { b.isNaN || a < b ? b : a }

  private static func smaller(_ a: Double, _ b: Double) -> Double { b.isNaN || a > b ? b : a }
}
