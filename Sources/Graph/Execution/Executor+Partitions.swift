import Kernels

extension Executor {
  /// One instruction as work for lanes, each of which computes its range of the results.
  private struct Parts: LaneWork {
    let executor: Executor
    let index: Int
    let partition: Partition

    func run(lane: Int) {
      if lane < executor.plan.lanes { executor.runPart(index, partition, lane: lane) }
    }
  }

  /// Runs the instruction number `index` on all lanes.
  func runPartitioned(_ index: Int, _ partition: Partition) throws(ExecutionFailure) {
    pool.run(Parts(executor: self, index: index, partition: partition))
    try throwFailure()
  }

  private func runPart(_ index: Int, _ partition: Partition, lane: Int) {
    let range = partition.range(lane: lane, of: plan.lanes)
    guard !range.isEmpty else { return }
    let instruction = plan.instructions[index]
    // Safety: the tables and the numbers in `slots` are the executor's; each lane writes its own table only.
    let views = unsafe partViews[lane]
    for (position, axis) in partition.axes.enumerated() {
      let value = unsafe Int(slots[instruction.firstSlot + position])
      let whole = unsafe wholeViews[value]
      unsafe views[value] = axis.map { whole.part(range, along: $0) } ?? whole
    }
    var context = context
    context.scratch = scratch[lane]
    do {
      try unsafe execute(index, views, context)
    } catch {
      failures[lane] = failure(index, error)
    }
  }
}
