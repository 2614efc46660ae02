import ArgumentParser
import GraphDefImport
import Kernels
import Parameters
import Serve

/// Which training step is measured: of which model, with how many examples, computed how.
struct StepOptions: ParsableArguments {
  @OptionGroup var model: ModelOptions
  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var optimization: OptimizationOptions

  @OptionGroup var batching: BatchOptions

  @Option(parsing: .unconditional, help: "Examples per tile; by default chosen from the working set.")
  var tile: Int?

  @Option(
    parsing: .unconditional,
    help: "Rows of tables that the batch's ids name, spread over the tables; by default as drawn.")
  var touchedRows: Int?

  func validate() throws {
    if let tile, tile < 1 { throw ValidationError("--tile must be positive.") }
    if let touchedRows, touchedRows < 1 { throw ValidationError("--touched-rows must be positive.") }
  }

  /// Checks how many steps are measured.
  static func check(steps: Int) throws {
    guard (1...1_000_000).contains(steps) else { throw ValidationError("--steps must be between 1 and 1,000,000.") }
  }

  /// The model, and its step with random inputs and parameters in memory.
  func load(on pool: LanePool) throws -> (model: Model, examples: Int, benchmark: StepBenchmark) {
    for notice in BLASCore.notices { Output.error("onlearn: \(notice)") }
    let model = try model.load()
    let choice = try optimization.choose(for: model, .training)
    var options = Model.StoreOptions()
    options.seed = runtime.seed
    options.pool = pool
    let store = try model.openStore(
      .memory, optimizers: choice.optimizers, frozen: choice.frozen, options: options
    ).store
    let examples = batching.batch ?? model.config.batchSize
    var batch = Batch(syntheticFor: model, examples: examples, seed: runtime.seed)
    if let touchedRows { try batch.spreadIds(over: touchedRows, of: model, seed: runtime.seed) }
    let benchmark = try StepBenchmark(model, batch, store: store, pool: pool, tile: tile, seed: runtime.seed)
    return (model, examples, benchmark)
  }
}
