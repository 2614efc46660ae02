import CAllocationCounter
import Graph
import Kernels
import TestSupport
import Testing

@Suite(.serialized) struct `A run` {
  /// A network with about every kind of primitive, and its gradients.
  private func network() throws -> PullbackCheck {
    PullbackCheck([
      .real([.batch, 8]), .real([8, 6]), .real([6]), .real([10, 6]), .integers([.batch, 2], in: 0...9),
      .integers([.batch], in: 0...2), .real([6, 3]),
    ]) { operands in
      let rows = AxisSet(axes: [1])
      var hidden = try operands[0].matmul(operands[1]).adding(operands[2]).unary(.relu)
      hidden = try hidden.adding(operands[3].gatheringRows(operands[4]).summed(over: rows))
      let parts = try [0, 2, 4].map { try hidden.sliced(from: [0, Extent($0)], shape: [.batch, 2]).unary(.square) }
      let steps = try hidden.sliced(from: [0, 5], shape: [.batch, 3], by: [1, -2])
      hidden = try Value.concatenating(parts, along: 1).multiplied(by: 0.1).adding(hidden)
      let turned = try hidden.reshaped(to: [.batch, 2, 3]).transposed(to: [0, 2, 1]).reshaped(to: [.batch, 6])
      let type = TensorType(operands.precision, [.batch, 6])
      let noise = try Value.random(.uniform, type, stream: 1, in: operands.builder)
      let kept = try noise.compared(.less, operands.number(0.8))
      let logits = try kept.selecting(turned, operands.number(0)).matmul(operands[6]).adding(steps)
      let labels = try operands[5].oneHot(depth: 3, on: operands.number(1), off: operands.number(0), axis: 1)
      let losses = try logits.softmaxCrossEntropy(labels).loss
      let weights = try logits.softmax().reduced(.maximum, over: rows)
      let right = try logits.argMax(along: 1).compared(.equal, operands[5].cast(to: .int64)).cast(
        to: operands.precision)
      let mean = try losses.multiplied(by: weights).averaged(over: AxisSet(axes: [0]))
      return try mean.unary(.square).adding(right.averaged(over: AxisSet(axes: [0])))
    }
  }

  @Test(arguments: [1, 2], [DType.float32, .float64])
  func `allocates nothing`(_ lanes: Int, _ precision: DType) throws {
    let check = try network()
    let runner = try ProgramRunner(
      check.program(precision), .init(batch: 32, lanes: lanes, tile: 8),
      feeds: check.feeds(batch: 32, precision, seed: 1))
    #expect(runner.plan.lanes == lanes && runner.plan.tileCount == 4)
    let executor = runner.executor
    try executor.run()
    // Other tests allocate at the same time; a run that allocates nothing shows when they leave it alone.
    var fewest = Int64.max
    for _ in 0..<50_000 where fewest > 0 {
      onlearn_allocations_start()
      try executor.run()
      fewest = min(fewest, onlearn_allocations_stop())
    }
    // Without the optimizer, generic code allocates.
    #if !DEBUG
      #expect(fewest <= 0)
    #endif
  }
}
