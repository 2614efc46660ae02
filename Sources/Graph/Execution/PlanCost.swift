import Kernels

/// A rough estimate of what a run costs, to decide whether threads pay.
struct PlanCost {
  /// The floating-point operations, or the largest integer if they are more.
  private(set) var operationCount = 0
  /// The estimated times of the nodes on one thread, in nanoseconds.
  private var nanoseconds: [Double]

  /// Whether the work is long enough to be shared: waking a parked thread takes 25–36 µs.
  var isWorthSharing: Bool { nanoseconds.reduce(0, +) > 60_000 }

  /// Whether the node number `index` alone is long enough to be shared by lanes that are awake, which takes 1–2 µs.
  func isWorthSharing(_ index: Int) -> Bool { nanoseconds[index] > 10_000 }

  /// The cost of `program` with values of these extents: a core does some 100 GFLOP/s in products of matrices, moves
  /// some 10 GB/s through its cache, and takes some 100 ns to start a primitive.
  init(_ program: Program, _ schedule: BatchSchedule, _ dimensions: [Dimensions]) {
    nanoseconds = Array(repeating: 0, count: program.nodes.count)
    for (index, node) in program.nodes.enumerated() where node.primitive.memory != .alias {
      guard schedule.stages[index] != BatchSchedule.setup else { continue }
      let operations = node.primitive.operationCount(
        node.operands.map { dimensions[$0] }, node.results.map { dimensions[$0] })
      operationCount = operationCount.addingSaturated(operations)
      let byteCount = node.results.reduce(0) { $0 + dimensions[$1].count * program.types[$1].dtype.byteCount }
      nanoseconds[index] = 100 + Double(operations) * 0.01 + Double(byteCount) * 0.1
    }
  }
}
