/// The last values of a stream, in no order: a new one takes the place of the oldest when there are as many as may be.
struct RecentValues<Value: Sendable>: Sendable {
  /// The values.
  private(set) var values: [Value] = []
  private let limit: Int
  private var next = 0

  /// None of at most `limit` values yet, with memory for `expected`.
  init(limit: Int, expected: Int) {
    self.limit = limit
    values.reserveCapacity(min(limit, expected))
  }

  mutating func append(_ value: Value) {
    guard values.count == limit else { return values.append(value) }
    values[next] = value
    next = next + 1 == limit ? 0 : next + 1
  }
}
