import Graph
import Kernels
import TestSupport
import Testing

@Suite struct `A schedule` {
  private let batchNorm: [OpSample.Input] = [
    .real([.batch, 3]), .real([3, 4]), .real([4]), .real([4, 2]), .fixed([.batch, 2]),
  ]

  /// The mean squared error of a network of two layers, with or without batch normalisation between them.
  private func loss(_ operands: OpSample.Operands, normalizes: Bool) throws -> Value {
    var hidden = try operands[0].matmul(operands[1]).adding(operands[2])
    if normalizes {
      let examples = AxisSet(axes: [0])
      let mean = try hidden.averaged(over: examples)
      let variance = try hidden.binary(.squaredDifference, mean).averaged(over: examples)
      hidden = try hidden.subtracting(mean).multiplied(by: variance.adding(0.01).unary(.reciprocalSquareRoot))
    }
    let output = try hidden.unary(.tanh).matmul(operands[3])
    return try output.binary(.squaredDifference, operands[4]).averaged(over: AxisSet(axes: [0, 1]))
  }

  private func tiledStages(_ program: Program) -> [Int] {
    let schedule = BatchSchedule(program)
    let stages = zip(program.nodes, schedule.stages).filter { $0.0.primitive.memory != .alias }.map(\.1)
    return Set(stages.filter(BatchSchedule.isTiled)).sorted()
  }

  private func expectAgreement(
    _ check: PullbackCheck, _ program: Program, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for batch in [1, 5, 16] {
      let feeds = check.feeds(batch: batch, .float64, seed: 11)
      let expected = try program.evaluatedNaively(batch: batch, feeds: feeds)
      for lanes in [1, 2] {
        for tile in [1, 3, 16] {
          let options = ProgramRunner.Options(batch: batch, lanes: lanes, tile: tile)
          for (name, tensor) in try program.evaluated(options, feeds: feeds) {
            #expect(
              tensor.isClose(to: expected[name]!, relative: 1e-10, absolute: 1e-11), "\(options), \(name)",
              sourceLocation: sourceLocation)
          }
        }
      }
      let found = try check.discrepancies(batch: batch, seed: 12)
      #expect(found.isEmpty, "\(found)", sourceLocation: sourceLocation)
    }
  }

  @Test func `runs a network forward and backward in one tiled stage`() throws {
    let check = PullbackCheck(batchNorm) { try loss($0, normalizes: false) }
    let program = try check.program(.float64)
    let schedule = BatchSchedule(program)
    #expect(schedule.wholeBatchNodes.isEmpty)
    #expect(tiledStages(program) == [1])
    for (index, node) in program.nodes.enumerated() where schedule.roles[index] != .whole {
      #expect(schedule.stages[index] == 1, "\(node.primitive.name)")
    }
    // Gradients of parameters are sums over tiles; what comes behind the sums is done once.
    let sums = program.nodes.indices.filter { schedule.roles[$0] == .sum }.map { program.nodes[$0].primitive.name }
    #expect(sums.filter { $0.hasPrefix("matmul") }.count == 2)
    try expectAgreement(check, program)
  }

  @Test func `puts statistics across examples into earlier stages than what needs them`() throws {
    let check = PullbackCheck(batchNorm) { try loss($0, normalizes: true) }
    let program = try check.program(.float64)
    #expect(BatchSchedule(program).wholeBatchNodes.isEmpty)
    let stages = tiledStages(program)
    // Mean, variance and result going forward, two more going back.
    #expect(stages.count >= 4 && stages.first == 1, "\(stages)")
    try expectAgreement(check, program)
  }

  @Test func `computes a loss that is not linear in the sum over the batch`() throws {
    let check = PullbackCheck(batchNorm) { try loss($0, normalizes: false).unary(.square).unary(.sin) }
    let program = try check.program(.float64)
    #expect(tiledStages(program).count == 2)
    try expectAgreement(check, program)
  }

  /// A sum over the examples as it is read by the tiles of a later stage.
  enum SumReader: CaseIterable {
    case elementwise, product, gather, segments
  }

  @Test(arguments: SumReader.allCases) func `lets tiles read the sums of earlier ones`(_ reader: SumReader) throws {
    let check = PullbackCheck([.real([.batch, 3]), .real([.batch, 3]), .integers([.batch], in: 0...2)]) { operands in
      let (x, y, ids) = (try operands[0].unary(.tanh), try operands[1].unary(.sin), operands[2])
      let read: Value =
        switch reader {
        case .elementwise: try x.subtracting(x.summed(over: AxisSet(axes: [0])))
        case .product: try x.matmul(x.matmul(transposed: true, y, transposed: false))
        case .gather: try x.matmul(transposed: true, y, transposed: false).gatheringRows(ids).multiplied(by: y)
        case .segments: try x.subtracting(x.summed(bySegment: ids, count: 3).gatheringRows(ids))
        }
      return try read.unary(.sin).summed(over: AxisSet(axes: [0, 1]))
    }
    let program = try check.program(.float64)
    #expect(BatchSchedule(program).sumsReadByTiles(of: program) > 0)
    try expectAgreement(check, program)
  }

  @Test func `gives products across examples the whole batch`() throws {
    let check = PullbackCheck([.real([.batch, 3])]) { operands in
      let gram = try operands[0].unary(.tanh).matmul(transposed: false, operands[0], transposed: true)
      return try gram.softmax().unary(.square).summed(over: AxisSet(axes: [0, 1]))
    }
    let program = try check.program(.float64)
    let whole = BatchSchedule(program).wholeBatchNodes.map { program.nodes[$0].primitive.name }
    #expect(whole.contains("matmul nt") && !whole.contains("tanh"), "\(whole)")
    let plan = try Plan(program, batch: 8, options: Plan.Options(lanes: 1))
    #expect(plan.wholeBatchNodes.count == whole.count)
    try expectAgreement(check, program)
  }

  @Test func `moves what later stages need out of tiles where examples lie apart`() throws {
    // Transposed activations are per example, but a later stage needs them whole.
    let check = PullbackCheck([.real([.batch, 3]), .real([3, 3])]) { operands in
      let columns = try operands[1].matmul(transposed: false, operands[0], transposed: true).unary(.tanh)
      let total = try columns.summed(over: AxisSet(axes: [0, 1]))
      return try columns.multiplied(by: total).unary(.sin).summed(over: AxisSet(axes: [0, 1]))
    }
    try expectAgreement(check, check.program(.float64))
  }

  @Test func `runs what depends on parameters only once per step`() throws {
    let builder = ProgramBuilder()
    let x = builder.input("x", TensorType(.float32, [.batch, 3]), role: .data)
    let w = builder.input("w", TensorType(.float32, [3, 3]), role: .parameter)
    let decay = try w.unary(.square).summed(over: AxisSet(axes: [0, 1]))
    let two = try Value.constant(2, .float32, in: builder).unary(.exp)
    let y = try x.matmul(w.unary(.tanh)).multiplied(by: two)
    let program = builder.program([("decay", decay), ("y", y)])
    let schedule = BatchSchedule(program)
    let stages = Dictionary(
      zip(program.nodes.map(\.primitive.name), schedule.stages), uniquingKeysWith: { first, _ in first })
    #expect(stages["exp"] == BatchSchedule.setup)
    #expect(stages["square"] == 0 && stages["tanh"] == 0)
    #expect(stages["matmul"] == 1 && stages["multiply"] == 1)
  }
}

extension BatchSchedule {
  /// How often a node that runs on tiles reads a sum over earlier ones as it is.
  func sumsReadByTiles(of program: Program) -> Int {
    let sums = Set(program.nodes.indices.filter { roles[$0] == .sum }.flatMap { program.nodes[$0].results })
    return program.nodes.indices.filter { Self.isTiled(stages[$0]) }.reduce(0) { count, index in
      count + program.nodes[index].operands.count { sums.contains($0) }
    }
  }
}
