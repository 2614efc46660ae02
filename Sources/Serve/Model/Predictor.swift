import Graph
import GraphDefImport
public import Kernels
public import Parameters

/// Scores examples with the parameters of a store, without changing anything.
///
/// Dropout is off, unless the predictor was told to run the graph exactly as exported. Used by one thread at a time.
public final class Predictor {
  /// The model.
  public let model: Model
  /// Where the parameters are.
  public let store: any ParameterStore
  private let runner: ProgramRunner
  private let states: [Int: OwnedTensor]
  private let seed: UInt64

  /// A predictor of `model` on the threads of `pool`.
  public init(
    _ model: Model, store: any ParameterStore, pool: LanePool, isExact: Bool = false, seed: UInt64 = 0
  ) throws {
    self.model = model
    self.store = store
    self.seed = seed
    let program = try model.scoringProgram(isExact: isExact)
    let reader = InitialValueReader(model, seed: seed)
    var states: [Int: OwnedTensor] = [:]
    let used = program.usedInputs
    for (index, input) in program.inputs.enumerated() where used[index] {
      switch input.role {
      case .data where input.name != "input_x": throw ModelError.unknownInput(name: input.name)
      case .state: states[index] = try reader.state(input.name)
      case .data, .parameter: break
      }
    }
    self.states = states
    runner = ProgramRunner(program, pool: pool)
  }

  /// The logits of `batch`, `[examples, logits]`; valid until the next call.
  public func logits(of batch: inout Batch) throws -> MemoryView<Float> {
    let executor = try runner.executor(batch: batch.examples)
    let program = runner.program
    let values = try store.exchange(push: nil, pull: nil)
    let used = program.usedInputs
    return try batch.x.withMemoryView { x in
      for (index, input) in program.inputs.enumerated() where used[index] {
        let dimensions = executor.plan.program.types[index].shape.dimensions(batch: executor.plan.batch)!
        switch input.role {
        case .data:
          guard dimensions.count == x.count else {
            throw ModelError.batchShape(
              input: input.name, expected: "\(program.types[index])",
              found: "\(x.count) numbers for \(batch.examples) examples")
          }
          try executor.bind(TensorView(x, dimensions), to: index)
        case .parameter:
          let number = model.parameters.firstIndex { $0.name == input.name }!
          let lent = values.parameters[number]
          try executor.bind(
            model.parameters[number].isTable
              ? TensorView(table: lent.scalars, dimensions, rowStride: lent.rowStride)
              : TensorView(lent.scalars, dimensions), to: index)
        case .state: try executor.bind(states[index]!.view, to: index)
        }
      }
      try executor.run(seed: seed)
      return executor.output(0).scalars(Float.self)
    }
  }
}
