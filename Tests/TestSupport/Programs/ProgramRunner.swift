package import Graph
import Kernels

/// Runs a program for a batch size, with tensors fed and fetched by name.
package final class ProgramRunner {
  /// How a program is run.
  package struct Options: Hashable, Sendable, CustomStringConvertible {
    /// The number of examples.
    package var batch: Int
    /// The number of lanes, used however short the work is.
    package var lanes = 1
    /// The examples per tile, or `nil` to let the plan choose.
    package var tile: Int?

    /// Options for `batch` examples.
    package init(batch: Int, lanes: Int = 1, tile: Int? = nil) {
      self.batch = batch
      self.lanes = lanes
      self.tile = tile
    }

    package var description: String {
      "batch \(batch), \(lanes == 1 ? "one lane" : "\(lanes) lanes"), \(tile.map { "tiles of \($0)" } ?? "own tiles")"
    }
  }

  /// A tensor was not fed, or is not an input.
  package struct FeedError: Error, CustomStringConvertible {
    package let description: String
  }

  /// The plan.
  package let plan: Plan
  /// What runs it.
  package let executor: Executor
  private var lent: [String: LentTensor] = [:]

  /// Threads for the lanes of all tests.
  private static let pool = LanePool(lanes: 3)

  /// Plans `program`, and feeds `feeds`.
  package init(_ program: Program, _ options: Options, feeds: [String: HostTensor] = [:]) throws {
    var planOptions = Plan.Options(lanes: options.lanes, tile: options.tile)
    planOptions.sharesShortWork = true
    planOptions.memoryLimit = 1 << 30
    plan = try Plan(program, batch: options.batch, options: planOptions)
    executor = try Executor(plan, pool: Self.pool)
    for (name, tensor) in feeds where program.input(name) != nil { try feed(tensor, as: name) }
  }

  /// Feeds `tensor` as the input `name`, until another is fed.
  package func feed(_ tensor: HostTensor, as name: String) throws {
    guard let input = plan.program.input(name) else { throw FeedError(description: "there is no input '\(name)'") }
    let memory = LentTensor(tensor)
    try executor.bind(memory.view, to: input)
    lent[name] = memory
  }

  /// Runs the program once.
  package func run(seed: UInt64 = 1, step: UInt64 = 0) throws {
    for (input, isUsed) in zip(plan.program.inputs, plan.program.usedInputs) where isUsed && lent[input.name] == nil {
      throw FeedError(description: "the input '\(input.name)' is not fed")
    }
    try executor.run(seed: seed, step: step)
  }

  /// A copy of the output `name` of the last run.
  package func output(_ name: String) throws -> HostTensor {
    guard let output = plan.program.output(name) else { throw FeedError(description: "there is no output '\(name)'") }
    return HostTensor(executor.output(output))
  }

  /// Copies of all outputs of the last run, by name.
  package var outputs: [String: HostTensor] {
    var outputs: [String: HostTensor] = [:]
    for (index, output) in plan.program.outputs.enumerated() {
      outputs[output.name] = HostTensor(executor.output(index))
    }
    return outputs
  }
}

extension Program {
  /// The outputs of one run with `feeds`, by name.
  package func evaluated(
    _ options: ProgramRunner.Options, feeds: [String: HostTensor], seed: UInt64 = 1, step: UInt64 = 0
  ) throws -> [String: HostTensor] {
    let runner = try ProgramRunner(self, options, feeds: feeds)
    try runner.run(seed: seed, step: step)
    return runner.outputs
  }

  /// The outputs, computed node by node, each in a program of its own: no tiles, no memory used twice.
  package func evaluatedNaively(
    batch: Int, feeds: [String: HostTensor], seed: UInt64 = 1, step: UInt64 = 0
  ) throws -> [String: HostTensor] {
    var values: [HostTensor?] = inputs.map { feeds[$0.name] }
    for node in nodes {
      let builder = ProgramBuilder()
      let operands = node.operands.enumerated().map { position, operand in
        builder.input("\(position)", types[operand], role: .data)
      }
      let results = try builder.apply(node.primitive, operands)
      let program = builder.program(results.enumerated().map { ("\($0)", $1) })
      var operandFeeds: [String: HostTensor] = [:]
      for (position, operand) in node.operands.enumerated() { operandFeeds["\(position)"] = values[operand] }
      let outputs = try program.evaluated(
        ProgramRunner.Options(batch: batch, tile: batch), feeds: operandFeeds, seed: seed, step: step)
      for position in results.indices { values.append(outputs["\(position)"]) }
    }
    var result: [String: HostTensor] = [:]
    for output in outputs { result[output.name] = values[output.value] }
    return result
  }
}
