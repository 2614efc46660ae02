import Glibc

/// The functions behind ``Softmax`` of one row of Doubles.
enum ScalarSoftmax {
  /// `ln Σ e^x`
  private static func logSumExp(_ x: MemoryView<Double>) -> Double {
    var largest = -Double.infinity
    for index in 0..<x.count { largest = ScalarFunctions.value(BinaryOperation.maximum, largest, x[index]) }
    var sum = 0.0
    for index in 0..<x.count { sum += exp(x[index] - largest) }
    return largest + log(sum)
  }

  /// `e^x / Σ e^x`
  static func softmax(_ x: MemoryView<Double>, into y: MemoryView<Double>) {
    let total = logSumExp(x)
    for index in 0..<x.count { y[index] = exp(x[index] - total) }
  }

  /// `x − ln Σ e^x`
  static func logSoftmax(_ x: MemoryView<Double>, into y: MemoryView<Double>) {
    let total = logSumExp(x)
    for index in 0..<x.count { y[index] = x[index] - total }
  }

  /// `−Σ labels · ln softmax(logits)`, and `softmax(logits) − labels`.
  static func crossEntropy(
    logits: MemoryView<Double>, labels: MemoryView<Double>, gradient: MemoryView<Double>?
  ) -> Double {
    let total = logSumExp(logits)
    var loss = 0.0
    for index in 0..<logits.count {
      let logarithm = logits[index] - total
      loss -= labels[index] * logarithm
      gradient?[index] = exp(logarithm) - labels[index]
    }
    return loss
  }

  /// `−ln softmax(logits)[label]`, and `softmax(logits)` less 1 at the label.
  static func crossEntropy(
    logits: MemoryView<Double>, label: Int, gradient: MemoryView<Double>?
  ) -> Double {
    let total = logSumExp(logits)
    let loss = total - logits[label]
    if let gradient {
      for index in 0..<logits.count { gradient[index] = exp(logits[index] - total) - (index == label ? 1 : 0) }
    }
    return loss
  }
}
