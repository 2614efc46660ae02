import Kernels

/// Collects how long the instructions of a plan take, lane by lane.
///
/// Timestamps cost some 20 ns per instruction, so an executor takes them only while it has a profile.
package final class ExecutionProfile {
  /// What was found of one instruction.
  package struct Entry: Sendable {
    /// The node of the graph that it comes from.
    package var label: String
    /// The primitive.
    package var primitive: String
    /// Whether it runs tile by tile, on all lanes.
    package var isTiled: Bool
    /// How often it is applied in one run.
    package var applications: Int
    /// Its part of the time of one run: the mean of the lanes if it runs on all.
    package var nanoseconds: Double
    /// Its floating-point operations in one run.
    package var operationCount: Int
    /// The bytes that it reads and writes in one run.
    package var byteCount: Int
  }

  private let plan: Plan
  private let memory: AlignedMemory
  private let instructionTimes: MemoryView<UInt64>
  private let runTimes: MemoryView<UInt64>
  private var runs = 0

  /// An empty profile of runs of `plan`.
  package init(_ plan: Plan) {
    self.plan = plan
    let count = plan.lanes * plan.instructions.count
    memory = AlignedMemory(byteCount: (count + 1) * MemoryLayout<UInt64>.stride)
    instructionTimes = memory.view(of: UInt64.self, count: count)
    runTimes = memory.view(of: UInt64.self, at: count * MemoryLayout<UInt64>.stride, count: 1)
    instructionTimes.fill(0)
    runTimes.fill(0)
  }

  /// Adds the time since `start` to the instruction's of `lane`; returns the time now.
  func add(since start: UInt64, to instruction: Int, lane: Int) -> UInt64 {
    let now = MonotonicClock.nanoseconds
    instructionTimes[lane * plan.instructions.count + instruction] &+= now &- start
    return now
  }

  /// Counts a run that took `nanoseconds`.
  func countRun(_ nanoseconds: UInt64) {
    runs += 1
    runTimes[0] &+= nanoseconds
  }

  /// The mean time of a run in nanoseconds.
  package var runNanoseconds: Double { Double(runTimes[0]) / Double(max(runs, 1)) }

  /// What was found of each instruction that runs in every step, in order.
  package var entries: [Entry] {
    var entries: [Entry] = []
    for stage in plan.stages where stage.number != BatchSchedule.setup {
      for index in stage.instructions { entries.append(entry(of: index, isTiled: stage.isTiled)) }
    }
    return entries
  }

  private func entry(of index: Int, isTiled: Bool) -> Entry {
    let node = plan.program.nodes[plan.instructions[index].node]
    let times = (0..<plan.lanes).map { instructionTimes[$0 * plan.instructions.count + index] }
    let (operands, results) = (node.operands.map { plan.dimensions[$0] }, node.results.map { plan.dimensions[$0] })
    let applications = isTiled ? plan.tileCount : 1
    var byteCount = 0
    for (position, operand) in node.operands.enumerated() {
      let read = node.primitive.elementsRead(of: position, operands, results)
      // What is the same for all examples is read for every tile.
      let times = plan.hasExamples[operand] ? 1 : applications
      byteCount += read * times * plan.program.types[operand].dtype.byteCount
    }
    for result in node.results {
      let times = plan.hasExamples[result] ? 1 : applications
      byteCount += plan.dimensions[result].count * times * plan.program.types[result].dtype.byteCount
    }
    return Entry(
      label: node.label, primitive: node.primitive.name, isTiled: isTiled, applications: applications,
      nanoseconds: times.reduce(0.0) { $0 + Double($1) } / Double((isTiled ? plan.lanes : 1) * max(runs, 1)),
      operationCount: node.primitive.operationCount(operands, results), byteCount: byteCount)
  }
}
