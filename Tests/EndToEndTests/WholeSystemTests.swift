import Foundation
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
  private func trainTwice(_ address: String, steps: Int) async throws -> [Report] {
    try await withThrowingTaskGroup(of: OnlearnProcess.self) { group in
      for _ in 0..<2 { group.addTask { [data] in try Self.train(address, data, steps: steps) } }
      return try await group.reduce(into: []) { $0.append(try Report($1)) }
    }
  }

  /// The last line of a training.
  private struct Report: Decodable {
    var version: UInt64
    var loss: Double

    init(_ process: OnlearnProcess) throws {
      #expect(process.status == 0, "\(process.errors)")
      self = try JSONDecoder().decode(Report.self, from: Data(process.lastLine.utf8))
    }
  }

  /// The servers of the demo, each a process.
  private func startDemo(
    _ run: String, scheduler: String = "127.0.0.1:0", listen: String = "127.0.0.1:0"
  ) async throws -> (processes: [RunningServer], address: String) {
    let first = try start(
      "\(run)-scheduler", ["ps", "-r", "scheduler", "-s", "1", "-w", "2", "--listen", scheduler])
    let scheduler = try await first.value(after: "listens at ")
    let second = try start(
      "\(run)-server", ["ps", "-r", "server", "--scheduler", scheduler, "--data", "\(folder.path)/data"])
    let third = try start(
      "\(run)-serve",
      [
        "serve", "--models", CommandFolder.fixture, "--store", "ps:\(scheduler)", "-n", "2", "--listen", listen,
        "--http",
        "none",
      ])
    return ([third, second, first], try await third.value(after: "olp="))
  }

  @Test func `trains from two clients at once, is stopped, and goes on where it stopped`() async throws {
    let first = try await startDemo("first")
    let before = try await trainTwice(first.address, steps: 40)
    #expect(before.map(\.version).max() == 80)
    for process in first.processes { #expect(process.stop() == 0, "\(process.text)") }

    let second = try await startDemo("second")
    let after = try await trainTwice(second.address, steps: 40)
    #expect(after.map(\.version).max() == 160)
    #expect(after.map(\.loss).max()! < before.map(\.loss).min()!)
    for process in second.processes { #expect(process.stop() == 0, "\(process.text)") }
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
}
