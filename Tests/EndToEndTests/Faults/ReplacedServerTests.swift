import Foundation
import PS
import TestSupport
import Testing
import Transport

/// A server process in whose place there is another one, or the scheduler of which is gone.
@Suite struct `A parameter server that is replaced` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  @Test func `by one with another store is noticed by its workers, and nothing is trained there`() async throws {
    let server = KeptServer(in: folder)
    try await server.start()
    let workers = CountingWorkers(2, at: server.address)
    try await workers.work(10)
    server.stop(SIGKILL)
    let other = try RunningServer(
      ["ps", "--listen", "\(server.address)", "--data", "\(folder.path)/other"], log: "other.log", in: folder)
    _ = try await other.value(after: "listens at ")
    #expect(try await !workers.wait { $0.running == 0 && $0.problems.isEmpty })
    while workers.now.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(workers.now.problems.count == 2)
    #expect(workers.now.problems.allSatisfy { $0.contains("its data folder was replaced") })
    #expect(other.stop() == 0)
    let verified = try OnlearnProcess.run(["ps", "verify", "\(folder.path)/other"])
    #expect(verified.output.contains("record 0 is the last"), "\(verified)")
    try await server.start()
    #expect(server.stop() == 0)
  }

  @Test func `by one with another store is not let in by the scheduler`() async throws {
    let scheduler = try RunningServer(
      ["ps", "-r", "scheduler", "-s", "1", "--listen", "127.0.0.1:0"], log: "scheduler.log", in: folder)
    let address = try await scheduler.value(after: "listens at ")
    let first = try RunningServer(
      ["ps", "--scheduler", address, "--shard", "0", "--data", "\(folder.path)/a"], log: "a.log", in: folder)
    _ = try await first.value(after: "listens at ")
    #expect(first.stop(SIGKILL) == SIGKILL)
    let other = try RunningServer(
      ["ps", "--scheduler", address, "--shard", "0", "--data", "\(folder.path)/b"], log: "b.log", in: folder)
    try await Task.sleep(for: .milliseconds(500))
    #expect(other.isRunning && !other.text.contains("listens at "))
    other.signal(SIGKILL)
    let again = try RunningServer(
      ["ps", "--scheduler", address, "--data", "\(folder.path)/a"], log: "c.log", in: folder)
    _ = try await again.value(after: "listens at ")
    #expect(again.stop() == 0)
    #expect(scheduler.stop() == 0)
  }

  @Test func `does not need its scheduler while workers train`() async throws {
    let scheduler = try RunningServer(
      ["ps", "-r", "scheduler", "-s", "1", "--listen", "127.0.0.1:0"], log: "scheduler.log", in: folder)
    let address = try await scheduler.value(after: "listens at ")
    let server = try RunningServer(["ps", "--scheduler", address, "--shard", "0"], log: "server.log", in: folder)
    let place = try Address(await server.value(after: "listens at "))
    let workers = CountingWorkers(2, at: place)
    try await workers.work(50)
    #expect(scheduler.stop(SIGKILL) == SIGKILL)
    try await workers.work(500)
    try await workers.finish()
    #expect(server.stop() == 0)
  }
}
