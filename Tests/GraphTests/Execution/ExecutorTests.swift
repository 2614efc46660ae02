import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `An executor` {
  /// A gather whose indices may be wrong, with sums behind it.
  private func lookup() throws -> Program {
    let builder = ProgramBuilder()
    let table = builder.input("table", TensorType(.float32, [5, 2]), role: .parameter)
    let indices = builder.input("indices", TensorType(.int32, [.batch]), role: .data)
    builder.label = "embedding/lookup"
    let rows = try table.gatheringRows(indices)
    builder.label = "total"
    return builder.program([("rows", rows), ("total", try rows.summed(over: AxisSet(axes: [0, 1])))])
  }

  @Test(arguments: [1, 2, 3, 7], [1, 2])
  func `says at which node and which example data does not fit, and goes on`(_ tile: Int, _ lanes: Int) throws {
    let good: [Double] = [0, 1, 2, 3, 4, 0, 1]
    for wrong in [0, 3, 5, 6] {
      let runner = try ProgramRunner(
        lookup(), .init(batch: 7, lanes: lanes, tile: tile), feeds: ["table": HostTensor(.float32, [5, 2], [1])])
      var indices = good
      indices[wrong] = wrong % 2 == 0 ? 5 : -1
      try runner.feed(HostTensor(.int32, [7], indices), as: "indices")
      let failure = try #require(throws: ExecutionFailure.self) { try runner.run() }
      #expect(failure.label == "embedding/lookup" && failure.primitive == "gather rows")
      guard case .indexOutOfRange(let position, let index, limit: 5) = failure.error else {
        Issue.record("\(failure)")
        continue
      }
      #expect(failure.firstExample + position == wrong && Double(index) == indices[wrong])
      #expect(failure.description.hasPrefix("node 'embedding/lookup' (gather rows): index \(index) at position"))

      try runner.feed(HostTensor(.int32, [7], good), as: "indices")
      try runner.run()
      #expect(try runner.output("total").scalar == 14)
    }
  }

  @Test(arguments: [DType.int32, .int64])
  func `says which index of a place is outside, and of how many`(_ dtype: DType) throws {
    let builder = ProgramBuilder()
    let type = TensorType(.float32, [2, 3])
    let x = builder.input("x", type, role: .parameter)
    let places = builder.input("places", TensorType(dtype, [.batch, 2]), role: .data)
    let values = builder.input("values", TensorType(.float32, [.batch]), role: .data)
    let gathered = builder.program([("y", try x.gatheringPlaces(places))])
    let scattered = builder.program([("y", try places.scatteringPlaces(values, into: type))])
    for (wrong, index, limit) in [([5, 3], 5, 2), ([1, 3], 3, 3), ([0, -1], -1, 3)] as [([Double], Int, Int)] {
      let feeds = [
        "x": HostTensor(.float32, [2, 3], [1]), "places": HostTensor(dtype, [3, 2], [0, 0] + wrong + [1, 2]),
        "values": HostTensor(.float32, [3], [1]),
      ]
      for program in [gathered, scattered] {
        let failure = try #require(throws: ExecutionFailure.self) {
          try program.evaluated(.init(batch: 3, tile: 3), feeds: feeds)
        }
        #expect(failure.error == .indexOutOfRange(position: 1, index: index, limit: limit))
      }
    }
  }

  @Test func `reports what fails while constants are computed when it is made`() throws {
    let builder = ProgramBuilder()
    builder.label = "shape arithmetic"
    let zero = try Value.constant(0, .int32, in: builder)
    let quotient = try Value.constant(7, .int32, in: builder).binary(.floorDivide, zero)
    let program = builder.program([("quotient", quotient)])
    let failure = try #require(throws: ExecutionFailure.self) { try program.evaluated(.init(batch: 1), feeds: [:]) }
    #expect(failure.label == "shape arithmetic")
    #expect("\(failure)".contains("floorDivide") && "\(failure)".contains("zero"), "\(failure)")
  }

  @Test func `looks for no largest element where a batch has none`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch, 2]), role: .data)
    let rest = try x.sliced(from: [3, 0], shape: [Extent(batches: 1, fixed: -3), 2])
    let program = builder.program([("largest", try rest.argMax(along: 0))])
    #expect(
      try program.evaluated(.init(batch: 4), feeds: ["x": HostTensor(.float32, [4, 2], [1])])["largest"]!.values == [
        0, 0,
      ])
    let failure = try #require(throws: ExecutionFailure.self) {
      try program.evaluated(.init(batch: 3), feeds: ["x": HostTensor(.float32, [3, 2], [1])])
    }
    #expect(failure.error == .emptyAxis(0))
    // For fewer examples still, the shape itself is impossible.
    #expect(throws: PlanError.self) { try program.evaluated(.init(batch: 2), feeds: [:]) }
  }

  @Test func `refuses tensors of another type`() throws {
    let runner = try ProgramRunner(lookup(), .init(batch: 3))
    let wrong: [(HostTensor, String)] = [
      (HostTensor(.int64, [3], [0]), "'indices' is int32[3], found int64[3]"),
      (HostTensor(.int32, [4], [0]), "'indices' is int32[3], found int32[4]"),
      (HostTensor(.int32, [3, 1], [0]), "'indices' is int32[3], found int32[3, 1]"),
    ]
    for (tensor, message) in wrong {
      let error = try #require(throws: BindingError.self) { try runner.feed(tensor, as: "indices") }
      #expect("\(error)" == message)
    }
  }

  @Test func `does not run before all it needs is bound`() async throws {
    await #expect(processExitsWith: .failure) {
      let builder = ProgramBuilder()
      let x = builder.input("x", TensorType(.float32, [.batch]), role: .data)
      let program = builder.program([("y", try x.unary(.exp))])
      let plan = try Plan(program, batch: 2, options: Plan.Options(lanes: 1))
      try Executor(plan, pool: LanePool(lanes: 1)).run()
    }
  }

  @Test func `needs no input that nothing depends on`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch]), role: .data)
    _ = builder.input("unused", TensorType(.float32, [.batch]), role: .data)
    let program = builder.program([("y", try x.unary(.negate))])
    let result = try program.evaluated(.init(batch: 2), feeds: ["x": HostTensor(.float32, [2], [1, 2])])
    #expect(result["y"]!.values == [-1, -2])
  }

  @Test func `reads rows of tables that lie apart`() throws {
    var memory = (0..<20).map { Float($0) }
    let runner = try ProgramRunner(lookup(), .init(batch: 3, lanes: 2, tile: 1))
    try runner.feed(HostTensor(.float32, [5, 2], [0]), as: "table")
    try runner.feed(HostTensor(.int32, [3], [4, 0, 2]), as: "indices")
    try memory.withMemoryView { view in
      try runner.executor.bind(TensorView(table: view, [5, 2], rowStride: 4), to: runner.plan.program.input("table")!)
      try runner.run()
    }
    #expect(try runner.output("rows").values == [16, 17, 0, 1, 8, 9])
  }

  @Test func `refuses plans beyond its memory`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch]), role: .data)
    builder.label = "huge"
    let huge = try x.reshaped(to: [.batch, 1]).broadcast(to: [.batch, Extent(1 << 30)]).unary(.exp)
    let program = builder.program([("y", huge)])
    #expect(throws: PlanError.value(label: "huge", type: huge.type, batch: 3, limit: 8 << 30)) {
      try Plan(program, batch: 3, options: Plan.Options(lanes: 1))
    }
    let many = try (0..<4).map {
      try x.reshaped(to: [.batch, 1]).broadcast(to: [.batch, Extent(1 << 18)]).multiplied(by: Double($0 + 2))
    }
    var options = Plan.Options(lanes: 1, tile: 8)
    options.memoryLimit = 16 << 20
    let outputs = builder.program(many.enumerated().map { ("\($0)", $1) })
    let error = try #require(throws: PlanError.self) { try Plan(outputs, batch: 8, options: options) }
    #expect("\(error)".hasSuffix("MiB, more than the memory limit of 16 MiB"))
  }

  /// Work beyond all bounds in plans that have too much memory as well.
  @Test(arguments: [true, false]) func `refuses plans whose work cannot be counted`(_ convolves: Bool) throws {
    let builder = ProgramBuilder()
    let axis = SlidingWindow.Axis(32_768, before: 16_383, after: 16_384)
    let window = SlidingWindow(vertical: axis, horizontal: axis)
    var images = builder.input("images", TensorType(.float32, [1, 65_536, 32_768, 1]), role: .data)
    let filters = builder.input("filters", TensorType(.float32, [32_768, 32_768, 1, 1]), role: .parameter)
    for _ in 0..<6 { images = try convolves ? images.convolved(with: filters, window) : images.averagePooled(window) }
    let program = builder.program([("y", images)])
    let error = try #require(throws: PlanError.self) { try Plan(program, batch: 1, options: Plan.Options(lanes: 2)) }
    guard case .memory = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test(arguments: [1, 2]) func `counts the scratch of each lane as memory`(_ lanes: Int) throws {
    let builder = ProgramBuilder()
    let axis = SlidingWindow.Axis(3, before: 1, after: 1)
    let images = builder.input("images", TensorType(.float32, [.batch, 8, 8, 512]), role: .data)
    let filters = builder.input("filters", TensorType(.float32, [3, 3, 512, 512]), role: .parameter)
    let result = try images.convolved(with: filters, SlidingWindow(vertical: axis, horizontal: axis))
    let program = builder.program([("y", result)])
    var options = Plan.Options(lanes: lanes)
    options.memoryLimit = 16 << 20
    let error = try #require(throws: PlanError.self) { try Plan(program, batch: 1, options: options) }
    guard case .memory(let byteCount, let scratch, limit: 16 << 20) = error else {
      Issue.record("\(error)")
      return
    }
    // The filters alone are taken at 6 × 6 points.
    #expect(scratch >= lanes * 36 * 512 * 512 * 4 && byteCount > scratch)
    #expect("\(error)".contains("MiB of scratch"))
    options.memoryLimit = byteCount
    #expect(try Plan(program, batch: 1, options: options).arenaByteCount == byteCount)
  }

  @Test func `is refused where the system has not as much memory`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch]), role: .data)
    let huge = try x.reshaped(to: [.batch, 1]).broadcast(to: [.batch, Extent(1 << 45)]).unary(.exp)
    var options = Plan.Options(lanes: 1, tile: 1)
    options.memoryLimit = .max
    let plan = try Plan(builder.program([("y", huge)]), batch: 1, options: options)
    let error = #expect(throws: PlanError.self) { _ = try Executor(plan, pool: LanePool(lanes: 1)) }
    #expect(error == .noMemory(byteCount: plan.arenaByteCount))
  }

  @Test(arguments: [1, 2, 3]) func `takes numbers too small for the normal form for zero, on every lane`(
    _ lanes: Int
  ) throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch]), role: .data)
    let program = builder.program([
      ("root", try x.unary(.squareRoot)), ("sign", try x.unary(.sign)),
      ("tenth", try x.multiplied(by: 1e10).multiplied(by: 1e-10)),
      ("product", try x.unary(.negate).adding(0x1p-125).multiplied(by: 0.01)),
    ])
    let feeds = ["x": HostTensor(.float32, [6], [-1e-40])]
    for (name, tensor) in try program.evaluated(.init(batch: 6, lanes: lanes, tile: 1), feeds: feeds) {
      #expect(tensor.values == Array(repeating: 0, count: 6), "\(name): \(tensor)")
    }
    // Only while it runs.
    var numbers: [Float] = [-0x1p-133]
    numbers.withMemoryView { Elementwise.apply(.squareRoot, $0, into: $0) }
    #expect(numbers[0].isNaN)
  }

  @Test func `keeps an output while later primitives run`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float64, [.batch, 2]), role: .data)
    let first = try x.unary(.exp)
    var last = first
    for _ in 0..<5 { last = try last.unary(.negate).unary(.tanh) }
    let program = builder.program([("first", first), ("last", last)])
    let feeds = ["x": HostTensor(.float64, [6, 2], (0..<12).map { Double($0) / 6 - 1 })]
    let expected = try program.evaluatedNaively(batch: 6, feeds: feeds)
    for tile in [1, 4, 6] {
      #expect(try program.evaluated(.init(batch: 6, lanes: 2, tile: tile), feeds: feeds) == expected)
    }
  }
}

@Suite struct `Random numbers` {
  private func program() throws -> Program {
    let builder = ProgramBuilder()
    let type = TensorType(.float32, [.batch, 5])
    let outputs = try [1, 2].map { stream in
      ("\(stream)", try Value.random(.uniform, type, stream: stream, in: builder))
    }
    let mask = try outputs[0].1.compared(.less, Value.constant(0.5, .float32, in: builder)).cast(to: .float32)
    return builder.program(outputs + [("mean", try mask.averaged(over: AxisSet(axes: [0, 1])))])
  }

  @Test func `depend on seed, step and stream, and on nothing else`() throws {
    let program = try program()
    func draw(_ seed: UInt64, _ step: UInt64, lanes: Int = 1, tile: Int = 64) throws -> [String: HostTensor] {
      try program.evaluated(.init(batch: 64, lanes: lanes, tile: tile), feeds: [:], seed: seed, step: step)
    }
    let first = try draw(1, 0)
    #expect(first["1"] != first["2"])
    for tile in [1, 3, 7, 64] {
      for lanes in [1, 2] {
        let again = try draw(1, 0, lanes: lanes, tile: tile)
        #expect(again["1"] == first["1"] && again["2"] == first["2"])
      }
    }
    let others = try [draw(1, 1), draw(1, 2), draw(2, 0), draw(2, 1)]
    for (index, other) in others.enumerated() {
      #expect(!others[..<index].contains { $0["1"] == other["1"] } && other["1"] != first["1"])
      #expect(abs(other["mean"]!.scalar - 0.5) < 0.1)
    }
  }
}
