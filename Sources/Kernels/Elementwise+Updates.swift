extension Elementwise {
  /// `y += x`
  public static func add(_ x: MemoryView<Float>, into y: MemoryView<Float>) {
    addScaled(x, 1, into: y)
  }

  /// `y += x`
  public static func add(_ x: MemoryView<Double>, into y: MemoryView<Double>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] += x[index] }
  }

  /// `y += x`, wrapping.
  public static func add(_ x: MemoryView<Int32>, into y: MemoryView<Int32>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] &+= x[index] }
  }

  /// `y += x`, wrapping.
  public static func add(_ x: MemoryView<Int64>, into y: MemoryView<Int64>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    for index in 0..<x.count { y[index] &+= x[index] }
  }

  /// `y = factor · y`
  public static func scale(_ y: MemoryView<Float>, by factor: Float) {
    let scale = VectorMath.all(factor)
    var index = 0
    // Safety: the view holds `count` floats.
    while index &+ VectorMemory.width <= y.count {
      unsafe VectorMemory.store(VectorMemory.load(y.base + index) * scale, y.base + index)
      index &+= VectorMemory.width
    }
    let rest = y.count &- index
    guard rest > 0 else { return }
    let value = unsafe VectorMemory.load(y.base + index, first: rest) * scale
    unsafe VectorMemory.store(value, y.base + index, first: rest)
  }

  /// `y += scale · x`
  public static func addScaled(_ x: MemoryView<Float>, _ scale: Float, into y: MemoryView<Float>) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    let factor = VectorMath.all(scale)
    var index = 0
    // Safety: both views hold `count` floats.
    while index &+ VectorMemory.width <= x.count {
      let (a, b) = unsafe (VectorMemory.load(x.base + index), VectorMemory.load(y.base + index))
      unsafe VectorMemory.store(VectorMath.multiplyAdd(a, factor, b), y.base + index)
      index &+= VectorMemory.width
    }
    let rest = x.count &- index
    guard rest > 0 else { return }
    let a = unsafe VectorMemory.load(x.base + index, first: rest)
    let b = unsafe VectorMemory.load(y.base + index, first: rest)
    unsafe VectorMemory.store(VectorMath.multiplyAdd(a, factor, b), y.base + index, first: rest)
  }
}
