import CoreMetrics
import Dispatch
import Synchronization

/// Metrics that nobody gets before a gate is opened: whoever loads a model stops there.
final class Gate: MetricsFactory {
  private let gate = DispatchSemaphore(value: 0)
  private let isWaitedFor = Atomic(false)

  /// Lets everybody pass.
  func open() { gate.signal() }

  /// Returns when somebody is at the gate.
  func untilSomebodyWaits() async { while !isWaitedFor.load(ordering: .acquiring) { await Task.yield() } }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    isWaitedFor.store(true, ordering: .releasing)
    gate.wait()
    gate.signal()
    return NOOPMetricsHandler.instance
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { NOOPMetricsHandler.instance }

  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    NOOPMetricsHandler.instance
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}
