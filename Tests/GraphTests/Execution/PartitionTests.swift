import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `A product with many weights` {
  /// The squares of two layers' outputs, summed, and a penalty for large weights.
  private let network = PullbackCheck([.real([.batch, 37]), .real([37, 70]), .real([70, 5])]) { operands in
    let hidden = try operands[0].matmul(operands[1]).unary(.tanh)
    let output = try hidden.matmul(operands[2])
    let penalty = try operands[1].unary(.square).summed(over: AxisSet(axes: [0, 1])).multiplied(by: 0.5)
    return try output.unary(.square).averaged(over: AxisSet(axes: [0, 1])).adding(penalty)
  }

  private func options(batch: Int, lanes: Int) -> ProgramRunner.Options {
    ProgramRunner.Options(batch: batch, lanes: lanes, tile: batch)
  }

  @Test(arguments: [DType.float32, .float64], [2, 3])
  func `is divided among lanes along the weights, forward and backward`(_ precision: DType, _ lanes: Int) throws {
    let program = try network.program(precision)
    for batch in [1, 2, 9] {
      let feeds = network.feeds(batch: batch, precision, seed: 3)
      let expected = try program.evaluatedNaively(batch: batch, feeds: feeds)
      let runner = try ProgramRunner(program, options(batch: batch, lanes: lanes), feeds: feeds)
      #expect(runner.plan.partitionCount >= 3)
      #expect(runner.plan.wholeBatchNodes.isEmpty)
      for _ in 0..<2 { try runner.run() }
      let tolerance = precision == .float32 ? 1e-5 : 1e-12
      for (name, tensor) in runner.outputs {
        #expect(
          tensor.isClose(to: expected[name]!, relative: tolerance, absolute: tolerance),
          "batch \(batch), \(name): \(tensor), naively \(expected[name]!)")
      }
    }
  }

  @Test func `runs on tiles where the examples take more memory`() throws {
    let program = try network.program(.float32)
    let feeds = network.feeds(batch: 200, .float32, seed: 3)
    let runner = try ProgramRunner(program, options(batch: 200, lanes: 2), feeds: feeds)
    let products = runner.plan.program.nodes.filter { $0.primitive is MatMul }.count
    #expect(products >= 4 && runner.plan.partitionCount < products)
  }

  @Test func `gives every element to one lane`() throws {
    for extent in [1, 2, 15, 64, 70, 1000] {
      for lanes in 1...5 {
        let ranges = (0..<lanes).map { Partition.range(of: extent, lane: $0, of: lanes) }
        #expect(ranges.flatMap(Array.init) == Array(0..<extent))
        if extent >= 32 * lanes { #expect(ranges.dropLast().allSatisfy { $0.upperBound % 16 == 0 }) }
      }
    }
  }
}
