/// A combination of floats in any order.
protocol FloatReducer: FloatOperator {
  /// What changes nothing when it is combined.
  static var identity: Float { get }
}

extension FloatOperators.Add: FloatReducer { static var identity: Float { 0 } }
extension FloatOperators.Multiply: FloatReducer { static var identity: Float { 1 } }
extension FloatOperators.Maximum: FloatReducer { static var identity: Float { -.infinity } }
extension FloatOperators.Minimum: FloatReducer { static var identity: Float { .infinity } }

/// Reductions of floats with vector accumulators.
enum FloatReductions {
  // Safety: `run` is given views whose counts are those of the plan; the other functions stay within its strides.

  /// Combines the elements of `x` into `y`, which starts with the identity or with what is to be added to.
  static func run<Reducer: FloatReducer>(
    _: Reducer.Type, _ plan: ReductionPlan, _ x: MemoryView<Float>, _ y: MemoryView<Float>
  ) {
    guard plan.count > 0 else { return }
    if plan.rank > 0 && plan.isReduced(0) {
      let rows = plan.rank > 1 ? plan.extents[1] : 1
      var cursor = ReductionCursor(plan, from: 2)
      repeat {
        unsafe reduceRows(
          Reducer.self, x.base + cursor.offset, rows: rows, columns: plan.extents[0], into: y.base + cursor.resultOffset
        )
      } while cursor.advance()
    } else {
      let rows = plan.rank > 1 ? plan.extents[1] : 1
      var cursor = ReductionCursor(plan, from: 2)
      repeat {
        unsafe reduceColumns(
          Reducer.self, x.base + cursor.offset, rows: rows, columns: plan.extents[0], into: y.base + cursor.resultOffset
        )
      } while cursor.advance()
    }
  }

  /// One number.
  @inline(always) static func scalar<Reducer: FloatReducer>(_: Reducer.Type, _ a: Float, _ b: Float) -> Float {
    Reducer.value(VectorMath.all(a), VectorMath.all(b))[0]
  }

  /// Combines each of `rows` rows of `columns` into one element of `y`.
  @unsafe @inline(always) private static func reduceRows<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let value = unsafe contiguous(Reducer.self, x + row &* columns, count: columns)
      unsafe y[row] = scalar(Reducer.self, y[row], value)
    }
  }

  /// Combines `count` neighbours, in blocks of 4,096 so that rounding errors of a long sum stay small.
  @unsafe @inline(always) static func contiguous<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, count: Int
  ) -> Float {
    guard count > 4096 else { return unsafe block(Reducer.self, x, count: count) }
    var total = VectorMath.all(Reducer.identity)
    var (start, lane) = (0, 0)
    while start < count {
      let value = unsafe block(Reducer.self, x + start, count: min(4096, count &- start))
      total[lane] = scalar(Reducer.self, total[lane], value)
      lane = (lane &+ 1) & 15
      start &+= 4096
    }
    return total.combined(by: Reducer.self)
  }

  @unsafe @inline(always) private static func block<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, count: Int
  ) -> Float {
    var a = VectorMath.all(Reducer.identity)
    var index = 0
    if count >= 64 {
      var (b, c, d) = (a, a, a)
      while index &+ 64 <= count {
        unsafe a = Reducer.value(a, VectorMemory.load(x + index))
        unsafe b = Reducer.value(b, VectorMemory.load(x + index + 16))
        unsafe c = Reducer.value(c, VectorMemory.load(x + index + 32))
        unsafe d = Reducer.value(d, VectorMemory.load(x + index + 48))
        index &+= 64
      }
      a = Reducer.value(Reducer.value(a, b), Reducer.value(c, d))
    }
    while index &+ 16 <= count {
      unsafe a = Reducer.value(a, VectorMemory.load(x + index))
      index &+= 16
    }
    if index < count {
      let rest = unsafe VectorMemory.load(x + index, first: count &- index, otherwise: Reducer.identity)
      a = Reducer.value(a, rest)
    }
    return a.combined(by: Reducer.self)
  }

  /// Combines `rows` rows of `columns` into the row `y`.
  @unsafe private static func reduceColumns<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    // Blocks of rows: each is combined in registers and then once into `y`. With about as many blocks as additions in
    // each, rounding errors stay small.
    let isNarrow = columns < VectorMemory.width && rows >= 512
    let additions = isNarrow ? rows / VectorMemory.width : rows
    let height = max(64, Int(Double(additions).squareRoot())) &* (isNarrow ? VectorMemory.width : 1)
    var row = 0
    while row < rows {
      let count = min(height, rows &- row)
      let start = unsafe x + row &* columns
      if isNarrow {
        unsafe reduceNarrow(Reducer.self, start, rows: count, columns: columns, into: y)
      } else {
        unsafe reduceWide(Reducer.self, start, rows: count, columns: columns, into: y)
      }
      row &+= height
    }
  }

  /// Four vectors of columns at a time, then one, then what is left.
  @unsafe @inline(always) private static func reduceWide<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    while column &+ 64 <= columns {
      var a = VectorMath.all(Reducer.identity)
      var (b, c, d) = (a, a, a)
      var source = unsafe x + column
      for _ in 0..<rows {
        unsafe a = Reducer.value(a, VectorMemory.load(source))
        unsafe b = Reducer.value(b, VectorMemory.load(source + 16))
        unsafe c = Reducer.value(c, VectorMemory.load(source + 32))
        unsafe d = Reducer.value(d, VectorMemory.load(source + 48))
        unsafe source += columns
      }
      unsafe combine(Reducer.self, a, into: y + column)
      unsafe combine(Reducer.self, b, into: y + column + 16)
      unsafe combine(Reducer.self, c, into: y + column + 32)
      unsafe combine(Reducer.self, d, into: y + column + 48)
      column &+= 64
    }
    while column < columns {
      let width = min(VectorMemory.width, columns &- column)
      unsafe reduceVector(Reducer.self, x + column, width, rows: rows, columns: columns, into: y + column)
      column &+= VectorMemory.width
    }
  }

  /// `width` columns, at most 16, with accumulators that take turns.
  @unsafe @inline(always) private static func reduceVector<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, _ width: Int, rows: Int, columns: Int,
    into y: UnsafeMutablePointer<Float>
  ) {
    var a = VectorMath.all(Reducer.identity)
    var (b, c, d) = (a, a, a)
    var source = unsafe x
    if width == VectorMemory.width {
      for _ in 0..<(rows / 4) {
        unsafe a = Reducer.value(a, VectorMemory.load(source))
        unsafe b = Reducer.value(b, VectorMemory.load(source + columns))
        unsafe c = Reducer.value(c, VectorMemory.load(source + (2 &* columns)))
        unsafe d = Reducer.value(d, VectorMemory.load(source + (3 &* columns)))
        unsafe source += 4 &* columns
      }
      for _ in 0..<(rows % 4) {
        unsafe a = Reducer.value(a, VectorMemory.load(source))
        unsafe source += columns
      }
      unsafe combine(Reducer.self, Reducer.value(Reducer.value(a, b), Reducer.value(c, d)), into: y)
    } else {
      for _ in 0..<(rows / 2) {
        unsafe a = Reducer.value(a, VectorMemory.load(source, first: width))
        unsafe b = Reducer.value(b, VectorMemory.load(source + columns, first: width))
        unsafe source += 2 &* columns
      }
      if rows % 2 == 1 { unsafe a = Reducer.value(a, VectorMemory.load(source, first: width)) }
      let value = unsafe Reducer.value(VectorMemory.load(y, first: width), Reducer.value(a, b))
      unsafe VectorMemory.store(value, y, first: width)
    }
  }

  @unsafe @inline(always) private static func combine<Reducer: FloatReducer>(
    _: Reducer.Type, _ value: FloatVector, into y: UnsafeMutablePointer<Float>
  ) {
    unsafe VectorMemory.store(Reducer.value(VectorMemory.load(y), value), y)
  }

  /// Rows shorter than a vector: 16 rows are as many vectors as a row has columns.
  @unsafe @inline(never) private static func reduceNarrow<Reducer: FloatReducer>(
    _: Reducer.Type, _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    var totals = InlineArray<15, FloatVector>(repeating: VectorMath.all(Reducer.identity))
    var source = unsafe x
    for _ in 0..<(rows / 16) {
      for vector in 0..<columns {
        totals[vector] = unsafe Reducer.value(totals[vector], VectorMemory.load(source))
        unsafe source += 16
      }
    }
    for element in 0..<(16 &* columns) {
      let column = element % columns
      unsafe y[column] = scalar(Reducer.self, y[column], totals[element >> 4][element & 15])
    }
    for element in 0..<(rows % 16 &* columns) {
      let column = element % columns
      unsafe y[column] = scalar(Reducer.self, y[column], source[element])
    }
  }
}
