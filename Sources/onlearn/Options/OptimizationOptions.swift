import ArgumentParser
import Parameters
import Serve

/// How a command trains parameters.
struct OptimizationOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "The learning rate, instead of the graph's or the configuration's.")
  var learningRate: Double?

  @Option(
    help: ArgumentHelp(
      "The optimizer, instead of the graph's: \(Rule.Kind.allCases.map(\.name).joined(separator: ", ")).",
      discussion: """
        All of them take rate; warmup, exponential, inverse, clip, clip_norm, min and max too. \
        Documentation/Optimizers.md has the keys.
        """,
      valueName: "NAME[:key=value,…]"))
  var optimizer: String?

  func validate() throws {
    if let learningRate, !(learningRate >= 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate must be a finite number, not below zero.")
    }
  }

  /// What trains each parameter of `model`.
  func choose(for model: Model, _ use: OptimizerChoice.Options.Use) throws -> OptimizerChoice {
    try OptimizerChoice(
      model.importer, options: options(use), tables: Set(model.parameters.filter(\.isTable).map(\.name)))
  }

  /// What the user asks for.
  func options(_ use: OptimizerChoice.Options.Use) throws(OptimizerError) -> OptimizerChoice.Options {
    OptimizerChoice.Options(
      use, learningRate: learningRate,
      optimizer: try optimizer.map { (text) throws(OptimizerError) in try Optimizer(text) })
  }
}
