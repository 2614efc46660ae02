import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `The largest elements of each row` {
  @Test(arguments: UInt64(0)..<20)
  func `come in descending order, the first of equals first`(_ seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let columns = Int.random(in: 1...40, using: &generator)
    let count = Int.random(in: 0...columns, using: &generator)
    let x = (0..<3 * columns).map { _ in Double(Int.random(in: -5...5, using: &generator)) }
    let builder = ProgramBuilder()
    let input = builder.input("x", TensorType(.int32, [.batch, Extent(columns)]), role: .data)
    let (values, indices) = try input.largest(count)
    let program = builder.program([("values", values), ("indices", indices)])
    let found = try program.evaluated(.init(batch: 3), feeds: ["x": HostTensor(.int32, [3, columns], x)])
    var (expectedValues, expectedIndices): ([Double], [Double]) = ([], [])
    for row in 0..<3 {
      let order = (0..<columns).sorted {
        (x[row * columns + $0], -$0) > (x[row * columns + $1], -$1)
      }
      expectedValues += order.prefix(count).map { x[row * columns + $0] }
      expectedIndices += order.prefix(count).map { Double($0) }
    }
    #expect(found["values"]?.values == expectedValues && found["indices"]?.values == expectedIndices)
  }

  @Test(arguments: [DType.float32, .float64]) func `begin with what is not a number`(_ dtype: DType) throws {
    let builder = ProgramBuilder()
    let input = builder.input("x", TensorType(dtype, [.batch, 5]), role: .data)
    let (values, indices) = try input.largest(3)
    let program = builder.program([("values", values), ("indices", indices)])
    for (row, places) in [
      ([1, .nan, 5, 2, 3], [1, 2, 4]), ([3, 2, .nan, 1, .nan], [2, 4, 0]), ([.nan, .nan, .nan, .nan, 1], [0, 1, 2]),
      ([1, -.infinity, .infinity, .nan, 0], [3, 2, 0]),
    ] as [([Double], [Int])] {
      let found = try program.evaluated(.init(batch: 1), feeds: ["x": HostTensor(dtype, [1, 5], row)])
      #expect(found["indices"]?.values == places.map { Double($0) }, "\(row): \(found)")
      #expect(found["values"]!.isClose(to: HostTensor(dtype, [1, 3], places.map { row[$0] }), relative: 0), "\(found)")
    }
  }
}
