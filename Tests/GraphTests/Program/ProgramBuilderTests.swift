import Foundation
import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `A program being built` {
  let builder = ProgramBuilder()
  let x: Value
  let p: Value

  init() {
    x = builder.input("x", TensorType(.float32, [.batch, 3]), role: .data)
    p = builder.input("p", TensorType(.float32, [3]), role: .parameter)
  }

  private func names(_ outputs: Value...) -> [String] {
    builder.program(outputs.enumerated().map { ("\($0)", $1) }).nodes.map(\.primitive.name)
  }

  @Test func `has each value once`() throws {
    let a = try x.adding(p).unary(.tanh)
    let b = try x.adding(p).unary(.tanh)
    #expect(a == b)
    #expect(
      try x.multiplied(by: 2).multiplied(by: x.multiplied(by: 2))
        == x.multiplied(by: 2).multiplied(by: x.multiplied(by: 2)))
    #expect(try a != p.adding(x).unary(.tanh))
    #expect(try Value.constant(2, .float32, in: builder) == Value.constant(2, .float32, in: builder))
    #expect(try Value.constant(2, .float32, in: builder) != Value.constant(2, .float64, in: builder))
    #expect(try Value.constant(.nan, .float32, in: builder) == Value.constant(.nan, .float32, in: builder))
    let zeros = try [0.0, -0.0].map { try x.divided(by: Value.constant($0, .float32, in: builder)) }
    let program = builder.program([("0", zeros[0]), ("1", zeros[1])])
    let quotients = try program.evaluated(.init(batch: 1), feeds: ["x": HostTensor(.float32, [1, 3], [1])])
    #expect(quotients["0"]?.values == [.infinity, .infinity, .infinity])
    #expect(quotients["1"]?.values == [-.infinity, -.infinity, -.infinity])
  }

  @Test func `draws random numbers of different streams apart`() throws {
    let type = TensorType(.float32, [.batch])
    let first = try Value.random(.uniform, type, stream: 1, in: builder)
    #expect(try first == Value.random(.uniform, type, stream: 1, in: builder))
    #expect(try first != Value.random(.uniform, type, stream: 2, in: builder))
  }

  @Test func `lets operations broadcast by themselves`() throws {
    let spread = try p.broadcast(to: [.batch, 3])
    #expect(try x.adding(spread) == x.adding(p))
    #expect(try spread.adding(x) == p.adding(x))
    let sum = try names(x.adding(spread), spread.multiplied(by: x))
    #expect(sum == ["add", "multiply"])
    // Both broadcast: the result has the shape nevertheless.
    let both = try spread.adding(Value.constant(1, .float32, in: builder).broadcast(to: [.batch, 3]))
    #expect(both.shape == [.batch, 3])
  }

  @Test func `collapses reshapes and repetitions`() throws {
    let there = try x.reshaped(to: [Extent(batches: 3)]).reshaped(to: [1, .batch, 3])
    #expect(names(there) == ["reshape to [1, B, 3]"])
    #expect(try there.reshaped(to: [.batch, 3]) == x)
    #expect(try x.reshaped(to: [.batch, 3]) == x)
    let one = try Value.constant(1, .float32, in: builder)
    let repeated = try one.broadcast(to: [.batch, 6]).reshaped(to: [.batch, 2, 3])
    #expect(try repeated == one.broadcast(to: [.batch, 2, 3]))
    #expect(try p.broadcast(to: [2, 3]).broadcast(to: [.batch, 2, 3]) == p.broadcast(to: [.batch, 2, 3]))
    #expect(try x.transposed(to: [0, 1]) == x && x.cast(to: .float32) == x)
    #expect(try x.summed(over: []) == x && x.sliced(from: [0, 0], shape: [.batch, 3]) == x)
    #expect(try x.multiplied(by: 1) == x)
  }

  @Test func `leaves out of a softmax what cancels, unless it may be so large that it swallows the rest`() throws {
    let bias = builder.input("bias", TensorType(.float32, [1]), role: .parameter)
    let mask = builder.input("mask", TensorType(.float32, [.batch, 1]), role: .data)
    #expect(try x.adding(bias).softmax() == x.softmax() && x.adding(5).softmax() == x.softmax())
    let masked = try x.adding(mask).softmax()
    let outputs = try [masked, x.adding(-1e9).softmax(), x.adding(-1e9).logSoftmax().unary(.exp)]
    let program = builder.program(outputs.enumerated().map { ("\($0)", $1) })
    let numbers: [Double] = [1, 2, 4]
    let total = exp(1.0) + exp(2.0) + exp(4.0)
    let softmax = numbers.map { exp($0) / total }
    for (mask, expected) in [
      (0, softmax), (-1e9, [1.0 / 3, 1.0 / 3, 1.0 / 3]), (.infinity, [.nan, .nan, .nan]), (.nan, [.nan, .nan, .nan]),
    ] as [(Double, [Double])] {
      let feeds = ["x": HostTensor(.float32, [1, 3], numbers), "mask": HostTensor(.float32, [1, 1], [mask])]
      let found = try program.evaluated(.init(batch: 1), feeds: feeds)
      #expect(found["0"]!.isClose(to: HostTensor(.float32, [1, 3], expected), relative: 1e-6), "\(mask): \(found)")
      for name in ["1", "2"] {
        #expect(found[name]!.isClose(to: HostTensor(.float32, [1, 3], [1.0 / 3]), relative: 1e-6), "\(found)")
      }
    }
  }

  @Test func `refuses what does not fit, and says so`() throws {
    let q = try p.reshaped(to: [1, 3])
    func refusal(_ body: () throws -> Value) -> String? {
      do {
        _ = try body()
        return nil
      } catch { return "\(error)" }
    }
    #expect(refusal { try x.matmul(q) } == "matmul takes [m, k] × [k, n], found float32[B, 3], float32[1, 3]")
    #expect(refusal { try x.adding(x.transposed(to: [1, 0])) } != nil)
    #expect(refusal { try x.adding(x.cast(to: .float64)) } != nil)
    #expect(refusal { try x.cast(to: .bool).unary(.negate) } != nil)
    #expect(refusal { try x.reshaped(to: [.batch, 4]) } != nil)
    #expect(refusal { try x.reduced(.sum, over: AxisSet(axes: [2])) } != nil)
    #expect(refusal { try x.transposed(to: [0, 0]) } != nil)
    #expect(refusal { try Value.concatenating([x, q], along: 1) } != nil)
    #expect(refusal { try x.gatheringRows(x) } != nil)
    #expect(refusal { try x.reshaped(to: Shape([.batch, 3] + Array(repeating: 1, count: 7))) } != nil)
    #expect(refusal { try p.broadcast(to: [-3, 3]) } != nil)
    #expect(refusal { try x.argMax(along: 2) } != nil)
    #expect(refusal { try x.cast(to: .int32).softmax() } != nil)
  }

  @Test(arguments: [
    (-1, 1, 1), (0, 1, 4), (3, 1, 1), (2, -1, 4), (0, 1, Int.min), (0, Int.max, 3), (Int.max, 1, 2), (0, 1, -1),
    (Int.max, Int.max, Int.max), (0, Int.min, 2), (-1, 1, 0),
  ])
  func `refuses slices outside of a tensor`(_ start: Int, _ stride: Int, _ count: Int) {
    #expect(throws: ShapeError.self) {
      try p.sliced(from: [Extent(start)], shape: [Extent(count)], by: [stride])
    }
    #expect(throws: ShapeError.self) {
      try x.sliced(from: [0, Extent(start)], shape: [.batch, Extent(count)], by: [1, stride])
    }
  }

  @Test(arguments: [Extent(Int.min), Extent(-1), Extent(batches: 1, fixed: .min), Extent(batches: 1, fixed: 1)])
  func `refuses slices that no batch has`(_ count: Extent) {
    #expect(throws: ShapeError.self) { try x.sliced(from: [0, 0], shape: [count, 3]) }
  }

  @Test func `pools a sum before the bias is added, also where both could be the bias`() throws {
    let window = SlidingWindow(
      vertical: SlidingWindow.Axis(2, stride: 2, after: 1), horizontal: SlidingWindow.Axis(2, stride: 2, after: 1))
    for height in [1, 3] {
      let shape = Shape([1, height, 1, 2])
      let images = ProgramBuilder()
      let a = images.input("a", TensorType(.float32, shape), role: .data)
      let b = images.input("b", TensorType(.float32, [1, 1, 1, 2]), role: .data)
      let program = images.program([
        ("ab", try a.adding(b).maxPooled(window)), ("ba", try b.adding(a).maxPooled(window)),
      ])
      let feeds = [
        "a": HostTensor(.float32, [1, height, 1, 2], (0..<2 * height).map { Double($0) }),
        "b": HostTensor(.float32, [1, 1, 1, 2], [10, 20]),
      ]
      let found = try program.evaluated(.init(batch: 1), feeds: feeds)
      let expected: [Double] = height == 1 ? [10, 21] : [12, 23, 14, 25]
      #expect(found["ab"]?.values == expected && found["ba"]?.values == expected, "\(height)")
      #expect(program.nodes.prefix(2).map(\.primitive.name) == ["max pool", "add"])
    }
  }

  @Test func `prints`() throws {
    builder.label = "dense"
    let y = try x.adding(p).unary(.relu).summed(over: AxisSet(axes: [1]))
    _ = try x.unary(.exp)
    #expect(
      builder.program([("y", y)]).description == """
        %0: float32[B, 3] = data x
        %1: float32[3] = parameter p
        %2: float32[B, 3] = add(%0, %1)
        %3: float32[B, 3] = relu(%2)
        %4: float32[B] = sum over [1](%3)
        return y = %4
        """)
  }
}

@Suite struct `A program` {
  @Test func `pruned keeps what its outputs need`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float64, [.batch]), role: .data)
    let unused = builder.input("unused", TensorType(.float64, [.batch]), role: .data)
    let a = try x.unary(.sin)
    let b = try unused.unary(.cos)
    let c = try a.adding(b)
    let program = builder.program([("a", a), ("b", b), ("c", c)])
    #expect(program.nodes.count == 3 && program.usedInputs == [true, true])

    let pruned = program.pruned(to: ["a"])
    #expect(pruned.nodes.map(\.primitive.name) == ["sin"])
    #expect(pruned.inputs == program.inputs && pruned.usedInputs == [true, false])
    #expect(pruned.outputs.map(\.name) == ["a"] && pruned.output("b") == nil && pruned.input("unused") == 1)
    #expect(pruned.type(ofOutput: "a") == TensorType(.float64, [.batch]))
    let result = try pruned.evaluated(.init(batch: 2), feeds: ["x": HostTensor(.float64, [2], [0, 1])])
    #expect(result["a"]!.values[0] == 0)
  }

  @Test func `may give inputs and constants back, and a value twice`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch, 2]), role: .data)
    let one = try Value.constant(1, .float32, in: builder)
    let flat = try x.reshaped(to: [Extent(batches: 2)])
    let y = try x.unary(.negate)
    let program = builder.program([("x", x), ("one", one), ("flat", flat), ("y", y), ("again", y)])
    let values: [Double] = [1, 2, 3, 4, 5, 6]
    for tile in 1...3 {
      let results = try program.evaluated(
        .init(batch: 3, lanes: 2, tile: tile), feeds: ["x": HostTensor(.float32, [3, 2], values)])
      #expect(results["x"]!.values == values && results["one"]!.values == [1])
      #expect(results["flat"]! == HostTensor(.float32, [6], values))
      #expect(results["y"]! == HostTensor(.float32, [3, 2], values.map { -$0 }) && results["again"] == results["y"])
    }
  }
}
