import Graph
import Kernels

extension OpSample {
  /// Slices by index along any axis, at places, by segment; running sums and largest elements; padding.
  static let places: [OpSample] = {
    var samples: [OpSample] = []
    let gathers: [(Shape, Shape, axis: Int, shared: Int)] = [
      ([.batch, 4, 2], [3], 1, 0), ([.batch, 2, 4], [2, 2], 2, 0), ([4, .batch, 2], [3], 0, 0),
      ([2, 4], [.batch], 1, 0), ([2, 4, 3], [3, .batch], 1, 0), ([.batch, 4, 2], [.batch, 3], 1, 1),
      ([.batch, 2, 4], [.batch, 3], 2, 1), ([2, .batch, 4], [2, .batch, 3], 2, 2), ([.batch, 4], [], 1, 0),
    ]
    for (x, indices, axis, shared) in gathers {
      let name = "\(x) along \(axis) with \(indices), \(shared) shared"
      samples.append(
        OpSample("gather \(name)", [.real(x), .integers(indices, in: 0...3)]) {
          try $0[0].gathering($0[1], along: axis, sharedAxes: shared)
        })
      samples.append(
        OpSample("scatter \(name)", [.real(x), .integers(indices, in: 0...3, .int64)]) {
          let slices = try $0[0].gathering($0[1], along: axis, sharedAxes: shared).unary(.square)
          let total = try slices.summed(over: AxisSet(axes: 0..<slices.shape.rank))
          return try PullbackCheck.gradients(of: total, [$0[0]])[0]!
        })
    }
    for (shape, axis) in [([.batch, 4, 18] as Shape, 1), ([2, .batch, 3, 2], 2), ([.batch, 3], 1), ([4, 2], 0)] {
      for dtype in [DType.int32, .int64] {
        let pairs: [OpSample.Input] = [.integers([6], in: 0...2, dtype), .integers([6], in: 0...1, dtype)]
        samples.append(
          OpSample("products of slices of \(shape) with \(dtype)", [.real(shape)] + pairs) {
            try $0[0].gathering($0[1], along: axis).multiplied(by: $0[0].gathering($0[2], along: axis))
          })
        samples.append(
          OpSample("scattered products of slices of \(shape) with \(dtype)", [.real(shape), .real(shape)] + pairs) {
            let products = try $0[0].gathering($0[2], along: axis).multiplied(by: $0[1].gathering($0[3], along: axis))
            let total = try products.unary(.square).summed(over: AxisSet(axes: 0..<products.shape.rank))
            return try PullbackCheck.gradients(of: total, [$0[0]])[0]!
          })
      }
    }
    for dtype in [DType.int32, .int64] {
      samples += [
        OpSample("gather places of \(dtype)", [.real([3, 3, 2]), .integers([.batch, 2], in: 0...2, dtype)]) {
          try $0[0].gatheringPlaces($0[1])
        },
        OpSample("scatter places of \(dtype)", [.integers([.batch, 2], in: 0...2, dtype), .real([.batch, 2])]) {
          try $0[0].scatteringPlaces($0[1], into: TensorType($0.precision, [3, 3, 2]))
        },
        OpSample("segment sums of \(dtype)", [.real([.batch, 2]), .integers([.batch], in: -1...3, dtype)]) {
          try $0[0].summed(bySegment: $0[1], count: 4)
        },
        OpSample(
          several: "sparse softmax cross entropy of \(dtype)",
          [.real([.batch, 4]), .integers([.batch], in: 0...3, dtype)],
          results: {
            let (loss, gradient) = try $0[0].softmaxCrossEntropy(classes: $0[1])
            return [loss, gradient]
          }),
        OpSample(
          several: "largest of \(dtype)", [.integers([.batch, 5], in: 0...3, dtype)], .none,
          results: {
            let (values, indices) = try $0[0].largest(3)
            return [values, indices]
          }),
      ]
    }
    for (isExclusive, isReversed) in [(false, false), (true, false), (false, true), (true, true)] {
      let marks = "\(isExclusive ? ", exclusive" : "")\(isReversed ? ", reversed" : "")"
      for (shape, axis) in [([.batch, 4] as Shape, 1), ([.batch, 3], 0), ([2, .batch, 3], 0)] {
        samples.append(
          OpSample("running sums of \(shape) along \(axis)\(marks)", [.real(shape)]) {
            try $0[0].cumulativeSum(along: axis, isExclusive: isExclusive, isReversed: isReversed)
          })
      }
      samples.append(
        OpSample("running sums of integers\(marks)", [.integers([.batch, 3], in: -9...9)], .none) {
          try $0[0].cumulativeSum(along: 1, isExclusive: isExclusive, isReversed: isReversed)
        })
    }
    for operation in FloatClass.allCases {
      samples.append(
        OpSample("\(operation)", [.numbers([.batch, 4], [1, .nan, .infinity, -.infinity])], .none) {
          try $0[0].classified(operation)
        })
    }
    samples += [
      OpSample("gather places among examples", [.real([.batch, 4]), .integers([3, 2], in: 0...0)]) {
        try $0[0].gatheringPlaces($0[1])
      },
      OpSample("gather examples along their axis", [.real([2, .batch]), .integers([3], in: 0...0)]) {
        try $0[0].gathering($0[1], along: 1)
      },
      OpSample(
        "products of examples, gathered along their axis",
        [.real([2, .batch]), .integers([3], in: 0...0), .integers([3], in: 0...0)]
      ) { try $0[0].gathering($0[1], along: 1).multiplied(by: $0[0].gathering($0[2], along: 1)) },
      OpSample("gather places in one axis", [.real([4, 2]), .integers([.batch, 3, 1], in: 0...3)]) {
        try $0[0].gatheringPlaces($0[1])
      },
      OpSample("segment sums of two axes of ids", [.real([.batch, 2, 3]), .integers([.batch, 2], in: 0...2)]) {
        try $0[0].summed(bySegment: $0[1], count: 3)
      },
      OpSample("segment sums with a segment per example", [.real([4, 2]), .numbers([4], [0], .int32)]) {
        try $0[0].summed(bySegment: $0[1], count: .batch)
      },
      OpSample("largest two", [.real([.batch, 5])], .once) { try $0[0].largest(2).values },
      OpSample("largest none", [.real([2, .batch, 3])], .once) { try $0[0].largest(0).values },
      OpSample("padding of features", [.real([.batch, 2]), .real([])]) {
        try $0[0].padded(before: [0, 1], after: [0, 2], with: $0[1])
      },
      OpSample("padding of examples", [.real([.batch, 2]), .real([])]) {
        try $0[0].padded(before: [1, 0], after: [2, 1], with: $0[1])
      },
      OpSample("padding of integers", [.integers([.batch, 2], in: -9...9), .integers([], in: 7...7)], .none) {
        try $0[0].padded(before: [0, 0], after: [0, 1], with: $0[1])
      },
    ]
    return samples
  }()
}
