public import Files
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
    /// Whether the store had learned from the batch before, and so ignored it.
    public var isDuplicate: Bool
    /// The logits before the update, `[examples, logits]`; valid until the next step.
    public var logits: MemoryView<Float>
  }

  /// The model.
  public let model: Model
  /// Where the parameters are.
  public let store: any ParameterStore
  /// The number of steps taken, counted from the first.
  public private(set) var stepCount: UInt64

  /// The longest that the gradients of a step may be together; longer ones are shortened.
  public var gradientNormLimit: Float?

  private let seed: UInt64
  private let runner: ProgramRunner
  private let observer: ProgramRunner
  private let inputs: ProgramInputs
  private let observerInputs: ProgramInputs
  private let touchedRows: TouchedRows?
  private let gradientOutputs: GradientOutputs
  private let lossOutput: Int
  private let logitsOutput: Int
  private let observedOutputs: [(name: String, output: Int)]
  private var gradients: ParameterGradients
  private var lastExecutor: Executor?
  /// The loss that ``lastExecutor`` computed.
  private var loss: Float = .nan
  /// What collects the times of a step's parts, if somebody asks for them.
  var phases: StepPhases?
  /// The name of the part in which the program runs.
  static let programPhase = "the program"

  /// What the last exchange lent for the batch that was said to be next.
  private var lent: ParameterValues?

  /// A trainer of `model` on the threads of `pool`.
  ///
  /// - Parameters:
  ///   - store: A store whose schema is the model's.
  ///   - seed: The seed of dropout and other randomness.
  ///   - firstStep: The number of the first step; by default the pushes that the store has applied, which is right for
  ///     whoever trains alone.
  ///   - tile: Examples per tile, or `nil` to choose.
  ///   - observes: Whether each step also computes what the configuration observes; for click models that can take as
  ///     long as learning.
  public init(
    _ model: Model, store: any ParameterStore, pool: LanePool, seed: UInt64 = 0, firstStep: UInt64? = nil,
    tile: Int? = nil,
    observes: Bool = true
  ) throws {
    let everything = model.trainingProgram
    let program = observes ? everything : everything.pruned(to: Self.learningOutputs(of: model))
    self.model = model
    self.store = store
    self.seed = seed
    stepCount = firstStep ?? store.version
    runner = ProgramRunner(program, pool: pool, tile: tile)
    observer = ProgramRunner(everything.pruned(to: model.config.observe), pool: pool, tile: tile)
    inputs = try ProgramInputs(program, of: model, seed: seed)
    observerInputs = try ProgramInputs(observer.program, of: model, seed: seed)
    touchedRows = try TouchedRows(everything, of: model, in: store, pool: pool, seed: seed)
    gradientOutputs = GradientOutputs(of: program, store.parameters, touchedRows: touchedRows)
    lossOutput = program.output(GraphDefImporter.lossName)!
    logitsOutput = program.output(GraphDefImporter.logitsName)!
    observedOutputs = observes ? model.config.observe.map { ($0, program.output($0)!) } : []
    gradients = ParameterGradients(gradients: model.parameters.map { _ in .none })
  }

  /// The outputs of the training program that a step needs.
  private static func learningOutputs(of model: Model) -> [String] {
    let program = model.trainingProgram
    let gradients = model.parameters.flatMap { program.gradient(of: $0.name)?.outputs ?? [] }
    return [GraphDefImporter.lossName, GraphDefImporter.logitsName] + gradients.map { program.outputs[$0].name }
  }

  /// Learns from `batch`.
  ///
  /// - Parameters:
  ///   - source: The range of the stream the batch is from, so that a store applies it once.
  ///   - next: The batch of the step that comes next, if it is known: what it needs is asked for in the exchange that
  ///     brings the gradients, so that a parameter server is asked once per step.
  /// - Throws: What ``computeGradients(of:)`` and ``exchangeGradients(source:followedBy:)`` throw.
  public func step(_ batch: Batch, source: SourceRange? = nil, followedBy next: Batch? = nil) throws -> Step {
    try computeGradients(of: batch)
    return try exchangeGradients(source: source, followedBy: next)
  }

  /// The first half of a step: computes loss, logits and gradients of `batch`, and changes nothing.
  ///
  /// - Throws: ``NonFiniteError`` if the loss is not finite, `ExecutionFailure` or ``RowOutsideTableError`` for ids outside
  ///   of a table, or what the store throws.
  func computeGradients(of batch: Batch) throws {
    let lent = lent
    self.lent = nil
    phases?.start()
    let executor = try runner.executor(batch: batch.examples)
    let values = try lent ?? pull(for: batch)
    loss = try inputs.bind(executor, to: batch, values, afterSteps: stepCount) {
      phases?.end("lending parameters")
      try executor.run(seed: seed, step: stepCount)
      return executor.output(lossOutput).scalars(Float.self)[0]
    }
    phases?.end(Self.programPhase)
    guard loss.isFinite else { throw NonFiniteError(place: "the loss", step: stepCount) }
    gradientOutputs.read(from: executor, into: &gradients.gradients)
    lastExecutor = executor
    phases?.end("adding up the gradients of rows")
  }

  /// The second half of a step: hands the gradients to the store.
  ///
  /// - Throws: ``NonFiniteError`` if a gradient is not finite, or what the store throws; nothing has changed then.
  func exchangeGradients(source: SourceRange?, followedBy next: Batch?) throws -> Step {
    guard let executor = lastExecutor else { preconditionFailure("no gradients were computed") }
    gradients.source = source
    if let gradientNormLimit { gradients.clip(toNorm: gradientNormLimit) }
    // What is wrong with the next batch is said when it is its turn.
    let pull = next.flatMap { next in try? request(for: next, step: stepCount + 1) }
    let after = try store.exchange(push: gradients, ofStep: stepCount, pull: pull)
    phases?.end("updating parameters")
    stepCount += 1
    lent = pull == nil ? nil : after
    return Step(
      loss: loss, version: after.version, isDuplicate: after.isDuplicate,
      logits: executor.output(logitsOutput).scalars(Float.self))
  }

  /// Goes back `steps` steps, which are to be taken again: the store has lost what they brought.
  func goBack(steps: UInt64) {
    stepCount -= min(steps, stepCount)
    lent = nil
  }

  /// What the store lends for `batch`.
  private func pull(for batch: Batch) throws -> ParameterValues {
    try store.exchange(push: nil, pull: request(for: batch, step: stepCount))
  }

  private func request(for batch: Batch, step: UInt64) throws -> RowRequest {
    guard let touchedRows else { return .everything }
    return try touchedRows.request(of: batch, step: step)
  }

  /// What the last step, of `batch` examples, read and wrote.
  func traffic(batch: Int) throws -> StepTraffic {
    StepTraffic(of: try executor(batch: batch).plan, gradients, of: store.parameters)
  }

  /// What runs steps with `batch` examples.
  func executor(batch: Int) throws -> Executor { try runner.executor(batch: batch) }

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
  public func observedValues(after batch: Batch) throws -> [(name: String, value: Double)] {
    let executor = try observer.executor(batch: batch.examples)
    lent = nil
    let values = try pull(for: batch)
    return try observerInputs.bind(executor, to: batch, values, afterSteps: stepCount) {
      try executor.run(seed: seed, step: stepCount)
      return executor.plan.program.outputs.indices.map {
        (executor.plan.program.outputs[$0].name, executor.output($0).firstNumber)
      }
    }
  }
}

/// A loss or gradient is infinite or not a number; the update was not made.
public struct NonFiniteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is not finite.
  public var place: String
  /// The steps that were taken before.
  public var step: UInt64

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    "step \(step + 1): \(place) is not finite; the parameters were not changed (try a smaller learning rate)"
  }
}

extension ParameterStore {
  /// Pushes the gradients of the step number `step`, and pulls what the next one needs.
  ///
  /// - Throws: ``NonFiniteError`` where the store found a gradient that is not finite, and its other errors.
  func exchange(push gradients: ParameterGradients, ofStep step: UInt64, pull: RowRequest?) throws -> ParameterValues {
    do {
      return try exchange(push: gradients, pull: pull)
    } catch StoreError.notFinite(let tensor, let position, let row) {
      let place = "the gradient of '\(tensor)' at \(row.map { "row \($0), " } ?? "")element \(position)"
      throw NonFiniteError(place: place, step: step)
    }
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
