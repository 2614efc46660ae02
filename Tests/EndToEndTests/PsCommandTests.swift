import Foundation
import PS
import TestSupport
import Testing
import Transport

@Suite struct `The command ps` {
  private let folder: CommandFolder
  private static let model = "\(CommandFolder.fixture)/mlp_small.json"

  init() throws { folder = try CommandFolder() }

  private func start(_ name: String, _ arguments: [String]) throws -> RunningServer {
    try RunningServer(["ps"] + arguments, log: "\(name).log", in: folder)
  }

  private static func train(_ data: String, _ store: String, steps: Int) throws -> OnlearnProcess {
    try OnlearnProcess.run([
      "train", model, "--data", data, "--store", store, "--batch", "32", "--steps", "\(steps)", "--threads", "1",
      "--json",
    ])
  }

  private static func score(_ data: String, _ store: String) throws -> OnlearnProcess {
    try OnlearnProcess.run(["score", model, "--data", data, "--store", store, "--limit", "64", "--json"])
  }

  @Test(arguments: [
    (["--durability", "always"], "--data"), (["--durability", "none", "--data", "store"], "keeps nothing"),
    (["--max-payload", "300"], "between 1 and 256"), (["--log-segment", "8"], "--data"),
    (["--advertise", "127.0.0.1:1"], "with a scheduler"),
  ])
  func `says what is wrong with options that would not be kept`(_ options: [String], _ words: String) throws {
    let process = try OnlearnProcess.run(["ps", "--role", "server"] + options)
    #expect(process.status == 64 && process.errors.contains(words), "\(process.errors)")
  }

  @Test func `ends with a status of its own if another server has the folder`() async throws {
    let options = ["--listen", "127.0.0.1:0", "--data", "\(folder.path)/store"]
    let server = try start("first", options)
    _ = try await server.value(after: "listens at ")
    let second = try OnlearnProcess.run(["ps"] + options)
    #expect(second.status == 75, "\(second)")
    #expect(server.stop() == 0, "\(server.text)")
  }

  @Test func `shares a training in step, and serves what was learned after a restart`() async throws {
    let data = try folder.examples(640)
    var scheduler = try start(
      "scheduler", ["-r", "scheduler", "-s", "2", "-w", "2", "--consistency", "bsp", "--listen", "127.0.0.1:0"])
    let address = try await scheduler.value(after: "listens at ")
    let store = "ps:\(address)"
    func server(_ run: String, _ shard: Int, _ arguments: String...) async throws -> RunningServer {
      let server = try start(
        "\(run)-\(shard)", ["--scheduler", address, "--data", "\(folder.path)/\(shard)"] + arguments)
      _ = try await server.value(after: "server \(shard) of 2 listens at ")
      return server
    }
    var running: [RunningServer] = []
    for shard in 0..<2 { running.append(try await server("first", shard, "--shard", "\(shard)")) }
    let workers = try await withThrowingTaskGroup(of: OnlearnProcess.self) { group in
      // On threads of their own: a worker that waits for the other must not keep the one from starting it.
      for _ in 0..<2 { group.addTask { try await Soak.onThread { try Self.train(data, store, steps: 10) } } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for worker in workers { #expect(worker.status == 0, "\(worker.errors)") }
    let scores = try Self.score(data, store)
    #expect(scores.status == 0 && scores.output.contains("\"class\""), "\(scores.errors)")

    for server in running { #expect(server.stop() == 0, "\(server.text)") }
    for shard in 0..<2 {
      let verified = try OnlearnProcess.run(["ps", "verify", "\(folder.path)/\(shard)"])
      #expect(verified.status == 0 && verified.output.contains("stopped in order"), "\(verified)")
      let object = try OnlearnProcess.run(["ps", "verify", "\(folder.path)/\(shard)", "--json"]).output
      #expect(object.hasPrefix("{\"sound\": true, \"shard\": \(shard), \"shards\": 2, "), "\(object)")
    }
    // In another order, and found by a scheduler that knows nothing.
    #expect(scheduler.stop() == 0, "\(scheduler.text)")
    scheduler = try start("second", ["-r", "scheduler", "-s", "2", "-w", "2", "--listen", address])
    _ = try await scheduler.value(after: "listens at ")
    running = [try await server("second", 1), try await server("second", 0)]
    // A scheduler that is started again learns from the servers where they are.
    scheduler.signal(SIGKILL)
    scheduler = try start("again", ["-r", "scheduler", "-s", "2", "-w", "2", "--listen", address])
    #expect(try Self.score(data, store).output == scores.output)
    let stats = try OnlearnProcess.run(["ps", "stats", address])
    #expect(stats.status == 0 && stats.output.contains("model.mlp_small.version"), "\(stats)")
    for server in running + [scheduler] { #expect(server.stop() == 0, "\(server.text)") }
  }

  @Test func `has a rank for the next worker as soon as one has ended`() async throws {
    let data = try folder.examples(64)
    let scheduler = try start("scheduler", ["-r", "scheduler", "--listen", "127.0.0.1:0"])
    let address = try await scheduler.value(after: "listens at ")
    let server = try start("server", ["--scheduler", address, "--shard", "0"])
    _ = try await server.value(after: "listens at ")
    let worker = try Self.train(data, "ps:\(address)", steps: 2)
    #expect(worker.status == 0, "\(worker.errors)")
    let figures = try await Soak.onThread { try Cluster.statistics(of: Address(address)) }
    #expect(figures.first { $0.name == "workers_alive" }?.value == 0)
    for process in [server, scheduler] { #expect(process.stop() == 0, "\(process.text)") }
  }

  @Test func `loses nothing of a training when it is killed`() async throws {
    let data = try folder.examples(640)
    let arguments = ["--data", "\(folder.path)/killed", "--listen"]
    var server = try start("before", arguments + ["127.0.0.1:0"])
    let address = try await server.value(after: "listens at ")
    async let worker = Soak.onThread { try Self.train(data, "ps:\(address)", steps: 20_000) }
    for _ in 0..<3 {
      try await Task.sleep(for: .milliseconds(150))
      _ = server.stop(SIGKILL)
      server = try start("after", arguments + [address])
      _ = try await server.value(after: "listens at ")
    }
    let run = try await worker
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lastLine.contains("\"version\": 20000"), "\(run.lastLine)")
    #expect(server.stop() == 0, "\(server.text)")
  }
}
