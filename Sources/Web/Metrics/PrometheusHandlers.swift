import CoreMetrics
import Synchronization

/// A number that only grows.
final class PrometheusCounter: CounterHandler {
  private let total = Atomic<Int64>(0)

  var value: Int64 { total.load(ordering: .relaxed) }

  func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }

  func reset() { total.store(0, ordering: .relaxed) }
}

/// A number that goes up and down.
final class PrometheusGauge: MeterHandler, RecorderHandler {
  private let number = Mutex(0.0)

  var value: Double { number.withLock { $0 } }

  func set(_ value: Int64) { set(Double(value)) }

  func set(_ value: Double) { number.withLock { $0 = value } }

  func increment(by amount: Double) { number.withLock { $0 += amount } }

  func decrement(by amount: Double) { number.withLock { $0 -= amount } }

  func record(_ value: Int64) { set(Double(value)) }

  func record(_ value: Double) { set(value) }
}

/// How often values of each size came: counts below bounds from 50 µs to 10 s.
final class PrometheusHistogram: TimerHandler, RecorderHandler {
  /// The upper bounds of the buckets, each about double the one before.
  static let bounds = [
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
  ]

  private struct State {
    var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    var sum = 0.0
  }

  private let state = Mutex(State())

  /// For each bound how many values did not exceed it; all values; their sum.
  var values: (buckets: [UInt64], count: UInt64, sum: Double) {
    let state = state.withLock { $0 }
    var total: UInt64 = 0
    let running = state.counts.map { count in
      total += count
      return total
    }
    return (Array(running.dropLast()), total, state.sum)
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }
}
