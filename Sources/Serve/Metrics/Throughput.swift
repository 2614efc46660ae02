/// Examples per second: over the last seconds, and since the start.
public struct Throughput: Sendable {
  /// Examples per second over the last seconds; 0 before anything is known.
  public private(set) var rate = 0.0

  private let startExamples: UInt64
  private let start: ContinuousClock.Instant
  private var lastExamples: UInt64
  private var last: ContinuousClock.Instant

  /// Older figures fade with this time constant, in seconds.
  private static let fade = 2.0

  /// Starts to measure when `examples` have been seen.
  public init(examples: UInt64 = 0, at now: ContinuousClock.Instant) {
    startExamples = examples
    lastExamples = examples
    start = now
    last = now
  }

  /// Notes that `examples` have been seen by now; fewer than before if some have to be seen again.
  public mutating func update(examples: UInt64, at now: ContinuousClock.Instant) {
    let seconds = (now - last) / .seconds(1)
    guard seconds > 0 else { return }
    if examples >= lastExamples {
      let current = Double(examples - lastExamples) / seconds
      let age = (now - start) / .seconds(1)
      let share = min(1, seconds / min(Self.fade, age))
      rate += share * (current - rate)
    }
    lastExamples = examples
    last = now
  }

  /// Examples per second since the start.
  public func meanRate(examples: UInt64, at now: ContinuousClock.Instant) -> Double {
    let seconds = (now - start) / .seconds(1)
    guard seconds > 0, examples >= startExamples else { return 0 }
    return Double(examples - startExamples) / seconds
  }
}
