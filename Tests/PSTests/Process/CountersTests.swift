import Foundation
import Kernels
import PS
import Parameters
import Synchronization
import TestSupport
import Testing
import Transport
import Wire

/// Workers count: whole numbers are pushed at a learning rate of 1, so that one push lost or applied twice is seen in
/// the sums. `make soak` makes 100,000 pushes a worker.
@Suite(.serialized) struct `Counters on a parameter server` {
  private static let schema = [
    ParameterSpec(name: "dense", shape: [16], optimizer: .sgd(rate: 1)),
    ParameterSpec(name: "table", shape: [64, 2], kind: .table, optimizer: .sgd(rate: 1)),
  ]

  /// What a worker pushes, and what all of it adds up to.
  private struct Counter {
    var dense = [Float](repeating: 0, count: 16)
    var table = [Float](repeating: 0, count: 128)

    /// Pushes `count` random gradients.
    mutating func run(on store: any ParameterStore, _ count: Int, seed: UInt64) throws {
      var random = SplitMix64(seed: seed)
      func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(Int.random(in: -3...3, using: &random)) } }
      for _ in 0..<count {
        var keys = (0..<Int64(64)).filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
        var (gradient, rows) = (numbers(16), numbers(2 * keys.count))
        try keys.withMemoryView { keys in
          try gradient.withMemoryView { gradient in
            try rows.withMemoryView { rows in
              _ = try store.exchange(
                push: .init(gradients: [.dense(gradient), .rows(keys: keys, values: rows)]),
                pull: RowRequest(tables: [.init(parameter: 1, keys: keys)]))
            }
          }
        }
        for index in dense.indices { dense[index] -= gradient[index] }
        for (place, key) in keys.enumerated() {
          for column in 0..<2 { table[2 * Int(key) + column] -= rows[2 * place + column] }
        }
      }
    }
  }

  /// Lets `workers` workers count through `proxy`, each on a thread of its own.
  private static func count(
    _ workers: Int, _ pushes: Int, through proxy: FaultProxy, _ options: NetworkLinks.Options
  ) async throws -> Counter {
    try await withThrowingTaskGroup(of: Counter.self) { group in
      for worker in 0..<workers {
        group.addTask {
          try await Soak.onThread {
            let links = NetworkLinks([proxy.address], options: options)
            let store = try ParameterClient(schema, name: "counters", links: links)
            var counter = Counter()
            try counter.run(on: store, pushes / workers, seed: UInt64(worker))
            return counter
          }
        }
      }
      return try await group.reduce(into: Counter()) { sum, counter in
        for index in sum.dense.indices { sum.dense[index] += counter.dense[index] }
        for index in sum.table.indices { sum.table[index] += counter.table[index] }
      }
    }
  }

  /// Checks that `workers` workers together push `pushes` times through a network with these faults, each push once.
  private func check(
    _ workers: Int, _ pushes: Int, _ faults: FaultProxy.Faults, _ limits: Limits = Limits()
  ) async throws -> FaultProxy.Counts {
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    let proxy = try await FaultProxy.start(to: server.address, faults, seed: UInt64(workers))
    var options = NetworkLinks.Options()
    options.limits = limits
    options.patience.firstPause = .milliseconds(1)
    options.patience.longestPause = .milliseconds(20)
    options.patience.total = .seconds(600)
    let expected = try await Self.count(workers, pushes, through: proxy, options)
    let (dense, table, version) = try await Soak.onThread {
      let store = try ParameterClient(reading: "counters", links: NetworkLinks([server.address]))
      return (try store.read("dense"), try store.read("table"), store.version)
    }
    #expect(dense == expected.dense)
    #expect(table == expected.table)
    #expect(version == UInt64(pushes / workers * workers))
    await proxy.stop()
    try await server.stop(within: .zero)
    return proxy.counts
  }

  @Test(.timeLimit(.minutes(240)), arguments: [1, 16, 64])
  func `are exact, though replies are lost and connections break`(_ workers: Int) async throws {
    let pushes = Soak.volume(1000, soak: 100_000 * workers)
    var faults = FaultProxy.Faults()
    faults.lostReplies = 0.2
    faults.resets = 0.05
    let counts = try await check(workers, pushes, faults)
    #expect(counts.lostReplies > pushes / 8)
    #expect(counts.resets > pushes / 200)
  }

  @Test func `are exact, though bits are flipped`() async throws {
    var faults = FaultProxy.Faults()
    faults.flips = 0.05
    #expect(try await check(4, 200, faults).flips > 10)
  }

  @Test func `are exact, though replies end in the middle`() async throws {
    var faults = FaultProxy.Faults()
    faults.halfCloses = 0.8
    let counts = try await check(4, 1_000, faults)
    #expect(counts.halfCloses > 2, "\(counts.halfCloses) of \(counts.connections) connections")
  }

  @Test func `are exact, though bytes come slowly and one at a time`() async throws {
    var faults = FaultProxy.Faults()
    faults.isSplit = true
    faults.delay = .milliseconds(1)
    faults.bytesPerSecond = 1 << 20
    #expect(try await check(4, 40, faults).connections == 4)
  }

  @Test func `are exact, though the network swallows everything for a while`() async throws {
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    let proxy = try await FaultProxy.start(to: server.address, FaultProxy.Faults(), seed: 1)
    var options = NetworkLinks.Options()
    (options.limits.pingTime, options.limits.answerTime) = (.milliseconds(100), .milliseconds(200))
    options.limits.handshakeTime = .milliseconds(200)
    let links = NetworkLinks([proxy.address], options: options)
    let counter = try await Soak.onThread {
      let store = try ParameterClient(Self.schema, name: "counters", links: links)
      var counter = Counter()
      try counter.run(on: store, 10, seed: 1)
      var hole = FaultProxy.Faults()
      hole.isBlackHole = true
      proxy.set(hole)
      Thread.detachNewThread {
        Thread.sleep(forTimeInterval: 0.5)
        proxy.set(FaultProxy.Faults())
      }
      try counter.run(on: store, 10, seed: 2)
      #expect(try store.read("dense") == counter.dense)
      #expect(store.version == 20)
      return counter
    }
    #expect(counter.dense.contains { $0 != 0 })
    #expect(proxy.counts.connections > 1)
    await proxy.stop()
    try await server.stop(within: .zero)
  }
}
