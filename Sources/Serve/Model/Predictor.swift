import Graph
import GraphDefImport
public import Kernels
public import Parameters

/// Scores examples with parameters that others may be training, without changing anything.
///
/// Dropout is off, unless the predictor was told to run the graph exactly as exported. Used by one thread at a time.
public final class Predictor {
  /// The model.
  public let model: Model
  /// Where the parameters are.
  public let parameters: any ParameterReader
  /// What a user should know of the scores.
  public let notices: [String]
  /// The version of the parameters with which the last examples were scored.
  public private(set) var version: UInt64 = 0
  private let runner: ProgramRunner
  private let inputs: ProgramInputs
  private let touchedRows: TouchedRows?
  private let seed: UInt64

  /// A predictor of `model` on the threads of `pool`.
  public init(
    _ model: Model, parameters: any ParameterReader, pool: LanePool, isExact: Bool = false, seed: UInt64 = 0
  ) throws {
    self.model = model
    self.parameters = parameters
    self.seed = seed
    let program = try model.scoringProgram(isExact: isExact)
    notices = program.scoringNotices
    inputs = try ProgramInputs(program, of: model, seed: seed)
    guard !inputs.needLabels else { throw ModelError.unknownInput(name: GraphDefImporter.labelsName) }
    touchedRows = try TouchedRows(program, of: model, in: parameters, pool: pool, seed: seed)
    runner = ProgramRunner(program, pool: pool)
  }

  /// The logits of `batch`, `[examples, logits]`; valid until the next call.
  public func logits(of batch: Batch) throws -> MemoryView<Float> {
    let executor = try runner.executor(batch: batch.examples)
    let pull = try touchedRows?.request(of: batch, step: 0) ?? .everything
    let values = try parameters.lend(pull)
    version = values.version
    return try inputs.bind(executor, to: batch, values, afterSteps: 0) {
      try executor.run(seed: seed)
      return executor.output(0).scalars(Float.self)
    }
  }
}
