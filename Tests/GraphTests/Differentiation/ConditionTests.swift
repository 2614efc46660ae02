import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `A branch` {
  let builder = ProgramBuilder()
  let table: Value
  let ids: Value
  let holds: Value

  init() {
    table = builder.input("table", TensorType(.float64, [5, 2]), role: .parameter)
    ids = builder.input("ids", TensorType(.int32, [.batch]), role: .data)
    holds = builder.input("holds", TensorType(.bool, []), role: .data)
  }

  /// How a branch reads the table, and in which form its gradient comes.
  enum Reading: CaseIterable {
    case whole, rows, part

    func roots(_ table: Value, _ ids: Value) throws -> Value {
      switch self {
      case .whole: try table.unary(.squareRoot)
      case .rows: try table.gatheringRows(ids).unary(.squareRoot)
      case .part: try table.sliced(from: [1, 0], shape: [2, 2]).unary(.squareRoot)
      }
    }
  }

  @Test(arguments: Reading.allCases) func `that does not run has no gradient, not even NaN`(_ reading: Reading) throws {
    func sum(_ value: Value) throws -> Value { try value.summed(over: AxisSet(axes: [0, 1])) }
    let inside = try builder.within([holds]) { try sum(reading.roots(table, ids)) }
    let outside = try sum(reading.roots(table, ids))
    let chosen = try holds.selecting(inside, sum(table.unary(.square)))
    #expect(outside != inside)
    let gradients = try [outside, chosen].map { try PullbackCheck.gradients(of: $0, [table])[0]! }
    let program = builder.program([("outside", gradients[0]), ("chosen", gradients[1])])
    func run(_ table: Double, _ holds: Double) throws -> [String: HostTensor] {
      try program.evaluated(
        .init(batch: 3, lanes: 2, tile: 1),
        feeds: [
          "table": HostTensor(.float64, [5, 2], [table]), "ids": HostTensor(.int32, [3], [4, 0, 4]),
          "holds": HostTensor(.bool, holds),
        ])
    }
    let running = try run(4, 1)
    #expect(running["chosen"] == running["outside"])
    #expect(try run(-4, 0)["chosen"]?.values == Array(repeating: -8, count: 10))
  }

  @Test func `that only gathers has a gradient in rows`() throws {
    let inside = try builder.within([holds]) { try table.gatheringRows(ids).unary(.square) }
    let zero = try Value.constant(0, .float64, in: builder)
    let loss = try holds.selecting(inside.summed(over: AxisSet(axes: [0, 1])), zero)
    guard case .rows(_, let values) = try builder.gradients(of: loss, withRespectTo: [table])[0] else {
      Issue.record("not rows")
      return
    }
    #expect(values.shape == [.batch, 2] && builder.isReadByRows(table))
  }

  @Test func `uses what is computed anyway, and nothing of another branch`() throws {
    let sine = try table.unary(.sin)
    let no = try holds.logicalNot()
    let (first, cosine) = try builder.within([holds]) { (try table.unary(.sin), try table.unary(.cos)) }
    #expect(first == sine)
    #expect(try builder.within([holds]) { try table.unary(.cos) } == cosine)
    #expect(try builder.within([holds]) { try builder.within([no]) { try table.unary(.cos) } } == cosine)
    #expect(try builder.within([no]) { try table.unary(.cos) } != cosine)
    #expect(try table.unary(.cos) != cosine)
    // What has no gradient is the same everywhere.
    #expect(try builder.within([holds]) { try ids.unary(.negate) } == ids.unary(.negate))
  }

  @Test func `that does not run is not refused for its integers`() throws {
    var (tried, refused): (Set<String>, Set<String>) = ([], [])
    for sample in OpSample.all {
      let program = try sample.program(.float32)
      for node in program.nodes {
        let types = node.operands.map { program.types[$0] }
        let checked = types.indices.filter {
          types[$0].dtype.isInteger && node.primitive.harmlessInteger(at: $0) != nil
        }
        guard !checked.isEmpty else { continue }
        let name = String(describing: type(of: node.primitive))
        tried.insert(name)
        let builder = ProgramBuilder()
        let operands = types.enumerated().map { builder.input("\($0)", $1, role: .data) }
        let holds = builder.input("holds", TensorType(.bool, []), role: .data)
        let results = try builder.within([holds]) { try builder.apply(node.primitive, operands) }
        let branch = builder.program(results.enumerated().map { ("\($0)", $1) })
        func run(_ number: Double, _ holds: Double) throws {
          var feeds = ["holds": HostTensor(.bool, holds)]
          for (position, type) in types.enumerated() {
            let extents = type.shape.extents.map { $0.value(batch: 3)! }
            feeds["\(position)"] = HostTensor(type.dtype, extents, [checked.contains(position) ? number : 1])
          }
          _ = try branch.evaluated(.init(batch: 3, tile: 3), feeds: feeds)
        }
        for number in [-1, 0, 1000] as [Double] {
          try run(number, 0)
          do { try run(number, 1) } catch is ExecutionFailure { refused.insert(name) }
        }
      }
    }
    #expect(tried.count > 8 && refused == tried, "\(tried), \(refused)")
  }
}
