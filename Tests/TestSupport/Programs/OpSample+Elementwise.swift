import Graph
import Kernels

extension OpSample {
  /// Where a function is defined and smooth, and how smooth it is there.
  private static func domain(_ operation: UnaryOperation) -> (range: ClosedRange<Double>, smoothness: Smoothness) {
    switch operation {
    case .log, .squareRoot, .reciprocalSquareRoot, .reciprocal: (0.3...3, .twice)
    case .log1p: (-0.7...3, .twice)
    case .absolute, .relu, .elu, .selu, .softsign: (-2...2, .once)
    case .relu6: (-2...8, .once)
    case .sign, .floor, .ceil, .round: (-2.9...2.9, .once)
    default: (-2...2, .twice)
    }
  }

  /// Functions of one operand.
  static let unary: [OpSample] = {
    var samples: [OpSample] = []
    for operation in UnaryOperation.allCases {
      let (range, smoothness) = domain(operation)
      samples.append(
        OpSample("\(operation) of [B, 5]", [.real([.batch, 5], in: range)], smoothness) { try $0[0].unary(operation) })
      samples.append(
        OpSample("\(operation) of [3]", [.real([3], in: range)], smoothness) { try $0[0].unary(operation) })
      guard operation.isDefinedForIntegers else { continue }
      for dtype in [DType.int32, .int64] {
        samples.append(
          OpSample("\(operation) of \(dtype)", [.integers([.batch, 3], in: -9...9, dtype)], .none) {
            try $0[0].unary(operation)
          })
      }
    }
    let kinks = [0, -0.0, 6, -1, 7, 1e-30, -1e-30]
    for operation in [UnaryOperation.absolute, .sign, .relu, .relu6, .elu, .selu, .softplus, .softsign] {
      samples.append(
        OpSample("\(operation) at its kinks", [.numbers([.batch, 7], kinks)], .none) { try $0[0].unary(operation) })
    }
    samples += [
      OpSample("tanh of [B, 0]", [.real([.batch, 0])]) { try $0[0].unary(.tanh) },
      OpSample("exp of [4, B], whose examples lie apart", [.real([4, .batch])]) { try $0[0].unary(.exp) },
      OpSample("sigmoid of [2B, 3]", [.real([Extent(batches: 2), 3])]) { try $0[0].unary(.sigmoid) },
      OpSample("sine of [B+2]", [.real([Extent(batches: 1, fixed: 2)])]) { try $0[0].unary(.sin) },
      OpSample("logical not", [.truth([.batch, 3])], .none) { try $0[0].logicalNot() },
      OpSample("stop gradient", [.real([.batch, 3])], .none) { try $0[0].stoppingGradient() },
      OpSample("stop gradient beside one that flows", [.fixed([.batch, 3]), .real([3])]) {
        try $0[0].stoppingGradient().multiplied(by: $0[1])
      },
    ]
    return samples + casts
  }()

  /// Changes of the element type.
  private static let casts: [OpSample] = {
    let sources: [(String, Input)] = [
      ("numbers", .fixed([.batch, 4], in: -9...9)), ("int32", .integers([.batch, 4], in: -9...9)),
      ("int64", .integers([.batch, 4], in: -9...9, .int64)), ("truth values", .truth([.batch, 4])),
    ]
    var samples: [OpSample] = []
    for (name, input) in sources {
      for dtype in DType.allCases where dtype != input.dtype {
        samples.append(OpSample("cast of \(name) to \(dtype)", [input], .none) { try $0[0].cast(to: dtype) })
      }
    }
    samples += [
      OpSample("cast to double and back", [.real([.batch, 4])]) {
        try $0[0].cast(to: .float64).unary(.square).cast(to: $0.precision)
      },
      OpSample(
        several: "cast of numbers that do not fit",
        [.numbers([.batch, 5], [.infinity, -.infinity, .nan, 1e30, -3e9])], .none,
        results: { [try $0[0].cast(to: .int32), try $0[0].cast(to: .int64), try $0[0].cast(to: .bool)] }),
    ]
    return samples
  }()

  /// Operands for which a function of two is defined and smooth, and how smooth it is there.
  private static func domain(
    _ operation: BinaryOperation
  ) -> (a: ClosedRange<Double>, b: ClosedRange<Double>, smoothness: Smoothness) {
    switch operation {
    case .divide, .atan2, .divideOrZero: (-2...2, 0.5...2, .twice)
    case .power: (0.5...2, -2...2, .twice)
    case .maximum, .minimum: (-2...2, -2...2, .once)
    case .floorDivide, .truncateDivide, .floorModulo, .truncateModulo: (-5...5, 0.7...2, .once)
    case .reluGradient, .eluGradient, .seluGradient: (-2...2, -1...2, .once)
    case .relu6Gradient: (-2...2, -2...8, .once)
    default: (-2...2, -2...2, .twice)
    }
  }

  /// Functions of two operands.
  static let binary: [OpSample] = {
    var samples: [OpSample] = []
    for operation in BinaryOperation.allCases {
      let (a, b, smoothness) = domain(operation)
      func add(_ name: String, _ aShape: Shape, _ bShape: Shape) {
        samples.append(
          OpSample("\(operation) \(name)", [.real(aShape, in: a), .real(bShape, in: b)], smoothness) {
            try $0[0].binary(operation, $0[1])
          })
      }
      add("[B, 3], [B, 3]", [.batch, 3], [.batch, 3])
      add("[B, 3], [3]", [.batch, 3], [3])
      add("[B, 1], [1, 3]", [.batch, 1], [1, 3])
      add("[], [B]", .scalar, [.batch])
      guard operation.isDefinedForIntegers else { continue }
      let range = operation == .power ? 0...5 : operation == .divideOrZero ? -3...3 : 1...7
      for dtype in [DType.int32, .int64] {
        samples.append(
          OpSample(
            "\(operation) of \(dtype)",
            [.integers([.batch, 3], in: -9...9, dtype), .integers([3], in: range, dtype)], .none
          ) { try $0[0].binary(operation, $0[1]) })
      }
    }
    samples += [
      OpSample("add [B, 2, 1], [B, 1, 3]", [.real([.batch, 2, 1]), .real([.batch, 1, 3])]) { try $0[0].adding($0[1]) },
      OpSample("multiply [2, 1, 3], [B, 1]", [.real([2, 1, 3]), .real([.batch, 1])]) {
        try $0[0].multiplied(by: $0[1])
      },
      OpSample("subtract [B, 0], [B, 1]", [.real([.batch, 0]), .real([.batch, 1])]) { try $0[0].subtracting($0[1]) },
      OpSample("multiply by itself", [.real([.batch, 3])]) { try $0[0].multiplied(by: $0[0]) },
      OpSample("subtract from itself", [.real([.batch, 3])]) { try $0[0].subtracting($0[0]) },
      OpSample("divide or zero, with zeros", [.real([.batch, 3]), .numbers([.batch, 3], [0, 2, -1])]) {
        try $0[0].binary(.divideOrZero, $0[1])
      },
      OpSample("power of anything and whole numbers", [.real([.batch, 3]), .numbers([3], [2, 3, 4])]) {
        try $0[0].binary(.power, $0[1])
      },
      OpSample("square, by a power", [.real([.batch, 3])]) { try $0[0].binary(.power, $0.number(2)) },
      OpSample("maximum of equals", [.numbers([.batch, 3], [1, 2, 3]), .numbers([3], [1, 2, 3])], .none) {
        try $0[0].binary(.maximum, $0[1])
      },
    ]
    return samples
  }()

  /// Relations, logic and selection.
  static let comparisons: [OpSample] = {
    var samples: [OpSample] = []
    for operation in ComparisonOperation.allCases {
      samples.append(
        OpSample("\(operation) of numbers", [.fixed([.batch, 3]), .fixed([3])], .none) {
          try $0[0].compared(operation, $0[1])
        })
      samples.append(
        OpSample("\(operation) with NaN", [.numbers([.batch, 3], [1, .nan, 2]), .numbers([.batch, 1], [1])], .none) {
          try $0[0].compared(operation, $0[1])
        })
      for dtype in [DType.int32, .int64] {
        samples.append(
          OpSample(
            "\(operation) of \(dtype)",
            [.integers([.batch, 4], in: 0...2, dtype), .integers([1, 4], in: 0...2, dtype)],
            .none
          ) { try $0[0].compared(operation, $0[1]) })
      }
      guard operation.isDefinedForTruthValues else { continue }
      samples.append(
        OpSample("\(operation) of truth values", [.truth([.batch, 4]), .truth([.batch, 1])], .none) {
          try $0[0].compared(operation, $0[1])
        })
    }
    for operation in LogicalOperation.allCases {
      samples.append(
        OpSample("logical \(operation)", [.truth([.batch, 4]), .truth([4])], .none) {
          try $0[0].logical(operation, $0[1])
        })
    }
    samples += [
      OpSample("select [B, 3]", [.truth([.batch, 3]), .real([.batch, 3]), .real([.batch, 3])]) {
        try $0[0].selecting($0[1], $0[2])
      },
      OpSample("select with broadcasting", [.truth([.batch, 1]), .real([3]), .real([.batch, 3])]) {
        try $0[0].selecting($0[1], $0[2])
      },
      OpSample("select by one truth value", [.truth([]), .real([.batch, 2]), .real([])]) {
        try $0[0].selecting($0[1], $0[2])
      },
      OpSample(
        "select integers", [.truth([.batch]), .integers([.batch], in: -9...9), .integers([], in: 5...5)], .none
      ) { try $0[0].selecting($0[1], $0[2]) },
      OpSample("select truth values", [.truth([.batch]), .truth([.batch]), .truth([1])], .none) {
        try $0[0].selecting($0[1], $0[2])
      },
    ]
    return samples
  }()
}
