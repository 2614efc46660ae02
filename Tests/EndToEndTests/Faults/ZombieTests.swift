import Foundation
import PS
import Parameters
import TestSupport
import Testing
import Transport

/// A worker that stands still until nobody hears of it any more, and goes on when another one has taken its place.
@Suite(.serialized) struct `A worker that comes back from the dead` {
  private static let steps = 8000
  private let folder: CommandFolder
  private let model: CountingModel

  init() throws {
    folder = try CommandFolder()
    model = try CountingModel(in: folder)
  }

  private func worker(_ rank: Int, _ mode: String, at address: Address, log: String) throws -> RunningServer {
    let arguments = [
      "train", "\(model.folder)/counting.json", "--store", "ps:\(address)", "--data", model.data, "--batch",
      "\(CountingModel.batch)", "--epochs", "1000000", "--steps", "\(Self.steps)", "--rank", "\(rank)", "--workers",
      "2",
      "--consistency", mode, "--resume", "--threads", "1",
    ]
    return try RunningServer(arguments + CountingModel.training, log: log, in: folder)
  }

  @Test(arguments: ["asp", "ssp:2", "bsp"])
  func `changes nothing twice, and hears that its place is taken where workers keep in step`(_ mode: String)
    async throws
  {
    let server = KeptServer(in: folder)
    try await server.start()
    let proxy = try await FaultProxy.start(to: server.address, .init(), seed: 1)
    let other = try worker(0, mode, at: server.address, log: "other.log")
    let zombie = try worker(1, mode, at: proxy.address, log: "zombie.log")
    while try await server.figure("model.counting.version") ?? 0 < 20 { try await Task.sleep(for: .milliseconds(5)) }
    try #require(zombie.isRunning, "\(zombie.text)")
    zombie.signal(SIGSTOP)
    proxy.breakConnections()
    let next = try worker(1, mode, at: server.address, log: "next.log")
    let reached = try await server.figure("model.counting.version") ?? 0
    while next.isRunning, try await server.figure("model.counting.version") ?? 0 < reached + 20 {
      try await Task.sleep(for: .milliseconds(5))
    }
    zombie.signal(SIGCONT)
    for worker in [next, other] { #expect(try await worker.end(within: .seconds(60)) == 0, "\(worker.text)") }
    let end = try await zombie.end(within: .seconds(60))
    if mode == "asp" {
      #expect(end == 0, "\(zombie.text)")
    } else {
      #expect(end == 77 && zombie.text.contains("another worker"), "\(zombie.text)")
    }
    try await expectAllOnce(at: server.address)
    await proxy.stop()
    #expect(server.stop() == 0)
  }

  /// Checks that each worker's batches are applied, each once: of seven in turn the first has every other one from the
  /// first on, the second has those between.
  private func expectAllOnce(at address: Address) async throws {
    let weights = try await Soak.onThread {
      try ParameterClient(reading: CountingModel.name, links: NetworkLinks([address])).read("w")
    }
    let sum = (0..<Self.steps).reduce(0) { $0 + [1, 3, 5, 7][$1 % 4] + [2, 4, 6][$1 % 3] }
    #expect(weights == [Float(-2 * Self.steps), Float(-sum)])
  }
}
