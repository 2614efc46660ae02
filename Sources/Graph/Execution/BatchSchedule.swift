/// When each node of a program runs, and which nodes run on ranges of the examples ("tiles").
///
/// Stages alternate: even ones run once over the whole batch, odd ones run tile by tile on all lanes. A node that keeps
/// examples apart, or sums over them, belongs to an odd stage; one that needs sums, or is the same for all examples, to
/// the even stage behind. The forward and backward pass of most networks share the one odd stage 1. A loss that is not
/// linear in a sum over the batch, or statistics across examples, put what follows them into later stages.
package struct BatchSchedule: Sendable {
  /// The stage of what depends on neither inputs nor the step: it runs once per plan.
  package static let setup = -1

  /// How a node takes part in its stage.
  package enum Role: Sendable {
    /// Runs once, over the whole batch.
    case whole
    /// Runs on every tile; its results are ranges of examples.
    case perExample
    /// Runs on every tile; its results are sums over the tiles.
    case sum
  }

  /// The stage of each node.
  package private(set) var stages: [Int]
  /// The role of each node.
  package private(set) var roles: [Role]
  /// For each value the axis of its examples, `nil` if it has none or if they do not lie along one.
  package private(set) var axes: [Int?]
  /// Nodes that could run on tiles, but are divided otherwise.
  private let divided: Set<Int>
  /// Nodes that have to see the whole batch although their operands depend on examples.
  package private(set) var wholeBatchNodes: [Int] = []

  /// Whether stage `stage` runs tile by tile.
  package static func isTiled(_ stage: Int) -> Bool { stage > 0 && stage % 2 == 1 }

  /// Schedules `program`, its nodes `divided` over the whole batch although they could run on tiles.
  ///
  /// - Complexity: O(nodes) for each node that has to be moved from tiles to the whole batch.
  package init(_ program: Program, divided: Set<Int> = []) {
    self.divided = divided
    stages = Array(repeating: 0, count: program.nodes.count)
    roles = Array(repeating: .whole, count: program.nodes.count)
    axes = Array(repeating: nil, count: program.types.count)
    let producers = program.producers
    var forced = program.nodes.indices.map(divided.contains)
    while true {
      schedule(program, producers, forced)
      let moved = nodesToMove(program, producers)
      if moved.isEmpty { return }
      for node in moved { forced[node] = true }
    }
  }

  private mutating func schedule(_ program: Program, _ producers: [Int?], _ forced: [Bool]) {
    wholeBatchNodes = []
    for value in program.inputs.indices { axes[value] = program.types[value].shape.exampleAxis }
    for (index, node) in program.nodes.enumerated() {
      let operands = node.operands
      if node.primitive.isDeterministic,
        operands.allSatisfy({ producers[$0].map { stages[$0] == Self.setup } ?? false })
      {
        place(index, node, program, .whole, stage: Self.setup)
        continue
      }
      let application = BatchedApplication(
        axes: operands.map { axes[$0] }, operands: operands.map { program.types[$0] },
        results: node.results.map { program.types[$0] })
      let isBatched = (application.operands + application.results).contains { !$0.shape.isFixed }
      let hasScattered = zip(application.operands, application.axes).contains { !$0.shape.isFixed && $1 == nil }
      switch isBatched && !hasScattered && !forced[index] ? node.primitive.batching(application) : .whole {
      case .perExample(let resultAxes)
      where zip(node.results, resultAxes).allSatisfy({ program.types[$0].shape[$1].isBatched }):
        place(index, node, program, .perExample, stage: tiledStage(operands, producers))
        for (result, axis) in zip(node.results, resultAxes) { axes[result] = axis }
      case .sums where node.primitive.canAccumulate:
        place(index, node, program, .sum, stage: tiledStage(operands, producers))
      default:
        if application.operands.contains(where: { !$0.shape.isFixed }), !divided.contains(index) {
          wholeBatchNodes.append(index)
        }
        place(index, node, program, .whole, stage: wholeStage(operands, producers))
      }
    }
  }

  private mutating func place(_ index: Int, _ node: Program.Node, _ program: Program, _ role: Role, stage: Int) {
    stages[index] = stage
    roles[index] = role
    for result in node.results { axes[result] = role == .whole ? program.types[result].shape.exampleAxis : nil }
  }

  /// The first tiled stage in which `operands` are at hand.
  private func tiledStage(_ operands: [Int], _ producers: [Int?]) -> Int {
    operands.reduce(1) { stage, operand in
      guard let producer = producers[operand] else { return stage }
      return switch roles[producer] {
      case .whole: max(stage, stages[producer] + (stages[producer] % 2 == 0 ? 1 : 0))
      case .perExample: max(stage, stages[producer])
      case .sum: max(stage, stages[producer] + 2)
      }
    }
  }

  /// The first stage over the whole batch in which `operands` are at hand.
  private func wholeStage(_ operands: [Int], _ producers: [Int?]) -> Int {
    operands.reduce(0) { stage, operand in
      guard let producer = producers[operand] else { return stage }
      return max(stage, stages[producer] + (Self.isTiled(stages[producer]) ? 1 : 0))
    }
  }

  /// Nodes on tiles whose results are needed by a later stage, where a range of their examples is not a range of memory.
  private func nodesToMove(_ program: Program, _ producers: [Int?]) -> [Int] {
    var moved: [Int] = []
    func check(_ value: Int, neededIn stage: Int) {
      guard let producer = producers[value], roles[producer] == .perExample, stages[producer] != stage else { return }
      if program.types[value].shape.exampleAxis != axes[value] { moved.append(producer) }
    }
    for (index, node) in program.nodes.enumerated() {
      for operand in node.operands { check(operand, neededIn: stages[index]) }
    }
    for output in program.outputs { check(output.value, neededIn: .max) }
    return moved
  }
}

extension Shape {
  /// The axis along which a range of examples is a range of memory, if there is one.
  var exampleAxis: Int? {
    guard let axis = extents.firstIndex(where: { $0 != 1 }), extents[axis].isBatched else { return nil }
    return axis
  }
}

extension Program {
  /// For each value the node that makes it, or `nil` for an input.
  var producers: [Int?] {
    var producers = [Int?](repeating: nil, count: types.count)
    for (index, node) in nodes.enumerated() {
      for result in node.results { producers[result] = index }
    }
    return producers
  }
}
