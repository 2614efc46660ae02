/// Probabilities and losses from logits.
///
/// Arrays are row-major, `[rows, columns]`: one example per row, one class per column. The result may be the same
/// memory as the logits.
public enum Softmax {
  /// `y = e^x / Σ e^x` in each row.
  public static func softmax(_ x: MemoryView<Float>, rows: Int, columns: Int, into y: MemoryView<Float>) {
    check(rows, columns, x.count, y.count)
    for row in 0..<rows {
      // Safety: `x` and `y` hold `rows` rows of `columns`.
      let source = unsafe UnsafePointer(x.base + row &* columns)
      let target = unsafe y.base + row &* columns
      let largest = unsafe FloatReductions.contiguous(FloatOperators.Maximum.self, source, count: columns)
      let sum = unsafe storeExponentials(source, less: largest, into: target, count: columns)
      Elementwise.scale(y[row &* columns..<(row &+ 1) &* columns], by: 1 / sum)
    }
  }

  /// `y = x − ln Σ e^x` in each row.
  public static func logSoftmax(_ x: MemoryView<Float>, rows: Int, columns: Int, into y: MemoryView<Float>) {
    check(rows, columns, x.count, y.count)
    for row in 0..<rows {
      // Safety: `x` and `y` hold `rows` rows of `columns`.
      let source = unsafe UnsafePointer(x.base + row &* columns)
      let target = unsafe y.base + row &* columns
      let largest = unsafe FloatReductions.contiguous(FloatOperators.Maximum.self, source, count: columns)
      let sum = unsafe sumOfExponentials(source, less: largest, count: columns)
      let (offset, logarithm) = (VectorMath.all(largest), VectorMath.log(VectorMath.all(sum)))
      var column = 0
      while column &+ VectorMemory.width <= columns {
        let value = unsafe (VectorMemory.load(source + column) - offset) - logarithm
        unsafe VectorMemory.store(value, target + column)
        column &+= VectorMemory.width
      }
      let rest = columns &- column
      if rest > 0 {
        let value = unsafe (VectorMemory.load(source + column, first: rest) - offset) - logarithm
        unsafe VectorMemory.store(value, target + column, first: rest)
      }
    }
  }

  /// `y = e^x / Σ e^x` in each row.
  public static func softmax(_ x: MemoryView<Double>, rows: Int, columns: Int, into y: MemoryView<Double>) {
    check(rows, columns, x.count, y.count)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      ScalarSoftmax.softmax(x[range], into: y[range])
    }
  }

  /// `y = x − ln Σ e^x` in each row.
  public static func logSoftmax(_ x: MemoryView<Double>, rows: Int, columns: Int, into y: MemoryView<Double>) {
    check(rows, columns, x.count, y.count)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      ScalarSoftmax.logSoftmax(x[range], into: y[range])
    }
  }

  /// Checks that two or three counts are that of an array of `rows` and `columns`.
  static func check(_ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ c: Int? = nil) {
    let count = rows * columns
    precondition(
      a == count && b == count && (c ?? count) == count, "\(a), \(b), \(c ?? count) scalars of [\(rows), \(columns)]")
  }

  /// Σ e^(x − largest), of `count` floats at `x`.
  @unsafe @inline(always) static func sumOfExponentials(
    _ x: UnsafePointer<Float>, less largest: Float, count: Int
  ) -> Float {
    let offset = VectorMath.all(largest)
    var total = VectorMath.all(0)
    var index = 0
    while index &+ VectorMemory.width <= count {
      total += unsafe VectorMath.exp(VectorMemory.load(x + index) - offset)
      index &+= VectorMemory.width
    }
    if index < count {
      let rest = unsafe VectorMemory.load(x + index, first: count &- index, otherwise: -.infinity)
      total += VectorMath.exp(rest - offset)
    }
    return total.laneSum
  }

  /// `y = e^(x − largest)`, of `count` floats at `x`; returns the sum.
  @unsafe @inline(always) static func storeExponentials(
    _ x: UnsafePointer<Float>, less largest: Float, into y: UnsafeMutablePointer<Float>, count: Int
  ) -> Float {
    let offset = VectorMath.all(largest)
    var total = VectorMath.all(0)
    var index = 0
    while index &+ VectorMemory.width <= count {
      let value = unsafe VectorMath.exp(VectorMemory.load(x + index) - offset)
      total += value
      unsafe VectorMemory.store(value, y + index)
      index &+= VectorMemory.width
    }
    if index < count {
      let rest = unsafe VectorMemory.load(x + index, first: count &- index, otherwise: -.infinity)
      let value = VectorMath.exp(rest - offset)
      total += value
      unsafe VectorMemory.store(value, y + index, first: count &- index)
    }
    return total.laneSum
  }
}
