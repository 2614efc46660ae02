import Graph
import Kernels

extension OpSample {
  /// Products of matrices, and what networks end with.
  static let matrices: [OpSample] = {
    var samples: [OpSample] = []
    for transposesA in [false, true] {
      for transposesB in [false, true] {
        func add(_ name: String, _ m: Extent, _ k: Extent, _ n: Extent) {
          let a = transposesA ? Shape([k, m]) : Shape([m, k])
          let b = transposesB ? Shape([n, k]) : Shape([k, n])
          samples.append(
            OpSample("matmul \(a) × \(b)\(transposesA ? " tA" : "")\(transposesB ? " tB" : "")", [.real(a), .real(b)]) {
              try $0[0].matmul(transposed: transposesA, $0[1], transposed: transposesB)
            })
        }
        add("rows", .batch, 3, 2)
        add("columns", 2, 3, .batch)
        add("sums", 3, .batch, 2)
        add("fixed", 2, 4, 3)
        add("one column", .batch, 3, 1)
        add("across examples", .batch, 2, .batch)
        add("nothing to add up", .batch, 0, 2)
        add("one to add up", .batch, 1, 3)
      }
    }
    samples += [
      OpSample("matmul with itself", [.real([3, 3])]) { try $0[0].matmul($0[0]) },
      OpSample("matmul of examples with themselves", [.real([.batch, 3])]) {
        try $0[0].matmul(transposed: false, $0[0], transposed: true)
      },
      OpSample("matmul of features with themselves", [.real([.batch, 3])]) {
        try $0[0].matmul(transposed: true, $0[0], transposed: false)
      },
    ]
    for (a, b) in [
      ([.batch, 3, 4] as Shape, [.batch, 1, 4] as Shape), ([.batch, 3, 4], [.batch, 3, 1]),
      ([.batch, 3], [.batch, 1]),
      ([.batch, 3], [3]), ([2, 3, 4], [3, 1]), ([3, .batch, 2], [3, 1, 2]), ([.batch, 3, 4], [.batch, 3, 4]),
    ] {
      for axes in [[a.rank - 1], [a.rank - 2]] {
        samples.append(
          OpSample("sums over \(axes) of products of \(a) and \(b)", [.real(a), .real(b)]) {
            try $0[0].multiplied(by: $0[1]).summed(over: AxisSet(axes: axes))
          })
      }
    }
    for activation in Activation.allCases {
      samples.append(
        OpSample("\(activation) of a sum with a row", [.fixed([.batch, 2, 5]), .fixed([1, 5])], .none) {
          try $0[0].activated(bias: $0[1], activation)
        })
    }
    return samples
  }()

  /// Softmax and cross entropy.
  static let neural: [OpSample] = [
    OpSample("softmax of [B, 4]", [.real([.batch, 4])]) { try $0[0].softmax() },
    OpSample("softmax of [4]", [.real([4])]) { try $0[0].softmax() },
    OpSample("softmax of [B, 2, 3]", [.real([.batch, 2, 3])]) { try $0[0].softmax() },
    OpSample("softmax over the examples", [.real([.batch])]) { try $0[0].softmax() },
    OpSample("softmax of one class", [.real([.batch, 1])]) { try $0[0].softmax() },
    OpSample("log softmax of [B, 4]", [.real([.batch, 4])]) { try $0[0].logSoftmax() },
    OpSample("log softmax of [2, B, 3]", [.real([2, .batch, 3])]) { try $0[0].logSoftmax() },
    OpSample("softmax of a sum with what is the same for all classes", [.real([.batch, 4]), .real([.batch, 1])]) {
      try $0[0].adding($0[1]).softmax()
    },
    OpSample("softmax of a difference, along the middle", [.real([.batch, 4, 1]), .real([1, 3])]) {
      try $0[0].subtracting($0[1]).transposed(to: [0, 2, 1]).softmax().transposed(to: [0, 2, 1])
    },
    OpSample("softmax of what a number is less", [.real([.batch, 4]), .real([.batch, 1])]) {
      try $0[1].subtracting($0[0]).softmax()
    },
    OpSample("log softmax far apart", [.numbers([.batch, 3], [1000, 0, -1000])], .none) { try $0[0].logSoftmax() },
    OpSample(
      several: "softmax cross entropy, both results", [.real([.batch, 4]), .real([.batch, 4])],
      results: {
        // As in TensorFlow, the gradient takes for granted that labels sum to one.
        let (loss, gradient) = try $0[0].softmaxCrossEntropy($0[1].softmax())
        return [loss, gradient]
      }),
    OpSample(
      "softmax cross entropy of labels that sum to one",
      [.real([.batch, 3]), .numbers([.batch, 3], [0.5, 0.25, 0.25])]
    ) { try $0[0].softmaxCrossEntropy($0[1]).loss },
    OpSample("softmax cross entropy [2, 3]", [.real([2, 3]), .numbers([2, 3], [0, 1, 0])]) {
      try $0[0].softmaxCrossEntropy($0[1]).loss
    },
    OpSample("one-hot at the end", [.integers([.batch], in: -1...4)], .none) {
      try $0[0].oneHot(depth: 4, on: $0.number(1), off: $0.number(0), axis: 1)
    },
    OpSample("one-hot at the front of int64", [.integers([.batch, 2], in: 0...3, .int64)], .none) {
      try $0[0].oneHot(depth: 3, on: $0.number(2), off: $0.number(-1), axis: 0)
    },
    OpSample("one-hot of numbers that are fed", [.integers([.batch, 2], in: 0...3), .real([]), .real([])], .none) {
      try $0[0].oneHot(depth: 3, on: $0[1], off: $0[2], axis: 1)
    },
    OpSample("one-hot of depth 0", [.integers([.batch], in: 0...3)], .none) {
      try $0[0].oneHot(depth: 0, on: $0.number(1), off: $0.number(0), axis: 1)
    },
  ]

  /// What has no operands.
  static let sources: [OpSample] = {
    var samples = [
      OpSample(
        several: "constants of every type", [], .none,
        results: { operands in
          let literals: [Literal] = [
            Literal(.float32([1, .nan, -.infinity]), shape: [3]), Literal(.float64([1.5]), shape: [1, 1]),
            Literal(.int32([.min, .max]), shape: [2]), Literal(.int64([0, -7]), shape: [2, 1]),
            Literal(.bool([true, false]), shape: [2]), Literal(.float32([]), shape: [0, 3]),
          ]
          return try literals.map { try Value.constant($0, in: operands.builder) }
        }),
      OpSample(
        several: "the batch size as a number", [], .none,
        results: { operands in
          try [DType.float32, .float64, .int32, .int64].map {
            try Value.extent(Extent(batches: 2, fixed: -1), $0, in: operands.builder)
          }
        }),
    ]
    for distribution in [RandomNumbers.Distribution.uniform, .normal, .truncatedNormal] {
      samples.append(
        OpSample(
          several: "random \(distribution)", [], .none,
          results: { operands in
            let shapes: [Shape] = [[.batch, 3], [.batch], [2, 3], [3, .batch], [Extent(batches: 2), 5]]
            return try shapes.enumerated().map { stream, shape in
              let type = TensorType(operands.precision, shape)
              return try Value.random(distribution, type, stream: UInt64(stream), in: operands.builder)
            }
          }))
    }
    return samples
  }()
}
