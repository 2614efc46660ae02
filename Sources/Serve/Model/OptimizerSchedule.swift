import GraphDefImport
public import Parameters

/// A hyper-parameter that changes from step to step.
struct ScheduledHyperparameter: Sendable {
  /// The number of the parameter that is trained with it.
  var parameter: Int
  /// Which one it is.
  var hyperparameter: Hyperparameter
  /// The tensor of the graph that has its value.
  var tensor: InputReference
}

/// Follows the hyper-parameters that a graph computes from its counters of steps.
///
/// Used by one thread at a time.
public final class OptimizerSchedule {
  private let evaluator: HyperparameterEvaluator
  private let scheduled: [ScheduledHyperparameter]
  private let names: [String]
  /// What the store has taken last.
  private var current: [Optimizer]

  init(
    _ importer: GraphDefImporter, _ optimizers: [Optimizer], _ scheduled: [ScheduledHyperparameter],
    counters: [TrainStep.Counter]
  ) throws {
    evaluator = try HyperparameterEvaluator(importer, scheduled.map(\.tensor), counters: counters)
    current = optimizers
    self.scheduled = scheduled
    names = importer.config.dense
  }

  /// The optimizer of each parameter for the step after `step` steps.
  ///
  /// - Throws: ``OptimizerChoiceError`` if a hyper-parameter gets a value that it cannot have.
  public func optimizers(afterStep step: UInt64) throws -> [Optimizer] {
    try evaluator.run(afterStep: step)
    var optimizers = current
    for entry in scheduled {
      let value = Float(evaluator.value(of: entry.tensor))
      guard optimizers[entry.parameter][entry.hyperparameter] != value else { continue }
      let fields = optimizers[entry.parameter].fields
      if let field = fields.first(where: { $0.hyperparameter == entry.hyperparameter }), !field.range.contains(value) {
        throw OptimizerChoiceError.value(
          variable: names[entry.parameter],
          .outOfRange(key: entry.hyperparameter.key, value: value, allowed: field.range))
      }
      optimizers[entry.parameter][entry.hyperparameter] = value
    }
    for parameter in optimizers.indices where optimizers[parameter] != current[parameter] {
      do throws(OptimizerError) { try optimizers[parameter].checkChange(from: current[parameter]) } catch {
        throw OptimizerChoiceError.value(variable: names[parameter], error)
      }
    }
    return optimizers
  }

  /// Tells `store` the optimizers for the step after `step` steps, where they are others than it has taken last.
  ///
  /// - Throws: ``OptimizerChoiceError`` if a hyper-parameter gets a value that it cannot have, or what the store
  ///   throws. What it has not taken then, it is told again by the next call.
  public func apply(to store: any ParameterStore, afterStep step: UInt64) throws {
    let optimizers = try optimizers(afterStep: step)
    for parameter in optimizers.indices where optimizers[parameter] != current[parameter] {
      try store.setOptimizer(optimizers[parameter], of: parameter)
      current[parameter] = optimizers[parameter]
    }
  }
}
