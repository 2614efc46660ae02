import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `The gradient of slices` {
  /// All pairs of `fields` fields of `x`, multiplied and added up, as exporters unroll it.
  private func pairs(_ fields: Int) throws -> (loss: Value, x: Value) {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float64, [.batch, Extent(fields), 2]), role: .data)
    let parts = try (0..<fields).map { try x.sliced(from: [0, Extent($0), 0], shape: [.batch, 1, 2]) }
    var total = try Value.constant(0, .float64, in: builder)
    for i in 0..<fields {
      for j in 0..<i {
        total = try total.adding(parts[i].multiplied(by: parts[j]).summed(over: AxisSet(axes: [0, 1, 2])))
      }
    }
    return (total, x)
  }

  @Test func `is assembled in one go, without a tensor of zeros per slice`() throws {
    let fields = 12
    let (loss, x) = try pairs(fields)
    guard case .dense(let gradient) = try x.builder.gradients(of: loss, withRespectTo: [x])[0] else {
      Issue.record("not a tensor")
      return
    }
    let program = x.builder.program([("gradient", gradient)])
    let whole = program.nodes.filter { $0.results.contains { program.types[$0] == x.type } }
    #expect(whole.map(\.primitive.name) == ["assemble \(fields) parts"])
    #expect(!program.nodes.contains { $0.primitive.name.hasPrefix("concatenate") })

    let values = (0..<3 * fields * 2).map { Double($0 * 7 % 11) }
    let found = try program.evaluated(
      .init(batch: 3, lanes: 2, tile: 2), feeds: ["x": HostTensor(.float64, [3, fields, 2], values)])["gradient"]!
    for example in 0..<3 {
      for column in 0..<2 {
        let own = (0..<fields).map { values[(example * fields + $0) * 2 + column] }
        for field in 0..<fields {
          let place = (example * fields + field) * 2 + column
          #expect(found.values[place] == own.reduce(0, +) - own[field])
        }
      }
    }
  }

  @Test func `agrees with central differences for parts that overlap and step`() throws {
    let check = PullbackCheck([.real([.batch, 6])]) { operands in
      let x = operands[0]
      let slices = [(0, 1, 3), (1, 2, 3), (5, -2, 3), (2, 1, 3)]
      let parts = try slices.map { start, stride, count in
        try x.sliced(from: [0, Extent(start)], shape: [.batch, Extent(count)], by: [1, stride])
      }
      let product = try parts.dropFirst().reduce(parts[0]) { try $0.multiplied(by: $1).unary(.sin) }
      return try product.summed(over: AxisSet(axes: [0, 1]))
    }
    for seed in 1...5 as ClosedRange<UInt64> {
      #expect(try check.discrepancies(batch: 4, seed: seed).isEmpty)
      #expect(try check.derivative().discrepancies(batch: 2, seed: seed, tolerance: 1e-5).isEmpty)
    }
  }

  @Test func `of examples that a batch does not have is an error, not a trap`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch, 2]), role: .data)
    builder.label = "first five"
    let loss = try x.sliced(from: [0, 0], shape: [5, 2]).summed(over: AxisSet(axes: [0, 1]))
    guard case .dense(let gradient) = try builder.gradients(of: loss, withRespectTo: [x])[0] else { return }
    let program = builder.program([("gradient", gradient)])
    let enough = try program.evaluated(.init(batch: 6), feeds: ["x": HostTensor(.float32, [6, 2], [1])])
    #expect(enough["gradient"]!.values == Array(repeating: 1, count: 10) + [0, 0])
    let failure = try #require(throws: ExecutionFailure.self) {
      try program.evaluated(.init(batch: 3), feeds: ["x": HostTensor(.float32, [3, 2], [1])])
    }
    #expect(failure.label == "first five" && failure.error == .indexOutOfRange(position: 0, index: 4, limit: 3))
  }
}
