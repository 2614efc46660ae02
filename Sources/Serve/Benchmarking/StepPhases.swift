import Kernels

/// Adds up how long the parts of training steps take.
///
/// - Complexity: Some 50 ns for each part; a trainer takes them only while somebody asks.
final class StepPhases {
  /// The nanoseconds by part.
  private(set) var nanoseconds: [String: UInt64] = [:]
  /// The parts in the order of their first time.
  private(set) var names: [String] = []
  private var last: UInt64 = 0

  /// A step begins.
  func start() { last = MonotonicClock.nanoseconds }

  /// The part called `name` has just ended.
  func end(_ name: String) {
    let now = MonotonicClock.nanoseconds
    if nanoseconds[name] == nil { names.append(name) }
    nanoseconds[name, default: 0] += now - last
    last = now
  }
}
