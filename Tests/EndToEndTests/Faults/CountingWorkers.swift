import Foundation
import Kernels
import PS
import Parameters
import Synchronization
import TestSupport
import Testing
import Transport
import Wire

/// Workers that count on a parameter server, each on a thread of its own, until they are stopped.
///
/// Every push of a worker adds one to a row of its own and one to a sum that all share, at a learning rate of 1, and
/// reads the row. So a push that is lost, applied twice or never made is seen: in the row at once, in the end in the sum.
final class CountingWorkers: Sendable {
  /// How far the workers are.
  struct Counts: Sendable {
    /// The pushes that were begun, by worker, and those that were answered.
    var begun: [Int]
    var acknowledged: [Int]
    /// What went wrong.
    var problems: [String] = []
    var running: Int

    var total: Int { acknowledged.reduce(0, +) }
  }

  private let address: Address
  private let pause: TimeInterval
  private let counts: Mutex<Counts>
  private let isStopping = Mutex(false)

  private static let name = "counting"

  private static func parameters(_ workers: Int) -> [ParameterSpec] {
    [
      ParameterSpec(name: "rows", shape: [workers, 1], kind: .table, optimizer: .sgd(rate: 1)),
      ParameterSpec(name: "sum", shape: [1], optimizer: .sgd(rate: 1)),
    ]
  }

  /// How clients of tests deal with failures: they look again soon, and for long.
  static var options: NetworkLinks.Options {
    var options = NetworkLinks.Options()
    options.patience.firstPause = .milliseconds(2)
    options.patience.longestPause = .milliseconds(50)
    options.patience.total = .seconds(120)
    return options
  }

  /// Starts `workers` workers of the server at `address`, which wait for `pause` seconds before each push.
  init(
    _ workers: Int, at address: Address, options: NetworkLinks.Options = CountingWorkers.options,
    pause: TimeInterval = 0
  ) {
    (self.address, self.pause) = (address, pause)
    let zeros = [Int](repeating: 0, count: workers)
    counts = Mutex(Counts(begun: zeros, acknowledged: zeros, running: workers))
    for worker in 0..<workers {
      Thread.detachNewThread { [self] in
        do { try count(worker, workers, options) } catch { report("worker \(worker): \(error)") }
        counts.withLock { $0.running -= 1 }
      }
    }
  }

  /// How far they are.
  var now: Counts { counts.withLock { $0 } }

  private func report(_ problem: String) { counts.withLock { $0.problems.append(problem) } }

  private func count(_ worker: Int, _ workers: Int, _ options: NetworkLinks.Options) throws {
    let links = NetworkLinks([address], options: options)
    let store = try ParameterClient(Self.parameters(workers), name: Self.name, links: links)
    var (one, key) = ([Float(-1)], [Int64(worker)])
    try one.withMemoryView { one in
      try key.withMemoryView { key in
        var number = 0
        while !isStopping.withLock({ $0 }) {
          if pause > 0 { Thread.sleep(forTimeInterval: pause) }
          number += 1
          counts.withLock { $0.begun[worker] = number }
          let gradients: [Gradient] = [.rows(keys: key, values: one), .dense(one)]
          // Half of them count by a stream's offsets as well.
          let source =
            worker % 2 == 0
            ? nil : SourceRange(name: "worker-\(worker)", begin: UInt64(number) - 1, end: UInt64(number))
          let values = try store.exchange(
            push: .init(gradients: gradients, source: source),
            pull: RowRequest(tables: [.init(parameter: 0, keys: key)]))
          let row = values.parameters[0].scalars[worker]
          if row != Float(number) { return report("worker \(worker) reads \(row) after its push \(number)") }
          counts.withLock { $0.acknowledged[worker] = number }
        }
      }
    }
  }

  /// Waits until `condition` holds or nobody works any more.
  ///
  /// - Returns: Whether it holds within `time`.
  func wait(_ time: Duration = .seconds(30), until condition: (Counts) -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + time
    while true {
      let counts = now
      if condition(counts) { return true }
      guard counts.running > 0, counts.problems.isEmpty, ContinuousClock.now < end else { return false }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Waits until `pushes` more pushes are answered.
  func work(_ pushes: Int) async throws {
    let before = now.total
    let isDone = try await wait { $0.total >= before + pushes }
    #expect(isDone, "\(now.total - before) of \(pushes) pushes in 30 s; \(now.problems)")
  }

  /// Checks what the server has while the workers go on: all that was acknowledged in `before`, and no more than was
  /// begun.
  func check(since before: Counts, at server: Address? = nil) async throws {
    let (rows, sum, _) = try await values(at: server ?? address)
    let begun = now.begun
    for (worker, row) in rows.enumerated() {
      #expect(Int(row) >= before.acknowledged[worker], "worker \(worker): an acknowledged push is lost")
      #expect(Int(row) <= begun[worker], "worker \(worker): a push is applied twice, or invented")
    }
    #expect(Int(sum) >= before.total && Int(sum) <= begun.reduce(0, +))
    #expect(now.problems.isEmpty)
  }

  /// Stops the workers, and checks that the server has each push once.
  func finish() async throws {
    isStopping.withLock { $0 = true }
    while now.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(now.problems.isEmpty)
    try await expectExactly()
  }

  /// Checks that the server at `address` has each push of workers that have stopped, once.
  func expectExactly(at server: Address? = nil) async throws {
    let counts = now
    let (rows, sum, version) = try await values(at: server ?? address)
    #expect(rows.map { Int($0) } == counts.acknowledged)
    #expect(Int(sum) == counts.total && version == UInt64(counts.total))
  }

  private func values(at address: Address) async throws -> (rows: [Float], sum: Float, version: UInt64) {
    try await Soak.onThread {
      let links = NetworkLinks([address], options: Self.options)
      let store = try ParameterClient(reading: Self.name, links: links)
      return (try store.read("rows"), try store.read("sum")[0], store.version)
    }
  }
}
