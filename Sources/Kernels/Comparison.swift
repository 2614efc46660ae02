/// A relation of two numbers, as `Comparison.apply` takes it.
public enum ComparisonOperation: UInt8, CaseIterable, Sendable, Hashable {
  case equal, notEqual, less, lessEqual, greater, greaterEqual

  /// Whether the relation asks for no order.
  public var isDefinedForTruthValues: Bool { self == .equal || self == .notEqual }
}

/// A function of two truth values, as `Comparison.apply` takes it.
public enum LogicalOperation: UInt8, CaseIterable, Sendable, Hashable {
  case and, or, xor
}

/// A question about one float, as `Comparison.apply` takes it.
public enum FloatClass: UInt8, CaseIterable, Sendable, Hashable {
  case isFinite, isInfinite, isNaN
}

/// Kernels whose results are truth values.
public enum Comparison {
  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: ComparisonOperation, _ a: MemoryView<Float>, _ aShape: Dimensions, _ b: MemoryView<Float>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    ComparisonKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: ComparisonOperation, _ a: MemoryView<Double>, _ aShape: Dimensions, _ b: MemoryView<Double>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    ComparisonKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: ComparisonOperation, _ a: MemoryView<Int32>, _ aShape: Dimensions, _ b: MemoryView<Int32>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    ComparisonKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: ComparisonOperation, _ a: MemoryView<Int64>, _ aShape: Dimensions, _ b: MemoryView<Int64>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    ComparisonKernel(op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`, where ``ComparisonOperation/isDefinedForTruthValues``.
  public static func apply(
    _ op: ComparisonOperation, _ a: MemoryView<Bool>, _ aShape: Dimensions, _ b: MemoryView<Bool>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    precondition(op.isDefinedForTruthValues, "\(op) of truth values")
    LogicalKernel(complements: op == .equal, op: .xor).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `c = op(a, b)`, both broadcast to the shape of `c`.
  public static func apply(
    _ op: LogicalOperation, _ a: MemoryView<Bool>, _ aShape: Dimensions, _ b: MemoryView<Bool>,
    _ bShape: Dimensions, into c: MemoryView<Bool>, _ cShape: Dimensions
  ) {
    LogicalKernel(complements: false, op: op).run(a, aShape, b, bShape, into: c, cShape)
  }

  /// `y = !x`
  public static func not(_ x: MemoryView<Bool>, into y: MemoryView<Bool>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] = !x[index] }
  }

  /// `y = op(x)`
  public static func apply(_ op: FloatClass, _ x: MemoryView<Float>, into y: MemoryView<Bool>) {
    classify(op, x, into: y)
  }

  /// `y = op(x)`
  public static func apply(_ op: FloatClass, _ x: MemoryView<Double>, into y: MemoryView<Bool>) {
    classify(op, x, into: y)
  }

  @inline(always) private static func classify<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
    _ op: FloatClass, _ x: MemoryView<Scalar>, into y: MemoryView<Bool>
  ) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    switch op {
    case .isFinite: for index in 0..<x.count { y[index] = x[index].magnitude < .infinity }
    case .isInfinite: for index in 0..<x.count { y[index] = x[index].magnitude == .infinity }
    case .isNaN: for index in 0..<x.count { y[index] = x[index] != x[index] }
    }
  }
}
