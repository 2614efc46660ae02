/// Loops of vectors over rows of two operands.
enum FloatLoops {
  // Safety: callers pass rows that lie in views whose counts they checked, and a result as large.

  /// `c = Operator(a, b)` for `rows` rows of `columns`.
  @unsafe @inline(always) static func run<Operator: FloatOperator>(
    _: Operator.Type, _ a: Rows2D<Float>, _ b: Rows2D<Float>, into c: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int
  ) {
    let isShort = columns < VectorMemory.width && rows > VectorMemory.width && a.step == 1 && b.step == 1
    if isShort && b.rowStep == 0 {
      unsafe repeatingRow(Operator.self, a.base, b.base, into: c, rows: rows, columns: columns)
    } else {
      unsafe eachRow(Operator.self, a, b, into: c, rows: rows, columns: columns)
    }
  }

  /// As `run`, for a row `b` shorter than a vector that meets the dense rows of `a`.
  ///
  /// The row is repeated until it fills whole vectors; many rows then become one.
  @unsafe @inline(always) private static func repeatingRow<Operator: FloatOperator>(
    _: Operator.Type, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int
  ) {
    var pattern = InlineArray<256, Float>(repeating: 0)
    let length = VectorMemory.width * columns
    for index in 0..<length { pattern[index] = unsafe b[index % columns] }
    let count = rows &* columns
    let span = pattern.span
    unsafe span.withUnsafeBufferPointer { buffer in
      let repeated = buffer.baseAddress!
      var start = 0
      while start < count {
        let run = min(length, count &- start)
        unsafe bothVary(Operator.self, a + start, repeated, into: c + start, count: run)
        start &+= length
      }
    }
  }

  @unsafe @inline(always) private static func eachRow<Operator: FloatOperator>(
    _: Operator.Type, _ a: Rows2D<Float>, _ b: Rows2D<Float>, into c: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let (x, y) = unsafe (a.row(row), b.row(row))
      let z = unsafe c + row &* columns
      if a.step == 1 && b.step == 1 {
        unsafe bothVary(Operator.self, x, y, into: z, count: columns)
      } else if a.step == 1 {
        unsafe leftVaries(Operator.self, x, VectorMath.all(y[0]), into: z, count: columns)
      } else {
        // Both are repeated only along an axis of one element.
        unsafe rightVaries(Operator.self, VectorMath.all(x[0]), y, into: z, count: columns)
      }
    }
  }

  @unsafe @inline(always) private static func bothVary<Operator: FloatOperator>(
    _: Operator.Type, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    into c: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index &+ VectorMemory.width <= count {
      let value = unsafe Operator.value(VectorMemory.load(a + index), VectorMemory.load(b + index))
      unsafe VectorMemory.store(value, c + index)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    guard rest > 0 else { return }
    let value = unsafe Operator.value(
      VectorMemory.load(a + index, first: rest), VectorMemory.load(b + index, first: rest))
    unsafe VectorMemory.store(value, c + index, first: rest)
  }

  @unsafe @inline(always) private static func leftVaries<Operator: FloatOperator>(
    _: Operator.Type, _ a: UnsafePointer<Float>, _ b: FloatVector, into c: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index &+ VectorMemory.width <= count {
      unsafe VectorMemory.store(Operator.value(VectorMemory.load(a + index), b), c + index)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    guard rest > 0 else { return }
    unsafe VectorMemory.store(
      Operator.value(VectorMemory.load(a + index, first: rest), b), c + index, first: rest)
  }

  @unsafe @inline(always) private static func rightVaries<Operator: FloatOperator>(
    _: Operator.Type, _ a: FloatVector, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index &+ VectorMemory.width <= count {
      unsafe VectorMemory.store(Operator.value(a, VectorMemory.load(b + index)), c + index)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    guard rest > 0 else { return }
    unsafe VectorMemory.store(
      Operator.value(a, VectorMemory.load(b + index, first: rest)), c + index, first: rest)
  }
}
