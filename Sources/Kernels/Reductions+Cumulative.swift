extension Reductions {
  /// Running sums along `axis`.
  ///
  /// - Parameters:
  ///   - x: Row-major, of shape `shape`.
  ///   - exclusive: Whether an element's own value is left out of its sum.
  ///   - reverse: Whether sums run from the end.
  ///   - y: Of the same shape; it may be the same memory.
  public static func cumulativeSum(
    _ x: MemoryView<Float>, shape: Dimensions, axis: Int, exclusive: Bool = false, reverse: Bool = false,
    into y: MemoryView<Float>
  ) {
    run(x, shape, axis, exclusive, reverse, y, +)
  }

  /// Running sums along `axis`, as for `Float`.
  public static func cumulativeSum(
    _ x: MemoryView<Double>, shape: Dimensions, axis: Int, exclusive: Bool = false, reverse: Bool = false,
    into y: MemoryView<Double>
  ) {
    run(x, shape, axis, exclusive, reverse, y, +)
  }

  /// Running sums along `axis`, wrapping.
  public static func cumulativeSum(
    _ x: MemoryView<Int32>, shape: Dimensions, axis: Int, exclusive: Bool = false, reverse: Bool = false,
    into y: MemoryView<Int32>
  ) {
    run(x, shape, axis, exclusive, reverse, y, &+)
  }

  /// Running sums along `axis`, wrapping.
  public static func cumulativeSum(
    _ x: MemoryView<Int64>, shape: Dimensions, axis: Int, exclusive: Bool = false, reverse: Bool = false,
    into y: MemoryView<Int64>
  ) {
    run(x, shape, axis, exclusive, reverse, y, &+)
  }

  @inline(always) private static func run<Scalar: BitwiseCopyable & AdditiveArithmetic>(
    _ x: MemoryView<Scalar>, _ shape: Dimensions, _ axis: Int, _ exclusive: Bool, _ reverse: Bool,
    _ y: MemoryView<Scalar>, _ add: (Scalar, Scalar) -> Scalar
  ) {
    precondition(x.count == shape.count && y.count == x.count, "\(x.count) into \(y.count) scalars of \(shape)")
    let (outer, inner) = (shape.count(of: 0..<axis), shape.count(of: axis + 1..<shape.rank))
    let extent = shape[axis]
    for group in 0..<outer {
      for lane in 0..<inner {
        var total = Scalar.zero
        for step in 0..<extent {
          let index = reverse ? extent - 1 - step : step
          let place = (group * extent + index) * inner + lane
          let next = add(total, x[place])
          y[place] = exclusive ? total : next
          total = next
        }
      }
    }
  }
}
