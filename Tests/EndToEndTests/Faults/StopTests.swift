import Foundation
import TestSupport
import Testing

/// A server process that is asked to end while it has something to do.
@Suite(.serialized) struct `A parameter server that is told to stop` {
  private let folder: CommandFolder
  private let server: KeptServer

  init() throws {
    folder = try CommandFolder()
    server = KeptServer(in: folder)
  }

  private var snapshots: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: server.data).filter { $0.hasPrefix("snapshot-") } }
  }

  /// Checks that the server stopped in order, and that its snapshot and its log alone say the same to the last bit.
  private func checkStore() async throws {
    let verified = try OnlearnProcess.run(["ps", "verify", server.data])
    #expect(verified.status == 0 && verified.output.contains("stopped in order"), "\(verified)")
    let replayed = KeptServer(data: "\(folder.path)/replayed", in: folder)
    try FileManager.default.copyItem(atPath: server.data, toPath: replayed.data)
    for name in try snapshots { try FileManager.default.removeItem(atPath: "\(replayed.data)/\(name)") }
    try await replayed.start()
    try await server.start()
    #expect(try await Ballast.contents(at: server.address) == Ballast.contents(at: replayed.address))
    #expect(replayed.stop() == 0)
  }

  @Test func `ends in order under load, and is the same to the last bit afterwards`() async throws {
    try await server.start()
    try await Ballast(rows: 30_000).push(12, to: server.address)
    let workers = CountingWorkers(4, at: server.address)
    try await workers.work(200)
    server.running.signal(SIGTERM)
    #expect(try await server.running.end(within: .seconds(30)) == 0)
    #expect(try snapshots.count == 1)
    try await checkStore()
    try await workers.work(200)
    try await workers.finish()
    #expect(server.stop() == 0)
  }

  @Test func `ends sooner if it is told twice, and has everything`() async throws {
    try await server.start()
    try await Ballast(rows: 100_000).push(40, to: server.address)
    let workers = CountingWorkers(4, at: server.address)
    try await workers.work(200)
    for _ in 0..<2 {
      server.running.signal(SIGTERM)
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try await server.running.end(within: .seconds(30)) == 0)
    try await server.start()
    try await workers.work(200)
    try await workers.finish()
    #expect(server.stop() == 0)
  }

  @Test func `lets a snapshot end that is being written`() async throws {
    try await server.start()
    try await Ballast(rows: 100_000).push(30, to: server.address)
    let address = server.address
    async let snapshot = try? KeptServer.snapshot(at: address, patience: .milliseconds(100))
    while try await server.figure("snapshot.is_running") == 0 {}
    server.running.signal(SIGTERM)
    #expect(try await server.running.end(within: .seconds(30)) == 0)
    _ = await snapshot
    #expect(try snapshots.filter { $0 != "snapshot-next" }.count == 1)
    try await checkStore()
    #expect(server.stop() == 0)
  }

  @Test func `does not wait for clients that hang`() async throws {
    try await server.start()
    try await Ballast(rows: 1000).push(1, to: server.address)
    let data = try folder.examples(640)
    let client = try RunningServer(
      [
        "train", CommandFolder.model, "--data", data, "--store", "ps:\(server.address)", "--steps", "1000000",
        "--timeout", "1",
      ], log: "client.log", in: folder)
    while try await server.figure("push_pull.requests") ?? 0 < 100 {}
    client.signal(SIGSTOP)
    let start = ContinuousClock.now
    server.running.signal(SIGTERM)
    #expect(try await server.running.end(within: .seconds(30)) == 0)
    #expect(ContinuousClock.now - start < .seconds(15))
    client.signal(SIGKILL)
    try await checkStore()
    #expect(server.stop() == 0)
  }
}
