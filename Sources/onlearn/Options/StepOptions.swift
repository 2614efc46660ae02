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

  @Option(help: "Examples per step; by default the configuration's.")
  var batch: Int?

  @Option(help: "Examples per tile; by default chosen from the working set.")
  var tile: Int?

  func validate() throws {
    if let batch, !(1...(1 << 24)).contains(batch) { throw ValidationError("--batch must be positive.") }
    if let tile, tile < 1 { throw ValidationError("--tile must be positive.") }
  }

  /// Checks how many steps are measured.
  static func check(steps: Int) throws {
    guard (1...1_000_000).contains(steps) else { throw ValidationError("--steps must be between 1 and 1,000,000.") }
  }

  /// The model, and its step with random inputs and parameters in memory.
  func load(on pool: LanePool) throws -> (model: Model, examples: Int, benchmark: StepBenchmark) {
    let model = try model.load()
    let choice = try optimization.choose(for: model, .training)
    var options = Model.StoreOptions()
    options.seed = runtime.seed
    options.pool = pool
    let store = try model.openStore(
      .memory, optimizers: choice.optimizers, frozen: choice.frozen, options: options
    ).store
    let examples = batch ?? model.config.batchSize
    let benchmark = try StepBenchmark(
      model, store: store, pool: pool, examples: examples, tile: tile, seed: runtime.seed)
    return (model, examples, benchmark)
  }
}
