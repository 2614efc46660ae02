import Foundation
import Kernels
import TestSupport
import Testing

/// The reference system's demo in our commands: scheduler, parameter server, train server, and clients in terminals of
/// their own; then the same in one process.
@Suite struct `The whole system` {
  private let folder: CommandFolder
  private let data: String

  init() throws {
    folder = try CommandFolder()
    data = try folder.examples(320)
  }

  private func start(_ name: String, _ arguments: [String]) throws -> RunningServer {
    try RunningServer(arguments, log: "\(name).log", in: folder)
  }

  private static func train(_ address: String, _ data: String, steps: Int) throws -> OnlearnProcess {
    try OnlearnProcess.run([
      "train", "-m", "mlp_small", "--server", address, "--data", data, "--batch", "32", "--steps", "\(steps)", "--json",
    ])
  }

  /// Trains from two clients at once, and returns what each reported at the end.
  private func trainTwice(_ address: String, steps: Int) async throws -> [TrainingReport] {
    try await withThrowingTaskGroup(of: OnlearnProcess.self) { group in
      for _ in 0..<2 {
        group.addTask { [data] in try await Soak.onThread { try Self.train(address, data, steps: steps) } }
      }
      return try await group.reduce(into: []) { $0.append(try TrainingReport($1)) }
    }
  }

  /// The processes of the demo.
  private enum Role: String, CaseIterable {
    case scheduler, server, serve

    /// What stands before the address at which one listens.
    var mark: String { self == .serve ? "olp=" : "listens at " }
  }

  /// The demo: what runs, and where.
  private struct Demo {
    /// The folder of the models, and how they are served.
    var models: String
    var options: [String]
    var processes: [Role: RunningServer] = [:]
    var addresses: [Role: String] = [:]

    /// Stops all, clients of others first.
    func stop() {
      for role in Role.allCases.reversed() { #expect(processes[role]?.stop() == 0, "\(processes[role]?.text ?? "")") }
    }
  }

  /// Starts `role`, where it listened before if it did.
  private func start(_ role: Role, of demo: inout Demo, run: String) async throws {
    let listen = ["--listen", demo.addresses[role] ?? "127.0.0.1:0"]
    let scheduler = demo.addresses[.scheduler] ?? ""
    let arguments =
      switch role {
      case .scheduler: ["ps", "-r", "scheduler", "-s", "1", "-w", "2"]
      case .server: ["ps", "-r", "server", "--scheduler", scheduler, "--shard", "0", "--data", "\(folder.path)/data"]
      case .serve:
        ["serve", "--models", demo.models, "--store", "ps:\(scheduler)", "-n", "2", "--http", "none"] + demo.options
      }
    let process = try start("\(run)-\(role)", arguments + listen)
    demo.addresses[role] = try await process.value(after: role.mark)
    demo.processes[role] = process
  }

  private func startDemo(
    _ run: String, models: String = CommandFolder.fixture, _ options: [String] = []
  ) async throws -> Demo {
    var demo = Demo(models: models, options: options)
    for role in Role.allCases { try await start(role, of: &demo, run: run) }
    return demo
  }

  @Test func `trains from two clients at once, is stopped, and goes on where it stopped`() async throws {
    let first = try await startDemo("first")
    let before = try await trainTwice(first.addresses[.serve]!, steps: 40)
    #expect(before.map(\.version).max() == 80)
    first.stop()

    let second = try await startDemo("second")
    let after = try await trainTwice(second.addresses[.serve]!, steps: 40)
    #expect(after.map(\.version).max() == 160)
    #expect(after.map(\.loss).max()! < before.map(\.loss).min()!)
    second.stop()
  }

  @Test(.timeLimit(.minutes(20)))
  func `learns from every batch once, whichever of its processes is killed`() async throws {
    let kills = Soak.volume(6, soak: 60)
    var random = SplitMix64(seed: 6)
    let model = try CountingModel(in: folder)
    var demo = try await startDemo("first", models: model.folder, CountingModel.training)
    let client = try start("client", model.client(of: demo.addresses[.serve]!, "--connections", "2"))
    for kill in 0..<kills {
      let role = Role.allCases[kill % Role.allCases.count]
      try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
      _ = demo.processes[role]?.stop(SIGKILL)
      try await start(role, of: &demo, run: "again-\(kill)")
    }
    try await Task.sleep(for: .milliseconds(200))
    #expect(client.stop(SIGINT) == 0, "\(client.text)")
    let report = try TrainingReport(line: client.text.split(separator: "\n").last ?? "")
    try await model.expect(report.step, on: demo.addresses[.server]!)
    demo.stop()
    print("killed \(kills) times: \(report.step) batches, each applied once")
  }

  @Test func `runs in one process, too`() async throws {
    let arguments = [
      "up", "--servers", "2", "--models", CommandFolder.fixture, "--data", "\(folder.path)/kept/parameters",
      "--scheduler", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--http", "none",
    ]
    let first = try start("first", arguments)
    let before = try await trainTwice(try await first.value(after: "olp="), steps: 40)
    #expect(before.map(\.version).max() == 80)
    #expect(first.stop() == 0, "\(first.text)")

    let second = try start("second", arguments)
    let address = try await second.value(after: "olp=")
    #expect(try await trainTwice(address, steps: 40).map(\.version).max() == 160)
    let scores = try OnlearnProcess.run(["score", "-m", "mlp_small", "--server", address, "--data", data])
    #expect(scores.lastLine.hasPrefix("320 examples: accuracy"), "\(scores)")
    #expect(second.stop() == 0, "\(second.text)")
  }

  @Test(arguments: [
    (["--workers", "0"], "--workers must be"), (["--http", "foo"], "--http takes"), (["--listen", "bad"], "--listen:"),
    (["--models", "nowhere"], "no such folder"),
  ])
  func `refuses options that cannot be, before it starts anything`(_ options: [String], _ problem: String) throws {
    let process = try OnlearnProcess.run(
      ["up", "--models", CommandFolder.fixture, "--scheduler", "127.0.0.1:0"] + options)
    #expect([64, 66].contains(process.status) && process.errors.contains(problem), "\(process.errors)")
    #expect(process.output.isEmpty)
  }

  @Test func `gives models no more memory than it was told, in one process, and goes on`() async throws {
    let system = try start(
      "small",
      [
        "up", "--models", "Models", "--max-memory", "1", "--scheduler", "127.0.0.1:0", "--listen", "127.0.0.1:0",
        "--http", "none",
      ])
    let address = try await system.value(after: "olp=")
    func train(_ model: String, _ data: String) throws -> OnlearnProcess {
      try OnlearnProcess.run([
        "train", "-m", model, "--server", address, "--data", data, "--batch", "32", "--steps", "5", "--json",
      ])
    }
    // The dense tensors of mlp take one and a half MiB, the few rows of lr that are touched some hundred bytes.
    let refused = try train("mlp", data)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("need 2 MiB of a server that has 1 MiB left for models"), "\(refused.errors)")
    #expect(refused.errors.contains("--max-memory"), "\(refused.errors)")
    #expect(try TrainingReport(train("lr", "synthetic:ctr")).version == 5)
    #expect(system.stop() == 0, "\(system.text)")
  }
}
