import Graph
import Kernels
import Parameters

/// What a training step reads and writes, counted from shapes and from the rows that its batch touches: caches may save a
/// part of it.
public struct StepTraffic: Hashable, Sendable {
  /// The rows of tables that are updated, of all tables together.
  public let rows: Int
  /// The bytes that the program and the optimizers read and write.
  public let bytes: Int

  /// The traffic of a run of `plan` that gave `gradients` of `parameters`.
  init(of plan: Plan, _ gradients: ParameterGradients, of parameters: [ParameterSpec]) {
    var (rows, scalars) = (0, 0)
    for (gradient, parameter) in zip(gradients.gradients, parameters) {
      // A gradient is read, weights and slots are read and written.
      let passes = 1 + 2 * (1 + parameter.optimizer.rule.base.slots.count)
      switch gradient {
      case .none: break
      case .dense(let values): scalars += passes * values.count
      case .rows(let keys, let values):
        rows += keys.count
        scalars += passes * values.count
      }
    }
    self.rows = rows
    bytes = ExecutionProfile(plan).entries.reduce(scalars * MemoryLayout<Float>.stride) { $0 + $1.byteCount }
  }
}
