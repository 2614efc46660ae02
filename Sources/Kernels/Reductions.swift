/// How `Reductions.reduce` combines numbers.
public enum ReductionOperation: UInt8, CaseIterable, Sendable, Hashable {
  case sum
  /// Of nothing NaN; integers are rounded towards zero, and of nothing 0.
  case mean
  case product
  /// NaN if one of the numbers is; of nothing −∞ or the least integer.
  case maximum
  /// NaN if one of the numbers is; of nothing +∞ or the greatest integer.
  case minimum
}

/// How `Reductions.reduce` combines truth values.
public enum LogicalReduction: UInt8, CaseIterable, Sendable, Hashable {
  /// Of nothing true.
  case all
  /// Of nothing false.
  case any
}

/// Sums and other combinations along axes.
public enum Reductions {
  /// Combines the elements of `x` along `axes`.
  ///
  /// Sums are formed from many partial sums in a fixed order: the same array gives the same bits.
  ///
  /// - Parameters:
  ///   - x: Row-major, of shape `shape`.
  ///   - axes: The axes that disappear.
  ///   - y: One element for each place along the other axes.
  ///   - accumulating: For sums only: adds to `y` instead of replacing it.
  public static func reduce(
    _ op: ReductionOperation, _ x: MemoryView<Float>, shape: Dimensions, over axes: AxisSet,
    into y: MemoryView<Float>, accumulating: Bool = false
  ) {
    let plan = checkedPlan(op, x, shape, axes, y, accumulating)
    switch op {
    case .sum:
      if !accumulating { y.fill(0) }
      FloatReductions.run(FloatOperators.Add.self, plan, x, y)
    case .mean:
      y.fill(0)
      FloatReductions.run(FloatOperators.Add.self, plan, x, y)
      let divisor = Float(plan.reducedCount)
      for index in 0..<y.count { y[index] /= divisor }
    case .product:
      y.fill(1)
      FloatReductions.run(FloatOperators.Multiply.self, plan, x, y)
    case .maximum:
      y.fill(-.infinity)
      FloatReductions.run(FloatOperators.Maximum.self, plan, x, y)
    case .minimum:
      y.fill(.infinity)
      FloatReductions.run(FloatOperators.Minimum.self, plan, x, y)
    }
  }

  /// Combines the elements of `x` along `axes`, as for `Float`.
  public static func reduce(
    _ op: ReductionOperation, _ x: MemoryView<Double>, shape: Dimensions, over axes: AxisSet,
    into y: MemoryView<Double>, accumulating: Bool = false
  ) {
    let plan = checkedPlan(op, x, shape, axes, y, accumulating)
    switch op {
    case .sum: ScalarReductions.run(ScalarReducers.Sum<Double>.self, plan, x, y, accumulating: accumulating)
    case .mean: ScalarReductions.run(ScalarReducers.Mean<Double>.self, plan, x, y)
    case .product: ScalarReductions.run(ScalarReducers.Product<Double>.self, plan, x, y)
    case .maximum: ScalarReductions.run(ScalarReducers.Maximum<Double>.self, plan, x, y)
    case .minimum: ScalarReductions.run(ScalarReducers.Minimum<Double>.self, plan, x, y)
    }
  }

  /// Combines the elements of `x` along `axes`, wrapping.
  public static func reduce(
    _ op: ReductionOperation, _ x: MemoryView<Int32>, shape: Dimensions, over axes: AxisSet,
    into y: MemoryView<Int32>, accumulating: Bool = false
  ) {
    reduceIntegers(op, checkedPlan(op, x, shape, axes, y, accumulating), x, y, accumulating)
  }

  /// Combines the elements of `x` along `axes`, wrapping.
  public static func reduce(
    _ op: ReductionOperation, _ x: MemoryView<Int64>, shape: Dimensions, over axes: AxisSet,
    into y: MemoryView<Int64>, accumulating: Bool = false
  ) {
    reduceIntegers(op, checkedPlan(op, x, shape, axes, y, accumulating), x, y, accumulating)
  }

  /// Combines the elements of `x` along `axes`.
  public static func reduce(
    _ op: LogicalReduction, _ x: MemoryView<Bool>, shape: Dimensions, over axes: AxisSet, into y: MemoryView<Bool>
  ) {
    let plan = checkedPlan(nil, x, shape, axes, y, false)
    switch op {
    case .all: ScalarReductions.run(ScalarReducers.Conjunction.self, plan, x, y)
    case .any: ScalarReductions.run(ScalarReducers.Disjunction.self, plan, x, y)
    }
  }

  private static func reduceIntegers<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ op: ReductionOperation, _ plan: ReductionPlan, _ x: MemoryView<Integer>, _ y: MemoryView<Integer>,
    _ accumulating: Bool
  ) {
    switch op {
    case .sum: ScalarReductions.run(ScalarReducers.WrappingSum<Integer>.self, plan, x, y, accumulating: accumulating)
    case .mean: ScalarReductions.run(ScalarReducers.IntegerMean<Integer>.self, plan, x, y)
    case .product: ScalarReductions.run(ScalarReducers.WrappingProduct<Integer>.self, plan, x, y)
    case .maximum: ScalarReductions.run(ScalarReducers.IntegerMaximum<Integer>.self, plan, x, y)
    case .minimum: ScalarReductions.run(ScalarReducers.IntegerMinimum<Integer>.self, plan, x, y)
    }
  }

  private static func checkedPlan<Scalar: BitwiseCopyable>(
    _ op: ReductionOperation?, _ x: MemoryView<Scalar>, _ shape: Dimensions, _ axes: AxisSet,
    _ y: MemoryView<Scalar>, _ accumulating: Bool
  ) -> ReductionPlan {
    let plan = ReductionPlan(shape, over: axes)
    precondition(x.count == plan.count, "\(x.count) scalars of shape \(shape)")
    precondition(y.count == plan.resultCount, "\(plan.resultCount) results into \(y.count)")
    precondition(!accumulating || op == .sum, "only sums accumulate")
    return plan
  }
}
