import Foundation
import Kernels
import TestSupport
import Testing

/// A server process that is killed and started again while workers count; see ``CountingWorkers``.
@Suite(.serialized) struct `A killed parameter server` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  @Test(.timeLimit(.minutes(60)))
  func `loses, repeats and invents nothing, whenever it is killed`() async throws {
    let cycles = Soak.volume(20, soak: 1000)
    let seed: UInt64 = 20
    var random = SplitMix64(seed: seed)
    let server = KeptServer(["--log-segment", "1"], in: folder)
    try await server.start()
    let workers = CountingWorkers(8, at: server.address)
    for cycle in 0..<cycles {
      try await workers.work(1)
      try await Task.sleep(for: .microseconds(Int.random(in: 0...100_000, using: &random)))
      // Every third time it dies while it writes a snapshot, or shortly after.
      if cycle % 3 == 0 {
        let address = server.address
        async let snapshot = try? KeptServer.snapshot(at: address, patience: .milliseconds(50))
        try await Task.sleep(for: .microseconds(Int.random(in: 0...10_000, using: &random)))
        try await server.dieAndReturn(checking: workers)
        _ = await snapshot
      } else {
        try await server.dieAndReturn(checking: workers)
      }
    }
    try await workers.finish()
    #expect(server.stop() == 0)
    print("killed \(cycles) times, seed \(seed): \(workers.now.total) pushes, each applied once")
  }
}
