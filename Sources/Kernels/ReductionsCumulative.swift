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

  /// `ln Σ e^x` of each row, of shape `[rows, columns]`.
  public static func logSumExp(_ x: MemoryView<Float>, rows: Int, columns: Int, into y: MemoryView<Float>) {
    precondition(x.count == rows * columns && y.count == rows, "\(x.count) scalars, \(y.count) results")
    for row in 0..<rows {
      // Safety: `x` holds `rows` rows of `columns`.
      let source = unsafe UnsafePointer(x.base + row &* columns)
      let largest = unsafe FloatReductions.contiguous(FloatOperators.Maximum.self, source, count: columns)
      // An infinite maximum is the result itself.
      guard largest.magnitude < .infinity else {
        y[row] = largest
        continue
      }
      let sum = unsafe Softmax.sumOfExponentials(source, less: largest, count: columns)
      y[row] = largest + VectorMath.log(VectorMath.all(sum))[0]
    }
  }

  /// `ln Σ e^x` of each row, of shape `[rows, columns]`.
  public static func logSumExp(_ x: MemoryView<Double>, rows: Int, columns: Int, into y: MemoryView<Double>) {
    precondition(x.count == rows * columns && y.count == rows, "\(x.count) scalars, \(y.count) results")
    for row in 0..<rows { y[row] = ReferenceSoftmax.logSumExp(x[row * columns..<(row + 1) * columns]) }
  }
}
