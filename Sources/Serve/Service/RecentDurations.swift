import Glibc

/// How long something took lately, for percentiles: counts in buckets that grow by 9 percent, over the last one to two
/// periods.
package struct RecentDurations: Sendable {
  private static let bucketsPerOctave = 8.0
  private static let bucketCount = 256

  private let period: Duration
  private var current = [UInt32](repeating: 0, count: bucketCount)
  private var previous = [UInt32](repeating: 0, count: bucketCount)
  private var periodStart: ContinuousClock.Instant

  /// Has seen nothing.
  package init(period: Duration = .seconds(30), at now: ContinuousClock.Instant) {
    self.period = period
    periodStart = now
  }

  /// Takes in one duration.
  package mutating func record(_ duration: Duration, at now: ContinuousClock.Instant) {
    rotate(at: now)
    let microseconds = max(1, duration / .microseconds(1))
    let bucket = Int((log2(microseconds) * Self.bucketsPerOctave).rounded(.up))
    current[min(bucket, Self.bucketCount - 1)] &+= 1
  }

  /// The duration that `share` of those seen lately do not exceed, up to 9 percent too long; nil if none was seen.
  package mutating func percentile(_ share: Double, at now: ContinuousClock.Instant) -> Duration? {
    rotate(at: now)
    let total = zip(current, previous).reduce(0.0) { $0 + Double($1.0) + Double($1.1) }
    guard total > 0 else { return nil }
    var seen = 0.0
    for bucket in 0..<Self.bucketCount {
      seen += Double(current[bucket]) + Double(previous[bucket])
      if seen >= share * total { return .microseconds(exp2(Double(bucket) / Self.bucketsPerOctave)) }
    }
    return nil
  }

  private mutating func rotate(at now: ContinuousClock.Instant) {
    let age = now - periodStart
    guard age >= period else { return }
    previous = age < period * 2 ? current : [UInt32](repeating: 0, count: Self.bucketCount)
    current = [UInt32](repeating: 0, count: Self.bucketCount)
    periodStart = now
  }
}
