/// How long the repetitions of something took.
public struct TimeSample: Hashable, Sendable {
  /// The times in milliseconds, shortest first.
  private let milliseconds: [Double]

  /// A sample of `times`, at least one.
  public init(_ times: some Collection<Duration>) {
    precondition(!times.isEmpty, "no times")
    milliseconds = times.map { $0 / .milliseconds(1) }.sorted()
  }

  /// The shortest time in milliseconds.
  public var minimum: Double { milliseconds[0] }

  /// The longest time in milliseconds.
  public var maximum: Double { milliseconds[milliseconds.count - 1] }

  /// The time in the middle, or the mean of the two in the middle, in milliseconds.
  public var median: Double { Self.median(ofSorted: milliseconds) }

  /// The longest time of the shortest `share` of all, from 0 to 1, in milliseconds.
  public func quantile(_ share: Double) -> Double { milliseconds[Int(share * Double(milliseconds.count - 1))] }

  /// The value in the middle of `values`, at least one, or the mean of the two in the middle.
  static func median(of values: some Collection<Double>) -> Double { median(ofSorted: values.sorted()) }

  private static func median(ofSorted values: [Double]) -> Double {
    (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
  }
}
