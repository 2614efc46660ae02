import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `The gradient of a gather` {
  let builder = ProgramBuilder()
  let table: Value
  let few: Value
  let many: Value

  init() {
    table = builder.input("table", TensorType(.float64, [1000, 2]), role: .parameter)
    few = builder.input("few", TensorType(.int32, [.batch]), role: .data)
    many = builder.input("many", TensorType(.int64, [.batch, 3]), role: .data)
  }

  private func sum(_ value: Value) throws -> Value {
    try value.summed(over: AxisSet(axes: 0..<value.shape.rank))
  }

  private let feeds: [String: HostTensor] = [
    "table": HostTensor(.float64, [1000, 2], (0..<2000).map { Double($0) / 1000 }),
    "few": HostTensor(.int32, [2], [7, 999]), "many": HostTensor(.int64, [2, 3], [7, 0, 7, 1, 2, 3]),
  ]

  @Test func `is rows`() throws {
    let loss = try sum(table.gatheringRows(few).unary(.square))
    let gradients = try builder.gradients(of: loss, withRespectTo: [table])
    guard case .rows(let indices, let values) = gradients[0] else {
      Issue.record("\(String(describing: gradients[0]))")
      return
    }
    #expect(indices == few && values.shape == [.batch, 2])
    let program = builder.program([("values", values), ("indices", indices)])
    #expect(!program.types[program.inputs.count...].contains { $0.shape[safe: 0] == 1000 })
    let results = try program.evaluated(.init(batch: 2), feeds: feeds)
    #expect(
      results["values"]!.isClose(to: HostTensor(.float64, [2, 2], [0.028, 0.03, 3.996, 3.998]), relative: 1e-12))
  }

  @Test func `is the rows of all gathers behind each other, whatever their indices' types`() throws {
    let first = try sum(table.gatheringRows(few).unary(.square))
    let second = try sum(table.gatheringRows(many))
    let gradients = try builder.gradients(of: first.adding(second), withRespectTo: [table])
    guard case .rows(let indices, let values) = gradients[0] else {
      Issue.record("\(String(describing: gradients[0]))")
      return
    }
    #expect(indices.dtype == .int64 && indices.shape == [Extent(batches: 4)])
    #expect(values.shape == [Extent(batches: 4), 2])
    let program = builder.program([("values", values), ("indices", indices)])
    #expect(!program.types[program.inputs.count...].contains { $0.shape[safe: 0] == 1000 })
    let results = try program.evaluated(.init(batch: 2, tile: 1), feeds: feeds)
    let gathered = zip(results["indices"]!.values, stride(from: 0, to: 16, by: 2)).map { index, place in
      [index, results["values"]!.values[place], results["values"]!.values[place + 1]]
    }
    let expected = [[7, 0.028, 0.03], [999, 3.996, 3.998]] + [7, 0, 7, 1, 2, 3].map { [$0, 1, 1] }
    func isBefore(_ a: [Double], _ b: [Double]) -> Bool { a.lexicographicallyPrecedes(b) }
    for (found, wanted) in zip(gathered.sorted(by: isBefore), expected.sorted(by: isBefore)) {
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 }, "\(found), expected \(wanted)")
    }
  }

  @Test func `of a computed table becomes a tensor`() throws {
    let loss = try sum(table.unary(.square).gatheringRows(few))
    let gradients = try builder.gradients(of: loss, withRespectTo: [table])
    guard case .dense(let gradient) = gradients[0] else {
      Issue.record("\(String(describing: gradients[0]))")
      return
    }
    let result = try builder.program([("gradient", gradient)]).evaluated(
      .init(batch: 2, lanes: 2, tile: 1), feeds: feeds)
    var expected = HostTensor(.float64, [1000, 2], [0])
    for row in [7, 999] {
      for column in 0..<2 { expected.values[row * 2 + column] = 2 * Double(row * 2 + column) / 1000 }
    }
    #expect(result["gradient"]!.isClose(to: expected, relative: 1e-12))
  }

  @Test func `is a tensor where the table is used whole as well`() throws {
    let loss = try sum(table.gatheringRows(few)).adding(sum(table))
    guard case .dense(let gradient) = try builder.gradients(of: loss, withRespectTo: [table])[0] else {
      Issue.record("rows")
      return
    }
    let result = try builder.program([("gradient", gradient)]).evaluated(.init(batch: 2), feeds: feeds)["gradient"]!
    #expect(result.values[0..<4] == [1, 1, 1, 1] && result.values[14..<16] == [2, 2] && result.values[1998] == 2)
  }

  private func isMissing(_ gradients: [Gradient?]) -> Bool {
    if case .none = gradients[0] { true } else { false }
  }

  @Test func `is nothing where the loss does not depend on the table`() throws {
    let other = try sum(few.cast(to: .float64))
    #expect(try isMissing(builder.gradients(of: other, withRespectTo: [table])))
    let stopped = try sum(table.stoppingGradient().gatheringRows(few))
    #expect(try isMissing(builder.gradients(of: stopped, withRespectTo: [table])))
    let gathered = try table.gatheringRows(few)
    #expect(try isMissing(builder.gradients(of: sum(gathered), withRespectTo: [table], cutting: [gathered])))
  }
}

extension Shape {
  /// The extent of `axis`, if there is such an axis.
  subscript(safe axis: Int) -> Extent? { axis < rank ? self[axis] : nil }
}
