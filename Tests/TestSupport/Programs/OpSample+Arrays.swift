import Graph
import Kernels

extension OpSample {
  /// Rearrangements.
  static let movement: [OpSample] = {
    var samples: [OpSample] = []
    for dtype in DType.allCases {
      samples.append(
        OpSample(
          several: "rearrangements of \(dtype)", [.numbers([.batch, 2, 3], [0, 1, 1, 0, 1], dtype)], .none,
          results: {
            let x = $0[0]
            return [
              try x.transposed(to: [1, 0, 2]), try x.reshaped(to: [.batch, 6]),
              try x.broadcast(to: [2, .batch, 2, 3]), try Value.concatenating([x, x], along: 1),
              try x.sliced(from: [0, 1, 0], shape: [.batch, 1, 2], by: [1, 1, 2]),
            ]
          }))
    }
    samples += [
      OpSample("transpose [B, 3]", [.real([.batch, 3])]) { try $0[0].transposed(to: [1, 0]) },
      OpSample("transpose [B, 2, 3] within examples", [.real([.batch, 2, 3])]) { try $0[0].transposed(to: [0, 2, 1]) },
      OpSample("transpose [2, B, 3] around", [.real([2, .batch, 3])]) { try $0[0].transposed(to: [1, 2, 0]) },
      OpSample("transpose there and back", [.real([.batch, 3])]) {
        try $0[0].transposed(to: [1, 0]).unary(.tanh).transposed(to: [1, 0])
      },
      OpSample("reshape [B, 6] to [B, 2, 3]", [.real([.batch, 6])]) { try $0[0].reshaped(to: [.batch, 2, 3]) },
      OpSample("reshape [B, 4] to [4B]", [.real([.batch, 4])]) { try $0[0].reshaped(to: [Extent(batches: 4)]) },
      OpSample("reshape [2B, 3] to [B, 6] and on", [.real([Extent(batches: 2), 3])]) {
        try $0[0].reshaped(to: [.batch, 6]).unary(.sin).reshaped(to: [1, .batch, 2, 3])
      },
      OpSample("reshape [B, 4] to [4, B], which mixes examples", [.real([.batch, 4])]) {
        try $0[0].reshaped(to: [4, .batch]).unary(.sin)
      },
      OpSample("reshape [B, 4] to [2, 2B], which mixes examples", [.real([.batch, 4])]) {
        try $0[0].reshaped(to: [2, Extent(batches: 2)]).unary(.sin)
      },
      OpSample("broadcast [3] to [B, 3]", [.real([3])]) { try $0[0].broadcast(to: [.batch, 3]).unary(.sin) },
      OpSample("broadcast [B, 1] to [2, B, 3]", [.real([.batch, 1])]) { try $0[0].broadcast(to: [2, .batch, 3]) },
      OpSample("broadcast [] to [B]", [.real([])]) { try $0[0].broadcast(to: [.batch]).unary(.exp) },
      OpSample("broadcast [1, 2] to [0, 2]", [.real([1, 2])]) { try $0[0].broadcast(to: [0, 2]).unary(.exp) },
      OpSample("tile [B, 2] along the rest", [.real([.batch, 2])]) { try $0[0].tiled([1, 3]) },
      OpSample("tile [B, 2] along the examples", [.real([.batch, 2])]) { try $0[0].tiled([2, 1]) },
      OpSample("tile [1, 2] by the batch", [.real([1, 2])]) { try $0[0].tiled([.batch, 1]).unary(.sin) },
      OpSample("concatenate features", [.real([.batch, 2]), .real([.batch, 3]), .real([.batch, 1])]) {
        try Value.concatenating($0.values, along: 1)
      },
      OpSample("concatenate examples", [.real([.batch, 2]), .real([3, 2])]) {
        try Value.concatenating([$0[1], $0[0]], along: 0)
      },
      OpSample("concatenate examples with examples", [.real([.batch, 2]), .real([Extent(batches: 2), 2])]) {
        try Value.concatenating([$0[0], $0[1], $0[0]], along: 0)
      },
      OpSample("concatenate parameters", [.real([2, 3]), .real([1, 3])]) {
        try Value.concatenating($0.values, along: 0)
      },
      OpSample("concatenate with something empty", [.real([.batch, 0]), .real([.batch, 3])]) {
        try Value.concatenating($0.values, along: 1)
      },
      OpSample("concatenate examples with what all share", [.real([.batch, 1, 2]), .real([2])]) {
        try Value.concatenating([$0[0], $0[1].broadcast(to: [.batch, 1, 2])], along: 1)
      },
    ]
    return samples
  }()

  /// Parts of tensors, and their gradients.
  static let slices: [OpSample] = [
    OpSample("slice features", [.real([.batch, 5])]) { try $0[0].sliced(from: [0, 1], shape: [.batch, 3]) },
    OpSample("slice features with steps", [.real([.batch, 5])]) {
      try $0[0].sliced(from: [0, 0], shape: [.batch, 3], by: [1, 2])
    },
    OpSample("slice features backwards", [.real([.batch, 5])]) {
      try $0[0].sliced(from: [0, 4], shape: [.batch, 3], by: [1, -2])
    },
    OpSample("slice nothing", [.real([.batch, 5])]) { try $0[0].sliced(from: [0, 2], shape: [.batch, 0]) },
    OpSample("slice the first example", [.real([.batch, 3])]) { try $0[0].sliced(from: [0, 0], shape: [1, 3]) },
    OpSample("slice all examples but one", [.real([Extent(batches: 1, fixed: 1), 3])]) {
      try $0[0].sliced(from: [1, 0], shape: [.batch, 3])
    },
    OpSample("slice the second half of the examples", [.real([Extent(batches: 2), 3])]) {
      try $0[0].sliced(from: [.batch, 0], shape: [.batch, 3])
    },
    OpSample("slice a parameter", [.real([4, 3])]) { try $0[0].sliced(from: [1, 0], shape: [2, 3]) },
    OpSample("slices that overlap", [.real([.batch, 5])]) {
      let left = try $0[0].sliced(from: [0, 0], shape: [.batch, 3])
      let right = try $0[0].sliced(from: [0, 2], shape: [.batch, 3])
      return try left.multiplied(by: right)
    },
    OpSample("slices beside the whole", [.real([.batch, 4])]) {
      let part = try $0[0].sliced(from: [0, 3], shape: [.batch, 1])
      return try $0[0].multiplied(by: part)
    },
    OpSample("assembled parts, the gradients of slices", [.real([.batch, 2, 3])]) {
      let first = try $0[0].sliced(from: [0, 0, 0], shape: [.batch, 1, 3]).unary(.square)
      let other = try $0[0].sliced(from: [0, 0, 2], shape: [.batch, 2, 2], by: [1, 1, -2]).unary(.square)
      let total = try first.summed(over: AxisSet(axes: [0, 1, 2])).adding(other.summed(over: AxisSet(axes: [0, 1, 2])))
      return try PullbackCheck.gradients(of: total, [$0[0]])[0]!
    },
    OpSample("assembled parts of a parameter", [.real([4, 2])]) {
      let part = try $0[0].sliced(from: [1, 0], shape: [2, 2]).unary(.square)
      return try PullbackCheck.gradients(of: part.summed(over: AxisSet(axes: [0, 1])), [$0[0]])[0]!
    },
  ]

  /// Rows of tables, and their gradients.
  static let rows: [OpSample] = [
    OpSample("gather rows", [.real([5, 3]), .integers([.batch], in: 0...4)]) { try $0[0].gatheringRows($0[1]) },
    OpSample("gather rows of two fields", [.real([5, 2]), .integers([.batch, 2], in: 0...4, .int64)]) {
      try $0[0].gatheringRows($0[1])
    },
    OpSample("gather one row", [.real([5, 2]), .integers([], in: 3...3)]) { try $0[0].gatheringRows($0[1]) },
    OpSample("gather numbers", [.real([5]), .integers([.batch, 3], in: 0...4)]) { try $0[0].gatheringRows($0[1]) },
    OpSample("gather cubes", [.real([3, 2, 2]), .integers([.batch], in: 0...2)]) { try $0[0].gatheringRows($0[1]) },
    OpSample("gather among examples", [.real([.batch, 2]), .numbers([3], [0], .int32)]) {
      try $0[0].gatheringRows($0[1])
    },
    OpSample("gather nothing", [.real([5, 2]), .integers([0], in: 0...4)]) { try $0[0].gatheringRows($0[1]) },
    OpSample(
      "gather twice", [.real([5, 2]), .integers([.batch], in: 0...4), .integers([.batch, 2], in: 0...4, .int64)]
    ) {
      let first = try $0[0].gatheringRows($0[1])
      let second = try $0[0].gatheringRows($0[2]).summed(over: AxisSet(axes: [1]))
      return try first.multiplied(by: second)
    },
    OpSample("gather from a computed table", [.real([5, 2]), .integers([.batch], in: 0...4)]) {
      try $0[0].unary(.tanh).gatheringRows($0[1])
    },
    OpSample("gather from a table that is also used whole", [.real([4, 2]), .integers([.batch], in: 0...3)]) {
      try $0[0].gatheringRows($0[1]).matmul(transposed: false, $0[0], transposed: true)
    },
    OpSample("gather integers", [.integers([5, 2], in: -9...9), .integers([.batch], in: 0...4)], .none) {
      try $0[0].gatheringRows($0[1])
    },
    OpSample("gather truth values", [.truth([5, 2]), .integers([.batch], in: 0...4)], .none) {
      try $0[0].gatheringRows($0[1])
    },
    OpSample("scatter rows", [.integers([.batch], in: 0...4), .real([.batch, 2])]) {
      try $0[0].scattering($0[1], into: TensorType($0.precision, [5, 2]))
    },
    OpSample("scatter rows of int64", [.integers([.batch], in: 0...2, .int64), .real([.batch, 2, 2])]) {
      try $0[0].scattering($0[1], into: TensorType($0.precision, [3, 2, 2]))
    },
    OpSample("scatter fixed rows", [.numbers([3], [1, 1, 0], .int32), .real([3, 2])]) {
      try $0[0].scattering($0[1], into: TensorType($0.precision, [2, 2]))
    },
  ]
}
