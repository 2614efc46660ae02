extension Elementwise {
  /// `y = op(x)`, wrapping.
  static func mapIntegers<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ op: UnaryOperation, _ x: MemoryView<Integer>, into y: MemoryView<Integer>
  ) {
    precondition(op.isDefinedForIntegers, "\(op) of integers")
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] = ReferenceElementwise.value(op, x[index]) }
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
  let op: BinaryOperation

  @unsafe func run(
    _ a: Rows2D<Double>, _ b: Rows2D<Double>, into c: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row * columns
      for column in 0..<columns {
        unsafe z[column] = ReferenceElementwise.value(op, x[column * a.step], y[column * b.step])
      }
    }
  }
}

/// ``BinaryOperation`` on integers, whose divisors and exponents were checked.
struct IntegerBlockKernel<Integer: FixedWidthInteger & SignedInteger & BitwiseCopyable>: BlockKernel {
  let op: BinaryOperation

  @unsafe func run(
    _ a: Rows2D<Integer>, _ b: Rows2D<Integer>, into c: UnsafeMutablePointer<Integer>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row * columns
      for column in 0..<columns {
        unsafe z[column] = ReferenceElementwise.value(op, x[column * a.step], y[column * b.step])
      }
    }
  }
}
