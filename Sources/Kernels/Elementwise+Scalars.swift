extension Elementwise {
  /// `y = op(x)`, wrapping.
  static func mapIntegers<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ op: UnaryOperation, _ x: MemoryView<Integer>, into y: MemoryView<Integer>
  ) {
    precondition(op.isDefinedForIntegers, "\(op) of integers")
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] = ScalarFunctions.value(op, x[index]) }
  }

  /// Finds divisors and exponents that integers cannot have.
  static func checkIntegers<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ op: BinaryOperation, _ b: MemoryView<Integer>
  ) throws(KernelError) {
    precondition(op.isDefinedForIntegers, "\(op) of integers")
    if op.dividesIntegers {
      for position in 0..<b.count where b[position] == 0 { throw .integerDivisionByZero(position: position) }
    }
    if op == .power {
      for position in 0..<b.count where b[position] < 0 { throw .negativeIntegerPower(position: position) }
    }
  }
}

/// ``BinaryOperation`` on doubles.
struct DoubleBlockKernel: BlockKernel {
  // Safety: `BlockKernel.run` passes blocks that lie in views whose counts it checked, and a result as large; elements
  // are looked up by the steps of their rows.

  let op: BinaryOperation

  @unsafe func run(
    _ a: Rows2D<Double>, _ b: Rows2D<Double>, into c: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row * columns
      for column in 0..<columns {
        unsafe z[column] = ScalarFunctions.value(op, x[column * a.step], y[column * b.step])
      }
    }
  }
}

/// ``BinaryOperation`` on integers, whose divisors and exponents were checked.
struct IntegerBlockKernel<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>: BlockKernel {
  // Safety: as above. A row has at least one element, and more where its step is 1.

  let op: BinaryOperation

  @unsafe func run(
    _ a: Rows2D<Integer>, _ b: Rows2D<Integer>, into c: UnsafeMutablePointer<Integer>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row * columns
      switch op {
      case .add: unsafe loop(IntegerSum.self, x, a.step, y, b.step, into: z, columns)
      case .subtract: unsafe loop(IntegerDifference.self, x, a.step, y, b.step, into: z, columns)
      case .multiply: unsafe loop(IntegerProduct.self, x, a.step, y, b.step, into: z, columns)
      default:
        for column in 0..<columns {
          unsafe z[column] = ScalarFunctions.value(op, x[column * a.step], y[column * b.step])
        }
      }
    }
  }

  @unsafe @inline(always) private func loop<Operator: IntegerOperator>(
    _: Operator.Type, _ x: UnsafePointer<Integer>, _ xStep: Int, _ y: UnsafePointer<Integer>, _ yStep: Int,
    into z: UnsafeMutablePointer<Integer>, _ columns: Int
  ) {
    if xStep == 1 && yStep == 1 {
      for column in 0..<columns { unsafe z[column] = Operator.value(x[column], y[column]) }
    } else {
      let (left, right) = unsafe (x[0], y[0])
      for column in 0..<columns {
        unsafe z[column] = Operator.value(xStep == 1 ? x[column] : left, yStep == 1 ? y[column] : right)
      }
    }
  }
}

/// One of the operations on integers that come with every index, as a type so that its loop is a vector loop.
private protocol IntegerOperator {
  static func value<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer
}

private enum IntegerSum: IntegerOperator {
  @inline(always) static func value<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &+ b }
}

private enum IntegerDifference: IntegerOperator {
  @inline(always) static func value<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &- b }
}

private enum IntegerProduct: IntegerOperator {
  @inline(always) static func value<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &* b }
}
