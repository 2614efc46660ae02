import Graph
import GraphDefImport
import Kernels

/// Computes tensors that a graph spells out with constants and counters of steps: learning rates above all.
///
/// Used by one thread at a time.
final class HyperparameterEvaluator {
  private let executor: Executor
  private let outputs: [InputReference: Int]
  private let counters: [StepCounter]
  /// Variables that no step changes; kept because the executor borrows them.
  private let states: [OwnedTensor]

  /// An evaluator of `tensors`, each a single number, where steps count in `counters`.
  ///
  /// - Throws: ``OptimizerChoiceError/notComputable(tensor:reason:)``.
  init(_ importer: GraphDefImporter, _ tensors: [InputReference], counters: [TrainStep.Counter]) throws {
    let names = Set(tensors.map(\.description)).sorted()
    func failure(_ tensor: String, _ reason: any Error) -> OptimizerChoiceError {
      .notComputable(tensor: tensor, reason: "\(reason)")
    }
    var request = GraphDefImporter.Request(fetches: names)
    request.ignoresOrder = true
    let program: Program
    do {
      program = try importer.program(request)
    } catch {
      throw failure(names.joined(separator: "', '"), error)
    }
    for name in names {
      guard let type = program.type(ofOutput: name), type.shape.count == 1 else {
        let found = program.type(ofOutput: name).map { "\($0)" } ?? "nothing"
        throw OptimizerChoiceError.notComputable(tensor: name, reason: "it is \(found), expected a single number")
      }
    }
    do {
      let pool = LanePool(lanes: 1)
      let executor = try Executor(Plan(program, batch: 1, options: Plan.Options(lanes: 1)), pool: pool)
      var states: [OwnedTensor] = []
      var found: [StepCounter] = []
      let used = program.usedInputs
      for (index, input) in program.inputs.enumerated() where used[index] {
        guard input.role == .state else { throw ModelError.unknownInput(name: input.name) }
        let state = try Self.initialValue(of: input.name, importer, pool)
        try executor.bind(state.view, to: index)
        states.append(state)
        if let counter = StepCounter(input.name, startingAt: state, among: counters) { found.append(counter) }
      }
      self.executor = executor
      self.states = states
      self.counters = found
    } catch {
      throw failure(names.joined(separator: "', '"), error)
    }
    var outputs: [InputReference: Int] = [:]
    for tensor in tensors { outputs[tensor] = program.output(tensor.description) }
    self.outputs = outputs
  }

  private static func initialValue(
    of variable: String, _ importer: GraphDefImporter, _ pool: LanePool
  ) throws -> OwnedTensor {
    guard let tensor = importer.initializer(of: variable) else { throw ModelError.noInitialValue(name: variable) }
    let program = try importer.program(GraphDefImporter.Request(fetches: [tensor]))
    guard !program.usedInputs.contains(true) else { throw ModelError.noInitialValue(name: variable) }
    let executor = try Executor(Plan(program, batch: 1, options: Plan.Options(lanes: 1)), pool: pool)
    try executor.run()
    return OwnedTensor(copying: executor.output(0))
  }

  /// Computes the tensors as they are after `step` steps.
  func run(afterStep step: UInt64) throws {
    for counter in counters { counter.count(step) }
    try executor.run()
  }

  /// The number that `tensor` was computed to be.
  func value(of tensor: InputReference) -> Double { executor.output(outputs[tensor]!).firstNumber }
}
