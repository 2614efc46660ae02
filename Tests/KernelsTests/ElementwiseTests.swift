import Kernels
import Testing

@Suite struct `Elementwise functions` {
  @Test(arguments: UnaryOperation.allCases, oddSizes)
  func `of one float agree with those of Doubles, in place too`(_ op: UnaryOperation, _ count: Int) {
    var generator = SplitMix64(seed: UInt64(count))
    let x = generator.floats(count)
    let y = computed(x, count, Float(0)) { Elementwise.apply(op, $0, into: $1) }
    for (x, y) in zip(x, y) {
      #expect(isClose(Double(y), ScalarFunctions.value(op, Double(x)), relative: 5e-7, absolute: 1e-7))
    }
    var own = x
    own.withMemoryView { Elementwise.apply(op, $0, into: $0) }
    #expect(own.map(\.bitPattern) == y.map(\.bitPattern))
  }

  @Test(arguments: UnaryOperation.allCases)
  func `of one Double are TensorFlow's`(_ op: UnaryOperation) throws {
    let cases: [[Double]] = try TensorFlowValues.cases("float64", "\(op)")
    let y = computed(cases.map { $0[0] }, cases.count, 0.0) { Elementwise.apply(op, $0, into: $1) }
    for (numbers, y) in zip(cases, y) {
      #expect(isClose(y, numbers[1], relative: 1e-12), "\(op) of \(numbers) is \(y)")
      #expect(y != 0 || y.sign == numbers[1].sign, "\(op) of \(numbers) is \(y)")
    }
  }

  @Test(arguments: BinaryOperation.allCases)
  func `of two Doubles are TensorFlow's`(_ op: BinaryOperation) throws {
    let cases: [[Double]] = try TensorFlowValues.cases("float64", "\(op)")
    let shape = Dimensions([cases.count])
    let c = computed(cases.map { $0[0] }, cases.map { $0[1] }, cases.count, 0.0) {
      Elementwise.apply(op, $0, shape, $1, shape, into: $2, shape)
    }
    // A zero that is one of two operands, or what a mask leaves, may have either sign.
    let hasEitherZero = [BinaryOperation.maximum, .minimum, .reluGradient, .relu6Gradient].contains(op)
    for (numbers, c) in zip(cases, c) {
      #expect(isClose(c, numbers[2], relative: 1e-12), "\(op) of \(numbers) is \(c)")
      #expect(c != 0 || hasEitherZero || c.sign == numbers[2].sign, "\(op) of \(numbers) is \(c)")
    }
  }

  @Test(arguments: BinaryOperation.allCases, UInt64(0)..<40)
  func `of two operands broadcast as NumPy's`(_ op: BinaryOperation, _ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 5, extent: seed % 2 == 0 ? 5 : 20)
    var (aShape, bShape) = (generator.operand(of: shape), generator.operand(of: shape))
    if seed % 3 == 0 { aShape = shape } else if seed % 3 == 1 { bShape = shape }
    let result = broadcastShape(aShape, bShape)
    let range: ClosedRange<Float> = op == .power ? 0.1...3 : -3...3
    let a = generator.floats(aShape.reduce(1, *), in: range)
    let b = generator.floats(bShape.reduce(1, *), in: range)
    let count = result.reduce(1, *)
    let c = computed(a, b, count, Float(0)) {
      Elementwise.apply(op, $0, Dimensions(aShape), $1, Dimensions(bShape), into: $2, Dimensions(result))
    }
    let doubles = computed(a.map(Double.init), b.map(Double.init), count, 0.0) {
      Elementwise.apply(op, $0, Dimensions(aShape), $1, Dimensions(bShape), into: $2, Dimensions(result))
    }
    // What the functions of Doubles give is tested above; here it is which elements meet.
    for position in 0..<count {
      let x = Double(a[broadcastPosition(position, of: result, in: aShape)])
      let y = Double(b[broadcastPosition(position, of: result, in: bShape)])
      let exact = ScalarFunctions.value(op, x, y)
      #expect(doubles[position] == exact)
      #expect(
        isClose(Double(c[position]), exact, relative: 1e-6, absolute: 1e-6), "\(op) \(aShape) \(bShape) \(x) \(y)")
    }
  }

  private func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let (x, y) = (
      Array(repeating: 1, count: rank - a.count) + a, Array(repeating: 1, count: rank - b.count) + b
    )
    return zip(x, y).map(max)
  }

  @Test(
    arguments: [
      ([1000], [1000]), ([1000], []), ([], [1000]), ([33, 10], [10]), ([1024, 15], [15]), ([17, 1], [17, 16]),
      ([40, 9], [40, 1]), ([3, 39, 16], [3, 39, 1]), ([0, 4], [4]), ([5, 0], [5, 1]), ([2, 1, 3, 1, 2], [4, 1, 5, 1]),
    ] as [([Int], [Int])])
  func `broadcast along rows and columns, in place too`(_ aShape: [Int], _ bShape: [Int]) {
    var generator = SplitMix64(seed: 3)
    let rank = max(aShape.count, bShape.count)
    let x = Array(repeating: 1, count: rank - aShape.count) + aShape
    let y = Array(repeating: 1, count: rank - bShape.count) + bShape
    let shape = zip(x, y).map { $0 == 1 ? $1 : $0 }
    let a = generator.floats(aShape.reduce(1, *))
    let b = generator.floats(bShape.reduce(1, *))
    let count = shape.reduce(1, *)
    let c = computed(a, b, count, Float(0)) {
      Elementwise.apply(.subtract, $0, Dimensions(aShape), $1, Dimensions(bShape), into: $2, Dimensions(shape))
    }
    for position in 0..<count {
      let x = a[broadcastPosition(position, of: shape, in: aShape)]
      let y = b[broadcastPosition(position, of: shape, in: bShape)]
      #expect(c[position] == x - y)
    }
    if shape == aShape {
      var own = a
      var operand = b
      own.withMemoryView { own in
        operand.withMemoryView {
          Elementwise.apply(.subtract, own, Dimensions(shape), $0, Dimensions(bShape), into: own, Dimensions(shape))
        }
      }
      #expect(own == c)
    }
  }

  @Test func `keep TensorFlow's rules for NaN and infinities`() {
    func binary(_ op: BinaryOperation, _ a: Float, _ b: Float) -> Float {
      computed([a], [b], 1, Float(0)) { Elementwise.apply(op, $0, [1], $1, [1], into: $2, [1]) }[0]
    }
    for op in [BinaryOperation.maximum, .minimum] {
      #expect(binary(op, .nan, 1).isNaN && binary(op, 1, .nan).isNaN && binary(op, .nan, .nan).isNaN)
    }
    #expect(binary(.maximum, .infinity, 3) == .infinity && binary(.minimum, -.infinity, 3) == -.infinity)
    #expect(binary(.divide, 1, 0) == .infinity && binary(.divideOrZero, 1, 0) == 0)
    #expect(binary(.floorDivide, -7.5, 2) == -4 && binary(.floorModulo, -7.5, 2) == 0.5)
    #expect(binary(.floorModulo, 7.5, -2) == -0.5 && binary(.floorModulo, 1, .infinity) == 1)
    #expect(binary(.truncateDivide, -7.5, 2) == -3 && binary(.truncateModulo, -7.5, 2) == -1.5)
    #expect(binary(.reluGradient, 5, 0) == 0 && binary(.reluGradient, 5, .nan) == 0)
    #expect(binary(.power, -2, 3) == -8 && binary(.power, -2, 2) == 4 && binary(.power, .nan, 0) == 1)
    func unary(_ op: UnaryOperation, _ x: Float) -> Float {
      computed([x], 1, Float(0)) { Elementwise.apply(op, $0, into: $1) }[0]
    }
    #expect(unary(.relu, .nan).isNaN && unary(.relu6, .nan).isNaN && unary(.relu, -.infinity) == 0)
    #expect(unary(.sign, .nan).isNaN && unary(.sign, -0.5) == -1 && unary(.sign, 0) == 0)
    #expect(unary(.round, 2.5) == 2 && unary(.round, 3.5) == 4 && unary(.round, -0.5) == 0)
    #expect(unary(.elu, -.infinity) == -1 && unary(.softplus, .infinity) == .infinity)
  }

  @Test(arguments: UnaryOperation.allCases.filter(\.isDefinedForIntegers))
  func `of one integer are TensorFlow's`(_ op: UnaryOperation) throws {
    let narrow: [[Int32]] = try TensorFlowValues.cases("int32", "\(op)")
    let x = computed(narrow.map { $0[0] }, narrow.count, Int32(9)) { Elementwise.apply(op, $0, into: $1) }
    #expect(x == narrow.map { $0[1] })
    let wide: [[Int64]] = try TensorFlowValues.cases("int64", "\(op)")
    let y = computed(wide.map { $0[0] }, wide.count, Int64(9)) { Elementwise.apply(op, $0, into: $1) }
    #expect(y == wide.map { $0[1] })
  }

  @Test(arguments: BinaryOperation.allCases.filter { $0.isDefinedForIntegers && $0 != .divideOrZero })
  func `of two integers are TensorFlow's`(_ op: BinaryOperation) throws {
    let narrow: [[Int32]] = try TensorFlowValues.cases("int32", "\(op)")
    let x = try computed(narrow.map { $0[0] }, narrow.map { $0[1] }, narrow.count, Int32(9)) {
      a, b, c throws(KernelError) in
      try Elementwise.apply(op, a, [a.count], b, [b.count], into: c, [c.count])
    }
    #expect(x == narrow.map { $0[2] })
    let wide: [[Int64]] = try TensorFlowValues.cases("int64", "\(op)")
    let y = try computed(wide.map { $0[0] }, wide.map { $0[1] }, wide.count, Int64(9)) {
      a, b, c throws(KernelError) in
      try Elementwise.apply(op, a, [a.count], b, [b.count], into: c, [c.count])
    }
    #expect(y == wide.map { $0[2] })
  }

  @Test func `of integers broadcast along rows and columns`() throws {
    let a: [Int32] = [1, 2, 3, 4, 5, 6]
    func compute(_ op: BinaryOperation, _ b: [Int32], _ shape: Dimensions) throws -> [Int32] {
      try computed(a, b, 6, Int32(9)) { a, b, c throws(KernelError) in
        try Elementwise.apply(op, a, [2, 3], b, shape, into: c, [2, 3])
      }
    }
    #expect(try compute(.subtract, [10, 20, 30], [3]) == [-9, -18, -27, -6, -15, -24])
    #expect(try compute(.subtract, [10, 20], [2, 1]) == [-9, -8, -7, -16, -15, -14])
    #expect(try compute(.maximum, [3, 3, 0], [3]) == [3, 3, 3, 4, 5, 6])
    #expect(try compute(.maximum, [2, 5], [2, 1]) == [2, 2, 3, 5, 5, 6])
    #expect(try compute(.divideOrZero, [0, 2, -1], [3]) == [0, 1, -3, 0, 2, -6])
  }

  @Test func `of integers round and wrap as TensorFlow's`() throws {
    func compute(_ op: BinaryOperation, _ a: [Int64], _ b: [Int64]) throws -> [Int64] {
      try computed(a, b, a.count, Int64(0)) { x, y, z throws(KernelError) in
        try Elementwise.apply(op, x, [a.count], y, [a.count], into: z, [a.count])
      }
    }
    let (a, b): ([Int64], [Int64]) = ([7, -7, 7, -7, 0, .min], [2, 2, -2, -2, 3, -1])
    #expect(try compute(.floorDivide, a, b) == [3, -4, -4, 3, 0, .min])
    #expect(try compute(.floorModulo, a, b) == [1, 1, -1, -1, 0, 0])
    #expect(try compute(.divide, a, b) == [3, -3, -3, 3, 0, .min])
    #expect(try compute(.truncateModulo, a, b) == [1, -1, 1, -1, 0, 0])
    #expect(try compute(.power, [2, 3, -2, 0], [63, 40, 3, 0]) == [.min, -6_289_078_614_652_622_815, -8, 1])
    #expect(try compute(.add, [.max], [1]) == [.min])
    #expect(throws: KernelError.integerDivisionByZero(position: 2)) {
      try compute(.floorModulo, [1, 2, 3], [1, 2, 0])
    }
    #expect(throws: KernelError.negativeIntegerPower(position: 1)) { try compute(.power, [1, 2], [1, -2]) }
    let absolute = computed([Int32.min, -3], 2, Int32(0)) { Elementwise.apply(.absolute, $0, into: $1) }
    #expect(absolute == [.min, 3])
  }

  @Test(arguments: oddSizes)
  func `accumulate and scale`(_ count: Int) {
    var generator = SplitMix64(seed: 1)
    let x = generator.floats(count)
    let scaled = computed(x, count, Float(2)) { Elementwise.addScaled($0, 0.5, into: $1) }
    #expect(zip(x, scaled).allSatisfy { isClose(Double($1), 2 + 0.5 * Double($0)) })
    let sum = computed(x, count, Float(2)) { Elementwise.add($0, into: $1) }
    #expect(sum == x.map { 2 + $0 })
    var product = x
    product.withMemoryView { Elementwise.scale($0, by: 3) }
    #expect(product == x.map { 3 * $0 })
  }

  @Test(arguments: Activation.allCases, [(1, 7), (20, 10), (33, 500), (3, 16), (0, 4), (4, 0)])
  func `fuse a bias with what follows it`(_ activation: Activation, _ size: (rows: Int, columns: Int)) {
    var generator = SplitMix64(seed: 2)
    let x = generator.floats(size.rows * size.columns)
    let bias = generator.floats(size.columns)
    var (result, exact) = (x, x.map(Double.init))
    var (floats, doubles) = (bias, bias.map(Double.init))
    result.withMemoryView { x in
      floats.withMemoryView {
        Elementwise.biasActivation(x, bias: $0, rows: size.rows, activation: activation, into: x)
      }
    }
    exact.withMemoryView { x in
      doubles.withMemoryView {
        Elementwise.biasActivation(x, bias: $0, rows: size.rows, activation: activation, into: x)
      }
    }
    for position in 0..<x.count {
      #expect(isClose(Double(result[position]), exact[position], relative: 1e-6, absolute: 1e-6))
    }
  }

  @Test(arguments: Activation.allCases)
  func `fuse a bias with what TensorFlow makes of Doubles`(_ activation: Activation) throws {
    let isNone = activation == Activation.none
    let cases: [[Double]] = try TensorFlowValues.cases("float64", isNone ? "relu" : "\(activation)")
    let expected = cases.map { isNone ? $0[0] : $0[1] }
    let bias = cases.indices.map { Double($0) / 4 }
    let row = zip(cases, bias).map { $0[0] - $1 }
    let y = computed(row + row, bias, 2 * row.count, 0.0) {
      Elementwise.biasActivation($0, bias: $1, rows: 2, activation: activation, into: $2)
    }
    for (y, exact) in zip(y, expected + expected) {
      #expect(isClose(y, exact, relative: 1e-12), "\(activation), \(exact) expected, \(y) found")
    }
  }
}
