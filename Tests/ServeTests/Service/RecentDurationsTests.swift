import Serve
import Testing

@Suite struct `Recent durations` {
  private let start = ContinuousClock.now

  @Test func `give percentiles within nine percent`() throws {
    var durations = RecentDurations(at: start)
    for milliseconds in 1...1000 { durations.record(.milliseconds(milliseconds), at: start) }
    for (share, exact) in [(0.5, 500.0), (0.95, 950), (0.99, 990)] {
      let percentile = durations.percentile(share, at: start)
      let found = try #require(percentile) / .milliseconds(1)
      #expect(found >= exact && found <= exact * 1.1)
    }
  }

  @Test func `forget what is older than two periods`() {
    var durations = RecentDurations(period: .seconds(10), at: start)
    durations.record(.seconds(1), at: start)
    let recent = durations.percentile(0.5, at: start + .seconds(11))
    let later = durations.percentile(0.5, at: start + .seconds(22))
    #expect(recent != nil && later == nil)
  }

  @Test func `of any length are taken`() {
    var durations = RecentDurations(at: start)
    for duration in [Duration.zero, .seconds(-1), .nanoseconds(1), .seconds(1 << 40)] {
      durations.record(duration, at: start)
    }
    let longest = durations.percentile(1, at: start)
    #expect(longest != nil)
  }
}
