import Kernels
import Testing

@Suite struct `Comparisons` {
  private func holds<Scalar: Comparable>(_ op: ComparisonOperation, _ a: Scalar, _ b: Scalar) -> Bool {
    switch op {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessEqual: a <= b
    case .greater: a > b
    case .greaterEqual: a >= b
    }
  }

  @Test(arguments: ComparisonOperation.allCases, UInt64(0)..<20)
  func `broadcast as NumPy's`(_ op: ComparisonOperation, _ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 4, extent: 7)
    let bShape = generator.operand(of: shape)
    let count = shape.reduce(1, *)
    let a: [Int32] = generator.integers(count, in: -2...2)
    let b: [Int32] = generator.integers(bShape.reduce(1, *), in: -2...2)
    let (all, part) = (Dimensions(shape), Dimensions(bShape))
    let expected = (0..<count).map { holds(op, a[$0], b[broadcastPosition($0, of: shape, in: bShape)]) }
    let mirrored = (0..<count).map { holds(op, b[broadcastPosition($0, of: shape, in: bShape)], a[$0]) }
    #expect(computed(a, b, count, false) { Comparison.apply(op, $0, all, $1, part, into: $2, all) } == expected)
    #expect(computed(b, a, count, false) { Comparison.apply(op, $0, part, $1, all, into: $2, all) } == mirrored)
    let (floats, doubles, longs) = (a.map(Float.init), a.map(Double.init), a.map(Int64.init))
    let others = (b.map(Float.init), b.map(Double.init), b.map(Int64.init))
    #expect(
      computed(floats, others.0, count, false) { Comparison.apply(op, $0, all, $1, part, into: $2, all) } == expected)
    #expect(
      computed(doubles, others.1, count, false) { Comparison.apply(op, $0, all, $1, part, into: $2, all) } == expected)
    #expect(
      computed(longs, others.2, count, false) { Comparison.apply(op, $0, all, $1, part, into: $2, all) } == expected)
  }

  @Test(arguments: ComparisonOperation.allCases)
  func `with NaN hold for inequality only`(_ op: ComparisonOperation) {
    let c = computed([.nan, 1, .nan] as [Float], [1, .nan, .nan] as [Float], 3, false) {
      Comparison.apply(op, $0, [3], $1, [3], into: $2, [3])
    }
    #expect(c == [Bool](repeating: op == .notEqual, count: 3))
    let doubles = computed([.nan, 1, .nan] as [Double], [1, .nan, .nan] as [Double], 3, false) {
      Comparison.apply(op, $0, [3], $1, [3], into: $2, [3])
    }
    #expect(doubles == c)
  }

  @Test(arguments: ComparisonOperation.allCases)
  func `take zeros of either sign for equal`(_ op: ComparisonOperation) {
    let floats = computed([0, -0.0] as [Float], [-0.0, 0] as [Float], 2, false) {
      Comparison.apply(op, $0, [2], $1, [2], into: $2, [2])
    }
    let doubles = computed([0, -0.0] as [Double], [-0.0, 0] as [Double], 2, false) {
      Comparison.apply(op, $0, [2], $1, [2], into: $2, [2])
    }
    #expect(floats == [Bool](repeating: holds(op, 0, 0), count: 2) && doubles == floats)
  }

  @Test func `of truth values and their combinations`() {
    let (a, b) = ([false, false, true, true], [false, true, false, true])
    func combined(_ op: LogicalOperation) -> [Bool] {
      computed(a, b, 4, false) { Comparison.apply(op, $0, [4], $1, [4], into: $2, [4]) }
    }
    #expect(combined(.and) == [false, false, false, true])
    #expect(combined(.or) == [false, true, true, true])
    #expect(combined(.xor) == [false, true, true, false])
    func compared(_ op: ComparisonOperation) -> [Bool] {
      computed(a, b, 4, false) { Comparison.apply(op, $0, [4], $1, [4], into: $2, [4]) }
    }
    #expect(compared(.equal) == [true, false, false, true] && compared(.notEqual) == [false, true, true, false])
    #expect(computed(a, 4, false) { Comparison.not($0, into: $1) } == [true, true, false, false])
    let outer = computed([true, false], [true, false, true], 6, false) {
      Comparison.apply(LogicalOperation.and, $0, [2, 1], $1, [3], into: $2, [2, 3])
    }
    #expect(outer == [true, false, true, false, false, false])
  }

  @Test(arguments: FloatClass.allCases)
  func `tell numbers from what is none`(_ op: FloatClass) {
    let x: [Float] = [1, .infinity, -.infinity, .nan, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    let expected = x.map { op == .isFinite ? $0.isFinite : op == .isInfinite ? $0.isInfinite : $0.isNaN }
    #expect(computed(x, x.count, false) { Comparison.apply(op, $0, into: $1) } == expected)
    #expect(computed(x.map(Double.init), x.count, false) { Comparison.apply(op, $0, into: $1) } == expected)
  }

  @Test(arguments: [0, 1, 2, 15, 16, 17, 4096, 4097, 4098, 10_000])
  func `finds any element that is not greater than the one before`(_ count: Int) {
    var x = (0..<count).map { Int64($0) * 3 - 5 }
    func isAscending() -> Bool { x.withMemoryView { Comparison.isStrictlyAscending($0) } }
    #expect(isAscending())
    for place in Set([1, 2, 14, 15, 16, 17, 4095, 4096, 4097, count - 1]) where place > 0 && place < count {
      let kept = x[place]
      for wrong in [x[place - 1], x[place - 1] - 1, .min] {
        x[place] = wrong
        #expect(!isAscending())
      }
      x[place] = kept
    }
    #expect(isAscending())
  }

  @Test(arguments: oddSizes + [4096, 4097, 10_000])
  func `find what is not finite wherever it is`(_ count: Int) {
    var x = [Float](repeating: .greatestFiniteMagnitude, count: count)
    func isFinite() -> Bool { x.withMemoryView { Comparison.allFinite($0) } }
    #expect(isFinite())
    var doubles = x.map(Double.init)
    let areFinite = doubles.withMemoryView { Comparison.allFinite($0) }
    #expect(areFinite)
    guard count > 0 else { return }
    for place in Set([0, count / 3, count / 2, count - 1]) {
      for value in [Float.infinity, -.infinity, .nan] {
        x[place] = value
        #expect(!isFinite())
        x[place] = 1
      }
    }
  }
}
