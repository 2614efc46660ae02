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
  private var optimizers: [Optimizer]

  init(
    _ importer: GraphDefImporter, _ optimizers: [Optimizer], _ scheduled: [ScheduledHyperparameter],
    counters: [TrainStep.Counter]
  ) throws {
    evaluator = try HyperparameterEvaluator(importer, scheduled.map(\.tensor), counters: counters)
    self.optimizers = optimizers
    self.scheduled = scheduled
    names = importer.config.dense
  }

  /// The optimizers for the step after `step` steps, where they differ from those of the last call.
  ///
  /// - Throws: ``OptimizerChoiceError`` if a hyper-parameter gets a value that it cannot have.
  public func changes(afterStep step: UInt64) throws -> [(parameter: Int, optimizer: Optimizer)] {
    try evaluator.run(afterStep: step)
    var changed: [Int] = []
    for entry in scheduled {
      let value = Float(evaluator.value(of: entry.tensor))
      guard optimizers[entry.parameter][entry.hyperparameter] != value else { continue }
      let fields = optimizers[entry.parameter].fields
      if let field = fields.first(where: { $0.hyperparameter == entry.hyperparameter }), !field.range.contains(value) {
        throw OptimizerChoiceError.value(
          variable: names[entry.parameter],
          .outOfRange(key: entry.hyperparameter.key, value: value, allowed: field.range))
      }
      let old = optimizers[entry.parameter]
      optimizers[entry.parameter][entry.hyperparameter] = value
      do throws(OptimizerError) { try optimizers[entry.parameter].checkChange(from: old) } catch {
        throw OptimizerChoiceError.value(variable: names[entry.parameter], error)
      }
      if changed.last != entry.parameter { changed.append(entry.parameter) }
    }
    return changed.map { ($0, optimizers[$0]) }
  }
}
