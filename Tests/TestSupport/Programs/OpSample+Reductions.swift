import Graph
import Kernels

extension OpSample {
  /// Sums and their like over axes, and positions of extremes.
  static let reductions: [OpSample] = {
    var samples: [OpSample] = []
    let shapes: [(String, Shape, [Int])] = [
      ("[B, 3] over the examples", [.batch, 3], [0]), ("[B, 3] over the rest", [.batch, 3], [1]),
      ("[B, 3] over all", [.batch, 3], [0, 1]), ("[B, 2, 3] over the middle", [.batch, 2, 3], [1]),
      ("[2, B, 3] over the ends", [2, .batch, 3], [0, 2]), ("[2, 3] over the first", [2, 3], [0]),
      ("[3, B] over the examples", [3, .batch], [1]),
    ]
    for operation in ReductionOperation.allCases {
      let isOrder = operation == .maximum || operation == .minimum
      for (name, shape, axes) in shapes {
        samples.append(
          OpSample("\(operation) of \(name)", [.real(shape, in: 0.5...1.5)], isOrder ? .once : .twice) {
            try $0[0].reduced(operation, over: AxisSet(axes: axes))
          })
      }
      for dtype in [DType.int32, .int64] {
        samples.append(
          OpSample("\(operation) of \(dtype)", [.integers([.batch, 4], in: -3...3, dtype)], .none) {
            try $0[0].reduced(operation, over: AxisSet(axes: [1]))
          })
        samples.append(
          OpSample("\(operation) of \(dtype) over the examples", [.integers([.batch, 4], in: -1...1, dtype)], .none) {
            try $0[0].reduced(operation, over: AxisSet(axes: [0]))
          })
      }
      samples.append(
        OpSample("\(operation) of nothing", [.fixed([.batch, 0])], .none) {
          try $0[0].reduced(operation, over: AxisSet(axes: [1]))
        })
    }
    for requiresAll in [true, false] {
      let name = requiresAll ? "all" : "any"
      for axes in [[0], [1], [0, 1]] {
        samples.append(
          OpSample("\(name) of [B, 3] over \(axes)", [.truth([.batch, 3])], .none) {
            try $0[0].reduced(requiringAll: requiresAll, over: AxisSet(axes: axes))
          })
      }
    }
    for findsSmallest in [false, true] {
      let name = findsSmallest ? "argmin" : "argmax"
      for (axis, shape) in [(1, [.batch, 4] as Shape), (0, [4, .batch]), (2, [.batch, 2, 3]), (0, [.batch, 3])] {
        samples.append(
          OpSample("\(name) of \(shape) along \(axis)", [.fixed(shape)], .none) {
            try $0[0].argMax(along: axis, findsSmallest: findsSmallest)
          })
      }
      samples.append(
        OpSample("\(name) of equal integers", [.integers([.batch, 5], in: 0...1)], .none) {
          try $0[0].argMax(along: 1, findsSmallest: findsSmallest)
        })
    }
    samples += [
      OpSample("sum of the squares of examples", [.fixed([.batch, 2, 5])], .none) { try $0[0].sumOfSquares() },
      OpSample("sum of the squares of weights", [.fixed([7, 5])], .none) { try $0[0].sumOfSquares() },
      OpSample("product with a zero", [.real([.batch, 3]), .numbers([3], [1, 0, 1])], .once) {
        try $0[0].multiplied(by: $0[1]).reduced(.product, over: AxisSet(axes: [1]))
      },
      OpSample("product with two zeros", [.real([.batch, 3]), .numbers([3], [1, 0, 0])], .once) {
        try $0[0].multiplied(by: $0[1]).reduced(.product, over: AxisSet(axes: [1]))
      },
      OpSample("mean of all, as a sum and a division", [.real([.batch, 3])]) {
        try $0[0].averaged(over: AxisSet(axes: [0, 1]))
      },
      OpSample("variance over the examples", [.real([.batch, 3])]) {
        let mean = try $0[0].averaged(over: AxisSet(axes: [0]))
        return try $0[0].binary(.squaredDifference, mean).averaged(over: AxisSet(axes: [0]))
      },
      OpSample("sum of [B, 0, 2] over the empty axis", [.real([.batch, 0, 2])]) {
        try $0[0].summed(over: AxisSet(axes: [1]))
      },
    ]
    return samples
  }()
}
