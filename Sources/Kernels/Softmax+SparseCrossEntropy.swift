extension Softmax {
  /// The cross entropy of each row's softmax and its class.
  ///
  /// - Parameters:
  ///   - logits: Shape `[rows, columns]`.
  ///   - labels: The class of each row, shape `[rows]`.
  ///   - loss: `−ln softmax(logits)[label]`, shape `[rows]`.
  ///   - gradient: `softmax(logits)`, less 1 at the label, shape `[rows, columns]`. It may be the memory of the logits.
  /// - Throws: ``KernelError/labelOutOfRange(position:label:classCount:)``, before anything is written.
  public static func crossEntropy(
    logits: MemoryView<Float>, labels: MemoryView<Int32>, rows: Int, columns: Int, loss: MemoryView<Float>,
    gradient: MemoryView<Float>? = nil
  ) throws(KernelError) {
    try sparse(logits, labels, rows, columns, loss, gradient)
  }

  /// The cross entropy of each row's softmax and its class, as for `Int32` labels.
  ///
  /// - Throws: ``KernelError/labelOutOfRange(position:label:classCount:)``, before anything is written.
  public static func crossEntropy(
    logits: MemoryView<Float>, labels: MemoryView<Int64>, rows: Int, columns: Int, loss: MemoryView<Float>,
    gradient: MemoryView<Float>? = nil
  ) throws(KernelError) {
    try sparse(logits, labels, rows, columns, loss, gradient)
  }

  /// The cross entropy of each row's softmax and its class, as for `Float`.
  ///
  /// - Throws: ``KernelError/labelOutOfRange(position:label:classCount:)``, before anything is written.
  public static func crossEntropy(
    logits: MemoryView<Double>, labels: MemoryView<Int32>, rows: Int, columns: Int, loss: MemoryView<Double>,
    gradient: MemoryView<Double>? = nil
  ) throws(KernelError) {
    try sparse(logits, labels, rows, columns, loss, gradient)
  }

  /// The cross entropy of each row's softmax and its class, as for `Float`.
  ///
  /// - Throws: ``KernelError/labelOutOfRange(position:label:classCount:)``, before anything is written.
  public static func crossEntropy(
    logits: MemoryView<Double>, labels: MemoryView<Int64>, rows: Int, columns: Int, loss: MemoryView<Double>,
    gradient: MemoryView<Double>? = nil
  ) throws(KernelError) {
    try sparse(logits, labels, rows, columns, loss, gradient)
  }

  private static func checkLabels<Label: FixedWidthInteger & BitwiseCopyable>(
    _ labels: MemoryView<Label>, _ rows: Int, _ columns: Int
  ) throws(KernelError) {
    precondition(labels.count == rows, "\(labels.count) labels of \(rows) rows")
    for row in 0..<rows where labels[row] < 0 || labels[row] >= columns {
      throw .labelOutOfRange(position: row, label: Int64(labels[row]), classCount: columns)
    }
  }

  private static func sparse<Label: FixedWidthInteger & BitwiseCopyable>(
    _ logits: MemoryView<Float>, _ labels: MemoryView<Label>, _ rows: Int, _ columns: Int,
    _ loss: MemoryView<Float>, _ gradient: MemoryView<Float>?
  ) throws(KernelError) {
    check(rows, columns, logits.count, gradient?.count ?? logits.count)
    precondition(loss.count == rows, "\(loss.count) losses of \(rows) rows")
    try checkLabels(labels, rows, columns)
    for row in 0..<rows {
      let start = row &* columns
      let label = Int(labels[row])
      // Safety: the views hold `rows` rows of `columns`.
      let x = unsafe UnsafePointer(logits.base + start)
      let largest = unsafe FloatReductions.contiguous(FloatOperators.Maximum.self, x, count: columns)
      let own = logits[start + label] - largest
      let sum: Float
      if let gradient {
        let output = unsafe gradient.base + start
        sum = unsafe storeExponentials(x, less: largest, into: output, count: columns)
        Elementwise.scale(gradient[start..<start + columns], by: 1 / sum)
        gradient[start + label] -= 1
      } else {
        sum = unsafe sumOfExponentials(x, less: largest, count: columns)
      }
      loss[row] = VectorMath.log(VectorMath.all(sum))[0] - own
    }
  }

  private static func sparse<Label: FixedWidthInteger & BitwiseCopyable>(
    _ logits: MemoryView<Double>, _ labels: MemoryView<Label>, _ rows: Int, _ columns: Int,
    _ loss: MemoryView<Double>, _ gradient: MemoryView<Double>?
  ) throws(KernelError) {
    check(rows, columns, logits.count, gradient?.count ?? logits.count)
    precondition(loss.count == rows, "\(loss.count) losses of \(rows) rows")
    try checkLabels(labels, rows, columns)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      loss[row] = ScalarSoftmax.crossEntropy(
        logits: logits[range], label: Int(labels[row]), gradient: gradient?[range])
    }
  }
}
