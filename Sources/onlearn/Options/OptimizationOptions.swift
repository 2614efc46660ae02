import ArgumentParser
import GraphDefImport
import Parameters
import Serve

/// How a command trains parameters.
struct OptimizationOptions: ParsableArguments {
  @Option(help: "The learning rate, instead of the graph's or the configuration's.")
  var learningRate: Float?

  @Option(
    help: ArgumentHelp(
      "The optimizer, instead of the graph's: sgd, momentum, adagrad, rmsprop, adam, lazy_adam or ftrl.",
      valueName: "NAME[:key=value,…]"))
  var optimizer: String?

  func validate() throws {
    if let learningRate, !(learningRate >= 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate must be a finite number, not below zero.")
    }
  }

  /// What trains each parameter of `model`.
  func choose(for model: Model) throws -> (optimizers: [Optimizer], frozen: Set<String>, notices: [String]) {
    var optimizer = try optimizer.map { try Optimizer($0) } ?? .sgd(rate: Float(model.config.learningRate ?? 0.05))
    if let learningRate { optimizer.rate = learningRate }
    return (model.parameters.map { _ in optimizer }, [], [])
  }
}
