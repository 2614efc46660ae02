import Kernels
import Testing

@Suite struct `Kernels that reduce` {
  @Test(arguments: UInt64(0)..<150)
  func `along any axes agree with the reference`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 5, extent: [3, 9, 20][Int(seed % 3)])
    let axes = Set(shape.indices.filter { _ in Bool.random(using: &generator) })
    let numbers = generator.floats(shape.reduce(1, *), in: 0.5...1.5)
    for op in ReductionOperation.allCases {
      // Long products of anything but numbers near 1 leave the range of floats.
      let x = op == .product ? numbers.map { 1 + ($0 - 1) / 1024 } : numbers
      let doubles = x.map(Double.init)
      let exact = ReferenceReductions.reduce(op, doubles, shape: shape, axes: axes)
      let y = computed(x, exact.count, Float(9)) {
        Reductions.reduce(op, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1)
      }
      let z = computed(doubles, exact.count, 9.0) {
        Reductions.reduce(op, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1)
      }
      for index in 0..<exact.count {
        let tolerance = op == .product ? 1e-4 : 1e-6
        #expect(isClose(Double(y[index]), exact[index], relative: tolerance), "\(op) of \(shape) over \(axes)")
        #expect(isClose(z[index], exact[index], relative: 1e-12))
      }
    }
  }

  @Test(
    arguments: [
      ([1000], [0]), ([10_000], [0]), ([1024, 10], [0]), ([100, 1], [0]), ([5000, 3], [0]), ([1024, 500], [0]),
      ([33, 500], [1]), ([20, 39, 16], [1]), ([7, 39, 17], [1]), ([3, 5, 7, 9], [0, 2]), ([3, 5, 7, 9], [1, 3]),
      ([300, 15], [0]), ([16, 15], [0]), ([17, 63], [0]), ([0, 3], [0]), ([3, 0], [0]), ([3, 0], [1]), ([], []),
      ([2, 3], []), ([1, 1], [0, 1]),
    ] as [([Int], Set<Int>)])
  func `have fast paths that agree with the reference`(_ shape: [Int], _ axes: Set<Int>) {
    var generator = SplitMix64(seed: 4)
    let x = generator.floats(shape.reduce(1, *))
    // Rounding errors of a sum are relative to the sum of magnitudes.
    let absolute = 1e-6 + 6e-8 * Double(axes.reduce(1) { $0 * shape[$1] })
    for op in ReductionOperation.allCases where op != .product {
      let exact = ReferenceReductions.reduce(op, x.map(Double.init), shape: shape, axes: axes)
      let y = computed(x, exact.count, Float(9)) {
        Reductions.reduce(op, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1)
      }
      for index in 0..<exact.count {
        #expect(isClose(Double(y[index]), exact[index], relative: 1e-6, absolute: absolute), "\(op) \(index)")
      }
      guard op == .sum else { continue }
      let more = computed(x, exact.count, Float(100)) {
        Reductions.reduce(
          op, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1, accumulating: true)
      }
      for index in 0..<exact.count {
        #expect(isClose(Double(more[index]), 100 + exact[index], relative: 1e-6, absolute: absolute))
      }
    }
  }

  @Test(arguments: [([1_000_000], [0]), ([100_000, 10], [0]), ([10_000, 100], [0])] as [([Int], Set<Int>)])
  func `of a million floats are accurate to a millionth`(_ shape: [Int], _ axes: Set<Int>) {
    var generator = SplitMix64(seed: 6)
    let x = generator.floats(1_000_000, in: 0...1)
    let exact = ReferenceReductions.reduce(.sum, x.map(Double.init), shape: shape, axes: axes)
    let y = computed(x, exact.count, Float(0)) {
      Reductions.reduce(.sum, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1)
    }
    for index in 0..<exact.count { #expect(isClose(Double(y[index]), exact[index], relative: 1e-6)) }
  }

  @Test(arguments: oddSizes.filter { $0 > 0 })
  func `find NaN wherever it is`(_ count: Int) {
    for op in [ReductionOperation.maximum, .minimum, .sum, .mean] {
      for place in Set([0, count / 2, count - 1]) {
        var x = [Float](repeating: 1, count: count)
        x[place] = .nan
        let y = computed(x, 1, Float(0)) {
          Reductions.reduce(op, $0, shape: [count], over: AxisSet(axes: [0]), into: $1)
        }
        #expect(y[0].isNaN)
        let columns = computed(x + x, count, Float(0)) {
          Reductions.reduce(op, $0, shape: [2, count], over: AxisSet(axes: [0]), into: $1)
        }
        #expect(columns.indices.allSatisfy { columns[$0].isNaN == ($0 == place) })
      }
    }
  }

  @Test func `of nothing are the identity`() {
    func reduced(_ op: ReductionOperation) -> (Float, Int32) {
      let y = computed([Float](), 3, Float(5)) {
        Reductions.reduce(op, $0, shape: [0, 3], over: AxisSet(axes: [0]), into: $1)
      }
      let z = computed([Int32](), 3, Int32(5)) {
        Reductions.reduce(op, $0, shape: [0, 3], over: AxisSet(axes: [0]), into: $1)
      }
      return (y[1], z[1])
    }
    #expect(reduced(.sum) == (0, 0) && reduced(.product) == (1, 1))
    #expect(reduced(.maximum) == (-.infinity, .min) && reduced(.minimum) == (.infinity, .max))
    #expect(reduced(.mean).0.isNaN && reduced(.mean).1 == 0)
  }

  @Test func `of integers round towards zero and wrap`() {
    func reduced(_ op: ReductionOperation, _ x: [Int32]) -> Int32 {
      computed(x, 1, Int32(0)) { Reductions.reduce(op, $0, shape: [x.count], over: AxisSet(axes: [0]), into: $1) }[0]
    }
    #expect(reduced(.mean, [1, 2, 4, -9]) == 0 && reduced(.mean, [-1, -2, -4]) == -2)
    #expect(reduced(.mean, [.max, .max]) == .max && reduced(.sum, [.max, 1]) == .min)
    #expect(
      reduced(.product, [3, -4, 5]) == -60 && reduced(.maximum, [3, -4]) == 3 && reduced(.minimum, [3, -4]) == -4)
  }

  @Test(arguments: UInt64(0)..<30)
  func `of truth values agree with the reference`(_ seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let shape = generator.shape(rank: 4, extent: 4)
    let axes = Set(shape.indices.filter { _ in Bool.random(using: &generator) })
    let x = (0..<shape.reduce(1, *)).map { _ in Bool.random(using: &generator) }
    let groups = ReferenceReductions.groups(x, shape: shape, axes: axes)
    for op in LogicalReduction.allCases {
      let y = computed(x, groups.count, false) {
        Reductions.reduce(op, $0, shape: Dimensions(shape), over: AxisSet(axes: axes), into: $1)
      }
      #expect(y == groups.map { op == .all ? $0.allSatisfy { $0 } : $0.contains(true) })
    }
  }

  @Test func `find the first of the largest and smallest`() {
    func arg(_ x: [Float], _ shape: Dimensions, _ axis: Int, _ count: Int) -> (largest: [Int64], smallest: [Int64]) {
      (
        computed(x, count, Int64(9)) { Reductions.argMax($0, shape: shape, axis: axis, into: $1) },
        computed(x, count, Int64(9)) { Reductions.argMin($0, shape: shape, axis: axis, into: $1) }
      )
    }
    #expect(arg([1, 3, 3, 0, 0], [5], 0, 1) == ([1], [3]))
    #expect(arg([1, .nan, 3], [3], 0, 1) == ([2], [0]))
    #expect(arg([.nan, .nan], [2], 0, 1) == ([0], [0]))
    #expect(arg([1, 5, 2, 4, 0, 6], [2, 3], 0, 3) == ([1, 0, 1], [0, 1, 0]))
    #expect(arg([1, 5, 2, 4, 0, 6], [2, 3], 1, 2) == ([1, 2], [0, 1]))
    #expect(computed([Int32.min, .min], 1, Int64(9)) { Reductions.argMax($0, shape: [2], axis: 0, into: $1) } == [0])
  }

  @Test func `run along an axis`() {
    func sums(_ x: [Int32], _ shape: Dimensions, _ axis: Int, _ exclusive: Bool, _ reverse: Bool) -> [Int32] {
      computed(x, x.count, Int32(0)) {
        Reductions.cumulativeSum($0, shape: shape, axis: axis, exclusive: exclusive, reverse: reverse, into: $1)
      }
    }
    #expect(sums([1, 2, 3, 4], [4], 0, false, false) == [1, 3, 6, 10])
    #expect(sums([1, 2, 3, 4], [4], 0, true, false) == [0, 1, 3, 6])
    #expect(sums([1, 2, 3, 4], [4], 0, false, true) == [10, 9, 7, 4])
    #expect(sums([1, 2, 3, 4], [4], 0, true, true) == [9, 7, 4, 0])
    #expect(sums([1, 2, 3, 4, 5, 6], [3, 2], 0, false, false) == [1, 2, 4, 6, 9, 12])
    var own: [Float] = [1, 2, 3]
    own.withMemoryView { Reductions.cumulativeSum($0, shape: [3], axis: 0, into: $0) }
    #expect(own == [1, 3, 6])
  }
}
