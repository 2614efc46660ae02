/// Scalars that have an order: what ``Reductions/argMax(_:shape:axis:into:)`` and its kin take.
public protocol OrderedScalar: Comparable, BitwiseCopyable, Sendable {
  /// Not above any number.
  static var lowest: Self { get }
  /// Not below any number.
  static var highest: Self { get }
}

extension Float: OrderedScalar {
  public static var lowest: Float { -.infinity }
  public static var highest: Float { .infinity }
}

extension Double: OrderedScalar {
  public static var lowest: Double { -.infinity }
  public static var highest: Double { .infinity }
}

extension Int32: OrderedScalar {
  public static var lowest: Int32 { .min }
  public static var highest: Int32 { .max }
}

extension Int64: OrderedScalar {
  public static var lowest: Int64 { .min }
  public static var highest: Int64 { .max }
}

extension Reductions {
  /// The index of the largest element along `axis`, the first of equals. NaN is never the largest; without a number
  /// the index is 0.
  ///
  /// - Parameters:
  ///   - x: Row-major, of shape `shape`.
  ///   - y: One index for each place along the other axes.
  @inlinable public static func argMax<Scalar: OrderedScalar>(
    _ x: MemoryView<Scalar>, shape: Dimensions, axis: Int, into y: MemoryView<Int64>
  ) {
    let (outer, extent, inner) = split(x.count, y.count, shape, axis)
    for group in 0..<outer {
      for lane in 0..<inner {
        var (best, bestIndex) = (Scalar.lowest, 0)
        for index in 0..<extent {
          let value = x[(group * extent + index) * inner + lane]
          if value > best { (best, bestIndex) = (value, index) }
        }
        y[group * inner + lane] = Int64(bestIndex)
      }
    }
  }

  /// The index of the smallest element along `axis`, the first of equals. NaN is never the smallest; without a number
  /// the index is 0.
  ///
  /// - Parameters:
  ///   - x: Row-major, of shape `shape`.
  ///   - y: One index for each place along the other axes.
  @inlinable public static func argMin<Scalar: OrderedScalar>(
    _ x: MemoryView<Scalar>, shape: Dimensions, axis: Int, into y: MemoryView<Int64>
  ) {
    let (outer, extent, inner) = split(x.count, y.count, shape, axis)
    for group in 0..<outer {
      for lane in 0..<inner {
        var (best, bestIndex) = (Scalar.highest, 0)
        for index in 0..<extent {
          let value = x[(group * extent + index) * inner + lane]
          if value < best { (best, bestIndex) = (value, index) }
        }
        y[group * inner + lane] = Int64(bestIndex)
      }
    }
  }

  /// The number of groups, the extent of `axis`, and the number of lanes within.
  @usableFromInline static func split(
    _ count: Int, _ resultCount: Int, _ shape: Dimensions, _ axis: Int
  ) -> (outer: Int, extent: Int, inner: Int) {
    let (outer, inner) = (shape.count(of: 0..<axis), shape.count(of: axis + 1..<shape.rank))
    precondition(count == shape.count, "\(count) scalars of shape \(shape)")
    precondition(resultCount == outer * inner, "\(resultCount) results of \(outer * inner)")
    precondition(shape[axis] > 0 || resultCount == 0, "an empty axis \(axis) in \(shape) has no largest element")
    return (outer, shape[axis], inner)
  }
}
