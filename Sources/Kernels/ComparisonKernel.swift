/// A relation, as a type so that loops over it are compiled for it.
private protocol Relation {
  static func holds<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool
}

private enum Equal: Relation {
  @inline(always) static func holds<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool { a == b }
}

private enum NotEqual: Relation {
  @inline(always) static func holds<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool { a != b }
}

private enum Less: Relation {
  @inline(always) static func holds<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool { a < b }
}

private enum LessEqual: Relation {
  @inline(always) static func holds<Scalar: Comparable>(_ a: Scalar, _ b: Scalar) -> Bool { a <= b }
}

/// ``ComparisonOperation`` on scalars of one type. The compiler makes vectors of these loops.
struct ComparisonKernel<Operand: Comparable & BitwiseCopyable>: BlockKernel {
  // Safety: `BlockKernel.run` passes blocks that lie in views whose counts it checked, and a result as large. It also
  // checked that where `a` is repeated along several columns, `b` is not.

  let op: ComparisonOperation

  @unsafe func run(
    _ a: Rows2D<Operand>, _ b: Rows2D<Operand>, into c: UnsafeMutablePointer<Bool>, rows: Int, columns: Int
  ) {
    switch op {
    case .equal: unsafe loop(Equal.self, a, b, into: c, rows, columns)
    case .notEqual: unsafe loop(NotEqual.self, a, b, into: c, rows, columns)
    case .less: unsafe loop(Less.self, a, b, into: c, rows, columns)
    case .lessEqual: unsafe loop(LessEqual.self, a, b, into: c, rows, columns)
    case .greater: unsafe loop(Less.self, b, a, into: c, rows, columns)
    case .greaterEqual: unsafe loop(LessEqual.self, b, a, into: c, rows, columns)
    }
  }

  @unsafe @inline(always) private func loop<R: Relation>(
    _: R.Type, _ a: Rows2D<Operand>, _ b: Rows2D<Operand>, into c: UnsafeMutablePointer<Bool>, _ rows: Int,
    _ columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row &* columns
      if a.step == 1 && b.step == 1 {
        for column in 0..<columns { unsafe z[column] = R.holds(x[column], y[column]) }
      } else if a.step == 1 {
        let right = unsafe y[0]
        for column in 0..<columns { unsafe z[column] = R.holds(x[column], right) }
      } else {
        let left = unsafe x[0]
        for column in 0..<columns { unsafe z[column] = R.holds(left, y[column]) }
      }
    }
  }
}

/// ``LogicalOperation``, or its complement.
struct LogicalKernel: BlockKernel {
  // Safety: as above; elements are looked up by the steps of their rows.

  let complements: Bool
  let op: LogicalOperation

  @unsafe func run(
    _ a: Rows2D<Bool>, _ b: Rows2D<Bool>, into c: UnsafeMutablePointer<Bool>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row * columns
      for column in 0..<columns {
        let (left, right) = unsafe (x[column * a.step], y[column * b.step])
        let value =
          switch op {
          case .and: left && right
          case .or: left || right
          case .xor: left != right
          }
        unsafe z[column] = value != complements
      }
    }
  }
}
