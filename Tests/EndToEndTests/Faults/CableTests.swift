import Foundation
import TestSupport
import Testing

/// A worker and a parameter server on two machines, between which the cable is pulled: unlike a proxy that swallows what
/// it gets, this leaves it to TCP when it sends again what was not acknowledged.
@Suite(.enabled(if: TwoMachines.isPossible, "\(TwoMachines.reason)")) struct `A parameter server on another machine` {
  private static let address = "\(TwoMachines.address):7071"
  private static let breaks = Soak.isOn ? [1, 2, 5, 10, 30, 60] : [1, 3]

  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  @Test(.timeLimit(.minutes(20))) func `is found again when its cable was pulled, and loses nothing`() async throws {
    let machines = try await TwoMachines(in: folder)
    let model = try CountingModel(in: folder)
    let key = "\(folder.path)/key"
    try "operator admin \(String(repeating: "5a", count: 32))\n".write(toFile: key, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    let server = try RunningServer(
      ["ps", "--listen", Self.address, "--key-file", key, "--data", "\(folder.path)/store"],
      under: machines.command(onSecond: true), log: "server.log", in: folder)
    _ = try await server.value(after: "listens at ")
    let worker = try RunningServer(
      model.worker(of: Self.address, ["--key-file", key, "--timeout", "300"]), under: machines.command(onSecond: false),
      log: "worker.log", in: folder)
    var times: [String] = []
    for seconds in Self.breaks {
      _ = try await go(on: server, machines, key)
      try machines.plug(false)
      try await Task.sleep(for: .seconds(seconds))
      try machines.plug(true)
      times.append("\(seconds) s: \(try await go(on: server, machines, key))")
    }
    #expect(worker.stop(SIGINT) == 0, "\(worker.text)")
    #expect(server.stop() == 0, "\(server.text)")
    print("steps went on after the cable was out for \(times.joined(separator: ", "))")
    // Everything counted once: as a server on this machine says that has the same folder.
    let report = try TrainingReport(line: worker.text.split(separator: "\n").last ?? "")
    let again = try RunningServer(
      ["ps", "--listen", "127.0.0.1:0", "--data", "\(folder.path)/store"], log: "again.log", in: folder)
    try await model.expect(report.step, on: try await again.value(after: "listens at "))
    #expect(again.stop() == 0)
  }

  /// Waits until the worker has made some more steps.
  ///
  /// - Returns: How long that took.
  private func go(on server: RunningServer, _ machines: TwoMachines, _ key: String) async throws -> Duration {
    let start = ContinuousClock.now
    let first = try steps(of: machines, key)
    while try steps(of: machines, key) < first + 20 {
      try #require(server.isRunning && ContinuousClock.now - start < .seconds(120), "\(server.text)")
      try await Task.sleep(for: .milliseconds(20))
    }
    return ContinuousClock.now - start
  }

  /// The steps that the server counts.
  private func steps(of machines: TwoMachines, _ key: String) throws -> Int {
    let asking = try RunningServer(
      ["ps", "stats", Self.address, "--key-file", key], under: machines.command(onSecond: true), log: "stats.log",
      in: folder)
    #expect(asking.end() == 0, "\(asking.text)")
    let line = asking.text.split(separator: "\n").first { $0.contains("push_pull.requests") }
    return line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
  }
}
