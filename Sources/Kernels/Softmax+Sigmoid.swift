extension Softmax {
  /// The cross entropy of independent labels, `−z ln σ(x) − (1 − z) ln(1 − σ(x))`, in a form that never overflows:
  /// `max(x, 0) − x z + ln(1 + e^−|x|)`.
  ///
  /// - Parameters:
  ///   - logits: *x*, any shape.
  ///   - labels: *z*, in 0 … 1, as many.
  ///   - loss: As many.
  ///   - gradient: `σ(x) − z`, as many. It may be the memory of the logits or of the labels.
  public static func sigmoidCrossEntropy(
    logits: MemoryView<Float>, labels: MemoryView<Float>, loss: MemoryView<Float>, gradient: MemoryView<Float>? = nil
  ) {
    let count = logits.count
    check(1, count, labels.count, loss.count, gradient?.count)
    var index = 0
    while index < count {
      let width = min(VectorMemory.width, count &- index)
      // Safety: every view holds `count` floats.
      let x = unsafe VectorMemory.load(logits.base + index, width)
      let z = unsafe VectorMemory.load(labels.base + index, width)
      let decay = VectorMath.exp(-VectorMath.absolute(x))
      let isNegative = x .< VectorMath.all(0)
      let positive = x.replacing(with: VectorMath.all(0), where: isNegative)
      let value = positive - x * z + VectorMath.log1p(decay)
      unsafe VectorMemory.store(value, loss.base + index, width)
      if let gradient {
        let numerator = VectorMath.all(1).replacing(with: decay, where: isNegative)
        let slope = numerator / (VectorMath.all(1) + decay) - z
        unsafe VectorMemory.store(slope, gradient.base + index, width)
      }
      index &+= width
    }
  }

  /// The cross entropy of independent labels, as for `Float`.
  public static func sigmoidCrossEntropy(
    logits: MemoryView<Double>, labels: MemoryView<Double>, loss: MemoryView<Double>,
    gradient: MemoryView<Double>? = nil
  ) {
    let count = logits.count
    check(1, count, labels.count, loss.count, gradient?.count)
    for index in 0..<count {
      let (x, z) = (logits[index], labels[index])
      loss[index] = ReferenceSoftmax.sigmoidCrossEntropy(logit: x, label: z)
      gradient?[index] = ReferenceElementwise.value(UnaryOperation.sigmoid, x) - z
    }
  }
}
