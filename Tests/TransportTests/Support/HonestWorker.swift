import Foundation
import Kernels
import PS
import Parameters
import Synchronization
import Transport

/// A worker that pushes ones at a learning rate of 1, one push after the other, on a thread of its own: the values say
/// whether each was applied once.
final class HonestWorker: Sendable {
  /// The elements of its only tensor.
  static let count = 100_000

  private struct State {
    var pushes = 0
    var times: [Duration] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  private let end: AsyncStream<any Error>

  /// A worker of the server at `address`, which has no model yet.
  init(at address: Address) throws {
    let store = try ParameterClient(
      [ParameterSpec(name: "sums", shape: [Self.count], optimizer: .sgd(rate: 1))], name: "honest",
      links: NetworkLinks([address]))
    let (end, continuation) = AsyncStream.makeStream(of: (any Error).self)
    self.end = end
    Thread.detachNewThread {
      do { try self.work(store) } catch { continuation.yield(error) }
      continuation.finish()
    }
  }

  private func work(_ store: ParameterClient) throws {
    let count = Self.count
    var gradient = [Float](repeating: -1, count: count)
    while !state.withLock(\.isStopped) {
      let start = ContinuousClock.now
      try gradient.withMemoryView { gradient in
        let values = try store.exchange(push: .init(gradients: [.dense(gradient)]), pull: RowRequest())
        let pushes = state.withLock { state in
          state.pushes += 1
          state.times.append(ContinuousClock.now - start)
          return state.pushes
        }
        let (first, last) = (values.parameters[0].scalars[0], values.parameters[0].scalars[count - 1])
        guard first == Float(pushes), last == first, values.version == UInt64(pushes) else {
          throw WrongValue(pushes: pushes, found: first, version: values.version)
        }
      }
    }
  }

  private struct WrongValue: Error {
    let pushes: Int
    let found: Float
    let version: UInt64
  }

  /// The pushes until now.
  var pushes: Int { state.withLock(\.pushes) }

  /// How long the exchanges took since this was last asked, shortest first.
  func times() -> [Duration] {
    state.withLock { state in
      defer { state.times = [] }
      return state.times.sorted()
    }
  }

  /// The pushes per second since this was last asked, or from now on for `time`.
  func rate(over time: Duration) async throws -> Int {
    if time > .zero {
      _ = times()
      try await Task.sleep(for: time)
    }
    let times = times()
    return Int(Double(times.count) / (times.reduce(.zero, +) / .seconds(1)))
  }

  /// Waits until it has pushed some more.
  func makesProgress() async throws {
    let before = pushes
    while pushes < before + 10 { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Ends, and throws if a push failed or a value was wrong.
  func stop() async throws {
    state.withLock { $0.isStopped = true }
    for await error in end { throw error }
  }
}
