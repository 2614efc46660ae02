extension Softmax {
  /// The cross entropy of each row's softmax and its labels, a distribution over the classes.
  ///
  /// - Parameters:
  ///   - logits: Shape `[rows, columns]`.
  ///   - labels: Shape `[rows, columns]`.
  ///   - loss: `−Σ labels · ln softmax(logits)`, shape `[rows]`.
  ///   - gradient: `softmax(logits) − labels`, shape `[rows, columns]`. It may be the memory of the logits, not that
  ///     of the labels.
  public static func crossEntropy(
    logits: MemoryView<Float>, labels: MemoryView<Float>, rows: Int, columns: Int, loss: MemoryView<Float>,
    gradient: MemoryView<Float>? = nil
  ) {
    check(rows, columns, logits.count, labels.count, gradient?.count)
    precondition(loss.count == rows, "\(loss.count) losses of \(rows) rows")
    for row in 0..<rows {
      let start = row &* columns
      // Safety: every view holds `rows` rows of `columns`.
      let x = unsafe UnsafePointer(logits.base + start)
      let target = unsafe UnsafePointer(labels.base + start)
      let largest = unsafe FloatReductions.contiguous(FloatOperators.Maximum.self, x, count: columns)
      let (mass, product) = unsafe moments(x, less: largest, target, count: columns)
      let sum: Float
      if let gradient {
        let output = unsafe gradient.base + start
        sum = unsafe storeExponentials(x, less: largest, into: output, count: columns)
        unsafe subtract(target, fromScaled: output, by: 1 / sum, count: columns)
      } else {
        sum = unsafe sumOfExponentials(x, less: largest, count: columns)
      }
      loss[row] = VectorMath.log(VectorMath.all(sum))[0] * mass - product
    }
  }

  /// Σ labels and Σ labels · (x − largest).
  @unsafe @inline(always) private static func moments(
    _ x: UnsafePointer<Float>, less largest: Float, _ labels: UnsafePointer<Float>, count: Int
  ) -> (mass: Float, product: Float) {
    let offset = VectorMath.all(largest)
    var (mass, product) = (VectorMath.all(0), VectorMath.all(0))
    var index = 0
    while index &+ VectorMemory.width <= count {
      let label = unsafe VectorMemory.load(labels + index)
      mass += label
      product += unsafe label * (VectorMemory.load(x + index) - offset)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    if rest > 0 {
      let label = unsafe VectorMemory.load(labels + index, first: rest)
      mass += label
      product += unsafe label * (VectorMemory.load(x + index, first: rest, otherwise: largest) - offset)
    }
    return (mass.laneSum, product.laneSum)
  }

  /// `y = y · factor − labels`
  @unsafe @inline(always) private static func subtract(
    _ labels: UnsafePointer<Float>, fromScaled y: UnsafeMutablePointer<Float>, by factor: Float, count: Int
  ) {
    let factor = VectorMath.all(factor)
    var index = 0
    while index &+ VectorMemory.width <= count {
      let value = unsafe VectorMemory.load(y + index) * factor - VectorMemory.load(labels + index)
      unsafe VectorMemory.store(value, y + index)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    guard rest > 0 else { return }
    let value =
      unsafe VectorMemory.load(y + index, first: rest) * factor
      - VectorMemory.load(labels + index, first: rest)
    unsafe VectorMemory.store(value, y + index, first: rest)
  }

  /// The cross entropy of each row's softmax and its labels, a distribution over the classes, as for `Float`.
  public static func crossEntropy(
    logits: MemoryView<Double>, labels: MemoryView<Double>, rows: Int, columns: Int, loss: MemoryView<Double>,
    gradient: MemoryView<Double>? = nil
  ) {
    check(rows, columns, logits.count, labels.count, gradient?.count)
    precondition(loss.count == rows, "\(loss.count) losses of \(rows) rows")
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      loss[row] = ScalarSoftmax.crossEntropy(
        logits: logits[range], labels: labels[range], gradient: gradient?[range])
    }
  }
}
