import Foundation
import Kernels
import TestSupport
import Testing
import Transport

/// Worker processes that stop in the middle of something, while others take their places.
@Suite(.serialized) struct `A worker that comes back from the dead` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  @Test(arguments: ["asp", "ssp:2", "bsp"])
  func `changes nothing twice, and hears that its place is taken where workers keep in step`(
    _ mode: String
  ) async throws {
    let server = KeptServer(in: folder)
    try await server.start()
    // Slow enough that the worker behind it is not done before it stands still.
    var faults = FaultProxy.Faults()
    faults.delay = .milliseconds(5)
    let proxy = try await FaultProxy.start(to: server.address, faults, seed: 1)
    let workers = try CountingPair(steps: 8000, in: folder)
    let other = try workers.start(0, mode, at: [server.address], log: "other.log")
    // It stands still until the server has lost sight of it.
    let zombie = try workers.start(1, mode, at: [proxy.address], log: "zombie.log")
    while try await server.figure("model.counting.version") ?? 0 < 20 { try await Task.sleep(for: .milliseconds(5)) }
    try #require(zombie.isRunning, "\(zombie.text)")
    zombie.signal(SIGSTOP)
    proxy.breakConnections()
    let next = try workers.start(1, mode, at: [server.address], log: "next.log")
    let reached = try await server.figure("model.counting.version") ?? 0
    while next.isRunning, try await server.figure("model.counting.version") ?? 0 < reached + 20 {
      try await Task.sleep(for: .milliseconds(5))
    }
    proxy.set(FaultProxy.Faults())
    zombie.signal(SIGCONT)
    for worker in [next, other] { #expect(try await worker.end(within: .seconds(60)) == 0, "\(worker.text)") }
    let end = try await zombie.end(within: .seconds(60))
    if mode == "asp" {
      #expect(end == 0, "\(zombie.text)")
    } else {
      #expect(end == 77 && zombie.text.contains("another worker"), "\(zombie.text)")
    }
    try await workers.expectAllOnce(at: [server.address])
    await proxy.stop()
    #expect(server.stop() == 0)
  }

  @Test(arguments: ["ssp:2", "bsp"])
  func `goes on in step, whenever it was killed`(_ mode: String) async throws {
    let kills = Soak.volume(6, soak: 200)
    let servers = try (0..<2).map { shard in
      try RunningServer(
        ["ps", "-s", "2", "--shard", "\(shard)", "--listen", "127.0.0.1:0"], log: "server-\(shard).log", in: folder)
    }
    var addresses: [Address] = []
    for server in servers { addresses.append(try Address(await server.value(after: "listens at "))) }
    // A worker that is killed had taken some hundred steps.
    let workers = try CountingPair(steps: 2000 * kills, in: folder)
    var random = SplitMix64(seed: 5)
    var running = try (0..<2).map { try workers.start($0, mode, at: addresses, log: "worker-\($0).log") }
    for kill in 0..<kills {
      try await Task.sleep(for: .milliseconds(Int.random(in: 100...300, using: &random)))
      let rank = Int.random(in: 0..<2, using: &random)
      _ = running[rank].stop(SIGKILL)
      running[rank] = try workers.start(rank, mode, at: addresses, log: "kill-\(kill).log")
    }
    for worker in running { #expect(try await worker.end(within: .seconds(120)) == 0, "\(worker.text)") }
    try await workers.expectAllOnce(at: addresses)
    for server in servers { #expect(server.stop() == 0) }
    print("\(mode), seed 5: \(kills) workers killed, \(2 * workers.steps) batches, each applied once")
  }
}
