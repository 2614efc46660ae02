import Foundation
import PS
import TestSupport
import Testing
import Transport
import Wire

/// A server process that its workers cannot reach for a while; see ``CountingWorkers``.
@Suite struct `A parameter server behind a network that breaks` {
  /// How long the network is away, and how often.
  private static let breaks: [(seconds: Int, count: Int)] = Soak.isOn ? [(1, 100), (5, 20), (30, 5)] : [(1, 3)]

  @Test(.timeLimit(.minutes(60)), arguments: breaks)
  func `is found again, and loses nothing`(_ seconds: Int, _ count: Int) async throws {
    let folder = try CommandFolder()
    let server = KeptServer(in: folder)
    try await server.start()
    let proxy = try await FaultProxy.start(to: server.address, .init(), seed: UInt64(seconds))
    var options = CountingWorkers.options
    (options.limits.pingTime, options.limits.answerTime) = (.milliseconds(300), .milliseconds(300))
    options.limits.handshakeTime = .milliseconds(300)
    let workers = CountingWorkers(8, at: proxy.address, options: options)
    var longest = Duration.zero
    for round in 0..<count {
      try await workers.work(100)
      var faults = FaultProxy.Faults()
      // Both ways, only there, only back.
      faults.swallowsRequests = round % 3 != 2
      faults.swallowsReplies = round % 3 != 1
      proxy.set(faults)
      try await Task.sleep(for: .seconds(seconds))
      try await workers.check(since: workers.now, at: server.address)
      proxy.set(.init())
      let (start, before) = (ContinuousClock.now, workers.now)
      let areBack = try await workers.wait { zip($0.acknowledged, before.acknowledged).allSatisfy { $0 > $1 } }
      #expect(areBack, "\(workers.now)")
      longest = max(longest, ContinuousClock.now - start)
    }
    try await workers.finish()
    await proxy.stop()
    #expect(server.stop() == 0)
    print(
      "away for \(seconds) s \(count) times: all workers back \(longest) later at the latest, \(workers.now.total) pushes, "
        + "each applied once")
  }
}
