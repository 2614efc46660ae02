public import Graph
import GraphDefImport
public import Kernels
public import Parameters

/// Trains a model batch by batch through a store.
///
/// One step computes loss, metrics and gradients in one pass over the batch as it is before learning, and hands the
/// gradients to the store. A batch whose loss or gradient is not finite changes nothing.
///
/// Used by one thread at a time. After the first step of a batch size, a step with a store in memory allocates nothing.
public final class Trainer {
  /// What one step tells.
  public struct Step {
    /// The loss before the update.
    public var loss: Float
    /// The number of pushes the store has applied.
    public var version: UInt64
    /// The logits before the update, `[examples, logits]`; valid until the next step.
    public var logits: MemoryView<Float>
  }

  /// The model.
  public let model: Model
  /// Where the parameters are.
  public let store: any ParameterStore
  /// The number of steps taken, counted from the store's version.
  public private(set) var stepCount: UInt64

  private let seed: UInt64
  private let runner: ProgramRunner
  private let observer: ProgramRunner
  private let roles: [Role]
  private let gradientOutputs: [GradientOutput]
  private let lossOutput: Int
  private let logitsOutput: Int
  private let observedOutputs: [(name: String, output: Int)]
  private var gradients: ParameterGradients
  private var lastExecutor: Executor?

  /// What an input of the program is bound to.
  private enum Role {
    case x, y
    case parameter(Int)
    case state(OwnedTensor)
    case unused
  }

  /// Where a parameter's gradient comes out.
  private enum GradientOutput {
    case dense(Int)
    case rows(indices: Int, values: Int, RowGradients)
  }

  /// A trainer of `model` on the threads of `pool`.
  ///
  /// - Parameters:
  ///   - store: A store whose schema is the model's.
  ///   - seed: The seed of dropout and other randomness.
  ///   - tile: Examples per tile, or `nil` to choose.
  ///   - observes: Whether each step also computes what the configuration observes; for click models that can take as
  ///     long as learning.
  public init(
    _ model: Model, store: any ParameterStore, pool: LanePool, seed: UInt64 = 0, tile: Int? = nil,
    observes: Bool = true
  ) throws {
    let everything = model.trainingProgram
    let program = observes ? everything : everything.pruned(to: Self.learningOutputs(of: model))
    self.model = model
    self.store = store
    self.seed = seed
    stepCount = store.version
    runner = ProgramRunner(program, pool: pool, tile: tile)
    observer = ProgramRunner(everything.pruned(to: model.config.observe), pool: pool, tile: tile)
    let reader = InitialValueReader(model, seed: seed)
    let used = everything.usedInputs
    roles = try program.inputs.indices.map { index in
      let input = program.inputs[index]
      guard used[index] else { return .unused }
      switch input.role {
      case .data where input.name == "input_x": return .x
      case .data where input.name == "input_y": return .y
      case .data: throw ModelError.unknownInput(name: input.name)
      case .parameter: return .parameter(model.parameters.firstIndex { $0.name == input.name }!)
      case .state: return .state(try reader.state(input.name))
      }
    }
    gradientOutputs = model.parameters.map { parameter in
      if parameter.isTable {
        return .rows(
          indices: program.output("d-\(parameter.name) indices")!,
          values: program.output("d-\(parameter.name) values")!,
          RowGradients(rowCount: parameter.shape[0], rowLength: parameter.shape.dropFirst().reduce(1, *)))
      }
      return .dense(program.output("d-\(parameter.name)")!)
    }
    guard program.type(ofOutput: GraphDefImporter.lossName)?.shape.count == 1 else {
      throw ModelError.lossShape(program.type(ofOutput: GraphDefImporter.lossName)!)
    }
    lossOutput = program.output(GraphDefImporter.lossName)!
    logitsOutput = program.output(GraphDefImporter.logitsName)!
    observedOutputs = observes ? model.config.observe.map { ($0, program.output($0)!) } : []
    gradients = ParameterGradients(gradients: model.parameters.map { _ in .none })
  }

  /// The outputs of the training program that a step needs.
  private static func learningOutputs(of model: Model) -> [String] {
    [GraphDefImporter.lossName, GraphDefImporter.logitsName]
      + model.parameters.flatMap { parameter in
        parameter.isTable
          ? ["d-\(parameter.name) indices", "d-\(parameter.name) values"] : ["d-\(parameter.name)"]
      }
  }

  /// Learns from `batch`.
  ///
  /// - Parameter source: The range of the stream the batch is from, so that a store applies it once.
  /// - Throws: ``NonFiniteError`` if the loss or a gradient is not finite, `ExecutionFailure` for ids outside of a table,
  ///   or what the store throws; nothing has changed then.
  public func step(_ batch: inout Batch, source: SourceRange? = nil) throws -> Step {
    let executor = try runner.executor(batch: batch.examples)
    let parameters = store.parameters
    let values = try store.exchange(push: nil, pull: nil)
    let loss = try batch.x.withMemoryView { x in
      try batch.y.withMemoryView { y in
        try bind(executor, x, y, values)
        try executor.run(seed: seed, step: stepCount)
        return executor.output(lossOutput).scalars(Float.self)[0]
      }
    }
    guard loss.isFinite else { throw NonFiniteError(place: "the loss", step: stepCount) }
    for (index, output) in gradientOutputs.enumerated() {
      guard !parameters[index].isFrozen else {
        gradients.gradients[index] = .none
        continue
      }
      switch output {
      case .dense(let output):
        gradients.gradients[index] = .dense(executor.output(output).scalars(Float.self))
      case .rows(let indices, let values, let sums):
        gradients.gradients[index] = sums.add(executor.output(indices), executor.output(values))
      }
    }
    gradients.source = source
    let version: UInt64
    do {
      version = try store.exchange(push: gradients, pull: nil).version
    } catch StoreError.notFinite(let tensor, let position, let row) {
      let place = "the gradient of '\(tensor)' at \(row.map { "row \($0), " } ?? "")element \(position)"
      throw NonFiniteError(place: place, step: stepCount)
    }
    stepCount += 1
    lastExecutor = executor
    return Step(loss: loss, version: version, logits: executor.output(logitsOutput).scalars(Float.self))
  }

  /// The examples per tile of a step with `batch` examples, and the threads that work on tiles.
  public func plan(batch: Int) throws -> (tile: Int, lanes: Int) {
    let plan = try runner.executor(batch: batch).plan
    return (plan.tile, plan.lanes)
  }

  /// What the configuration observes, by name, from the last step's forward pass (before its update).
  ///
  /// Nothing if the trainer does not observe.
  public func observedValues() -> [(name: String, value: Double)] {
    guard let lastExecutor else { return [] }
    return observedOutputs.map { ($0.name, lastExecutor.output($0.output).firstNumber) }
  }

  /// What the configuration observes of `batch` with the parameters as they are now: one more forward pass.
  public func observedValues(after batch: inout Batch) throws -> [(name: String, value: Double)] {
    let executor = try observer.executor(batch: batch.examples)
    let values = try store.exchange(push: nil, pull: nil)
    return try batch.x.withMemoryView { x in
      try batch.y.withMemoryView { y in
        try bind(executor, x, y, values)
        try executor.run(seed: seed, step: stepCount)
        return executor.plan.program.outputs.indices.map {
          (executor.plan.program.outputs[$0].name, executor.output($0).firstNumber)
        }
      }
    }
  }

  private func bind(
    _ executor: Executor, _ x: MemoryView<Float>, _ y: MemoryView<Float>, _ values: ParameterValues
  ) throws {
    for (input, role) in roles.enumerated() {
      switch role {
      case .unused: continue
      case .x: try bind(executor, x, to: input)
      case .y: try bind(executor, y, to: input)
      case .parameter(let number):
        let lent = values.parameters[number]
        let dimensions = executor.dimensions(ofInput: input)
        let view =
          model.parameters[number].isTable
          ? TensorView(table: lent.scalars, dimensions, rowStride: lent.rowStride)
          : TensorView(lent.scalars, dimensions)
        try executor.bind(view, to: input)
      case .state(let tensor): try executor.bind(tensor.view, to: input)
      }
    }
  }

  private func bind(_ executor: Executor, _ memory: MemoryView<Float>, to input: Int) throws {
    let dimensions = executor.dimensions(ofInput: input)
    guard dimensions.count == memory.count, runner.program.types[input].dtype == .float32 else {
      throw batchShapeError(input, found: memory.count, batch: executor.plan.batch)
    }
    try executor.bind(TensorView(memory, dimensions), to: input)
  }

  private func batchShapeError(_ input: Int, found: Int, batch: Int) -> ModelError {
    let program = runner.program
    return .batchShape(
      input: program.inputs[input].name, expected: "\(program.types[input])",
      found: "\(found) numbers for \(batch) examples")
  }
}

/// A loss or gradient is infinite or not a number; the update was not made.
public struct NonFiniteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is not finite.
  public var place: String
  /// The step.
  public var step: UInt64

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    "step \(step): \(place) is not finite; the parameters were not changed (try a smaller learning rate)"
  }
}

extension TensorView {
  /// The first element as a double-precision number.
  public var firstNumber: Double {
    guard count > 0 else { return .nan }
    switch dtype {
    case .float32: return Double(scalars(Float.self)[0])
    case .float64: return scalars(Double.self)[0]
    case .int32: return Double(scalars(Int32.self)[0])
    case .int64: return Double(scalars(Int64.self)[0])
    case .bool: return scalars(Bool.self)[0] ? 1 : 0
    }
  }
}
