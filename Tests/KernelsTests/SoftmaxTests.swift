import Kernels
import Testing

@Suite struct `Softmax and cross entropy` {
  private static let sizes = [(0, 3), (1, 1), (3, 10), (5, 15), (4, 16), (4, 17), (7, 32), (2, 1000), (1024, 10)]

  @Test(arguments: sizes)
  func `of floats agree with those of Doubles, in place too`(_ rows: Int, _ columns: Int) {
    var generator = SplitMix64(seed: 1)
    let x = generator.floats(rows * columns, in: -30...30)
    let exact = computed(x.map(Double.init), x.count, 0.0) {
      Softmax.softmax($0, rows: rows, columns: columns, into: $1)
    }
    let y = computed(x, x.count, Float(0)) { Softmax.softmax($0, rows: rows, columns: columns, into: $1) }
    #expect(zip(y, exact).allSatisfy { isClose(Double($0), $1, relative: 4e-6, absolute: 1e-38) })
    var own = x
    own.withMemoryView { Softmax.softmax($0, rows: rows, columns: columns, into: $0) }
    #expect(own == y)
    let logarithms = computed(x.map(Double.init), x.count, 0.0) {
      Softmax.logSoftmax($0, rows: rows, columns: columns, into: $1)
    }
    let z = computed(x, x.count, Float(0)) { Softmax.logSoftmax($0, rows: rows, columns: columns, into: $1) }
    #expect(zip(z, logarithms).allSatisfy { isClose(Double($0), $1, relative: 1e-6, absolute: 1e-6) })
  }

  private func agree(_ found: [Double], _ exact: ArraySlice<Double>) -> Bool {
    found.count == exact.count && zip(found, exact).allSatisfy { isClose($0, $1, relative: 1e-11) }
  }

  @Test func `of Doubles are TensorFlow's`() throws {
    for numbers in try TensorFlowValues.cases("float64", "softmax") as [[Double]] {
      let y = computed(Array(numbers[..<4]), 4, 0.0) { Softmax.softmax($0, rows: 1, columns: 4, into: $1) }
      #expect(agree(y, numbers[4...]), "\(y) of \(numbers)")
    }
    for numbers in try TensorFlowValues.cases("float64", "logSoftmax") as [[Double]] {
      let y = computed(Array(numbers[..<4]), 4, 0.0) { Softmax.logSoftmax($0, rows: 1, columns: 4, into: $1) }
      #expect(agree(y, numbers[4...]), "\(y) of \(numbers)")
    }
    for numbers in try TensorFlowValues.cases("float64", "crossEntropy") as [[Double]] {
      var gradient = [Double](repeating: 0, count: 4)
      let loss = gradient.withMemoryView { gradient in
        computed(Array(numbers[..<4]), Array(numbers[4..<8]), 1, 0.0) {
          Softmax.crossEntropy(logits: $0, labels: $1, rows: 1, columns: 4, loss: $2, gradient: gradient)
        }
      }
      #expect(agree(loss + gradient, numbers[8...]), "\(loss), \(gradient) of \(numbers)")
    }
    for numbers in try TensorFlowValues.cases("float64", "sparseCrossEntropy") as [[Double]] {
      var gradient = [Double](repeating: 0, count: 4)
      let loss = try gradient.withMemoryView { gradient throws(KernelError) in
        try computed(Array(numbers[..<4]), [Int64(numbers[4])], 1, 0.0) { x, label, result throws(KernelError) in
          try Softmax.crossEntropy(logits: x, labels: label, rows: 1, columns: 4, loss: result, gradient: gradient)
        }
      }
      #expect(agree(loss + gradient, numbers[5...]), "\(loss), \(gradient) of \(numbers)")
    }
  }

  @Test(arguments: sizes)
  func `of distributions give the loss and its gradient`(_ rows: Int, _ columns: Int) {
    var generator = SplitMix64(seed: 2)
    let x = generator.floats(rows * columns, in: -8...8)
    let z = generator.floats(rows * columns, in: 0...1)
    var exactGradient = [Double](repeating: 0, count: x.count)
    let exact = exactGradient.withMemoryView { gradient in
      computed(x.map(Double.init), z.map(Double.init), rows, 0.0) {
        Softmax.crossEntropy(logits: $0, labels: $1, rows: rows, columns: columns, loss: $2, gradient: gradient)
      }
    }
    var gradient = [Float](repeating: 0, count: x.count)
    let loss = gradient.withMemoryView { gradient in
      computed(x, z, rows, Float(0)) {
        Softmax.crossEntropy(logits: $0, labels: $1, rows: rows, columns: columns, loss: $2, gradient: gradient)
      }
    }
    #expect(zip(loss, exact).allSatisfy { isClose(Double($0), $1, relative: 2e-6, absolute: 1e-5) })
    #expect(zip(gradient, exactGradient).allSatisfy { isClose(Double($0), $1, relative: 1e-6, absolute: 3e-7) })
    let alone = computed(x, z, rows, Float(0)) {
      Softmax.crossEntropy(logits: $0, labels: $1, rows: rows, columns: columns, loss: $2)
    }
    #expect(alone == loss)
    var own = x
    own.withMemoryView { own in
      _ = computed(z, rows, Float(0)) {
        Softmax.crossEntropy(logits: own, labels: $0, rows: rows, columns: columns, loss: $1, gradient: own)
      }
    }
    #expect(own == gradient)
  }

  @Test(arguments: sizes)
  func `of classes are those of one-hot distributions`(_ rows: Int, _ columns: Int) throws {
    var generator = SplitMix64(seed: 3)
    let x = generator.floats(rows * columns, in: -8...8)
    let labels: [Int64] = generator.integers(rows, in: 0...Int64(columns - 1))
    var dense = [Float](repeating: 0, count: x.count)
    for row in 0..<rows { dense[row * columns + Int(labels[row])] = 1 }
    var (gradient, sparseGradient) = (dense, dense)
    let loss = gradient.withMemoryView { gradient in
      computed(x, dense, rows, Float(0)) {
        Softmax.crossEntropy(logits: $0, labels: $1, rows: rows, columns: columns, loss: $2, gradient: gradient)
      }
    }
    let sparse = try sparseGradient.withMemoryView { gradient throws(KernelError) in
      try computed(x, labels, rows, Float(0)) { x, z, loss throws(KernelError) in
        try Softmax.crossEntropy(logits: x, labels: z, rows: rows, columns: columns, loss: loss, gradient: gradient)
      }
    }
    #expect(zip(sparse, loss).allSatisfy { isClose(Double($0), Double($1), relative: 1e-6, absolute: 1e-6) })
    #expect(zip(sparseGradient, gradient).allSatisfy { isClose(Double($0), Double($1), absolute: 1e-7) })
  }

  @Test func `refuse a label out of range, with its position`() {
    for label in [Int32(3), -1] {
      let error = KernelError.labelOutOfRange(position: 1, label: Int64(label), classCount: 3)
      #expect(throws: error) {
        try computed([Float](repeating: 0, count: 6), [0, label], 2, Float(7)) { x, z, loss throws(KernelError) in
          try Softmax.crossEntropy(logits: x, labels: z, rows: 2, columns: 3, loss: loss)
        }
      }
    }
  }

  @Test func `survive extreme logits`() {
    let y = computed([1e30, -1e30, 0] as [Float], 3, Float(0)) { Softmax.softmax($0, rows: 1, columns: 3, into: $1) }
    #expect(y == [1, 0, 0])
    let masked = computed([-.infinity, 0] as [Float], 2, Float(0)) {
      Softmax.logSoftmax($0, rows: 1, columns: 2, into: $1)
    }
    #expect(masked == [-.infinity, 0])
  }
}
