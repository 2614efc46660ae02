import Wire

/// How long something took that was done often.
struct DurationSummary: Sendable {
  /// How often it was done.
  private(set) var count: UInt64 = 0
  private var seconds = 0.0
  private var slowest = 0.0

  /// Notes that it took `duration`.
  mutating func add(_ duration: Duration) {
    let taken = Double(duration.nanoseconds) * 1e-9
    count += 1
    seconds += taken
    slowest = max(slowest, taken)
  }

  /// The mean and the longest time, in seconds, under names that begin with `name`; nothing if it was never done.
  func figures(_ name: String) -> [(name: String, value: Double)] {
    guard count > 0 else { return [] }
    return [("\(name).mean_seconds", seconds / Double(count)), ("\(name).max_seconds", slowest)]
  }
}
