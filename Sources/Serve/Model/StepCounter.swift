import Graph
import GraphDefImport
import Kernels

/// A variable of a graph that counts steps, in memory that programs read.
struct StepCounter: Sendable {
  /// The variable's value.
  let value: OwnedTensor
  private let start: Double
  private let increment: Double

  /// The variable `name`, which starts at `value`; `nil` if it is none of `counters`.
  init?(_ name: String, startingAt value: OwnedTensor, among counters: [TrainStep.Counter]) {
    guard let counter = counters.first(where: { $0.variable == name }), value.view.count == 1 else { return nil }
    self.value = value
    start = value.view.firstNumber
    increment = counter.increment
  }

  /// Lets the variable be what it is after `steps` steps.
  func count(_ steps: UInt64) {
    let view = value.view
    let count = start + increment * Double(steps)
    switch view.dtype {
    case .float32: view.scalars(Float.self)[0] = Float(count)
    case .float64: view.scalars(Double.self)[0] = count
    case .int32: view.scalars(Int32.self)[0] = Int32(clamping: Int64(exactly: count.rounded()) ?? .max)
    case .int64: view.scalars(Int64.self)[0] = Int64(exactly: count.rounded()) ?? .max
    case .bool: break
    }
  }
}
