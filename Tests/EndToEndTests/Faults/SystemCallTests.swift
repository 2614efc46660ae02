import Foundation
import TestSupport
import Testing

/// A server process whose system calls fail, or are the last it makes, while workers count; see ``CountingWorkers``.
@Suite(.serialized, .enabled(if: SystemCallFault.isPossible, "\(SystemCallFault.reason)"))
struct `A parameter server on a disk that fails` {
  private let folder: CommandFolder
  private let server: KeptServer

  init() throws {
    folder = try CommandFolder()
    server = KeptServer(["--log-segment", "1", "--durability", "always"], in: folder)
  }

  /// Which calls of a kind are the last.
  private static let numbers = Soak.isOn ? Array(1...200) : [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]

  @Test(.timeLimit(.minutes(90)), arguments: ["fdatasync", "pwritev", "renameat", "fsync"])
  func `loses, repeats and invents nothing when it is killed in the middle of a call`(_ call: String) async throws {
    try await server.start()
    let workers = CountingWorkers(4, at: server.address)
    var unreached = 0
    for number in Self.numbers {
      try await workers.work(1)
      server.stop(SIGKILL)
      try server.launch(under: SystemCallFault.command(call, "signal=SIGKILL", at: number))
      let snapshots = Task { [address = server.address] in
        while !Task.isCancelled { _ = try? await KeptServer.snapshot(at: address, patience: .milliseconds(20)) }
      }
      let end = try await server.running.end(within: .seconds(10))
      snapshots.cancel()
      await snapshots.value
      if end == nil {
        unreached += 1
        server.stop(SIGKILL)
      } else {
        #expect(end == 128 + SIGKILL, "\(server.running.text)")
      }
      let acknowledged = workers.now
      try await server.start()
      try await workers.check(since: acknowledged)
    }
    try await workers.finish()
    #expect(server.stop() == 0)
    #expect(unreached < Self.numbers.count / 2)
    print(
      "killed in \(Self.numbers.count) calls of \(call) up to number \(Self.numbers.last!), \(unreached) not reached: "
        + "\(workers.now.total) pushes, each applied once"
    )
  }

  @Test(.timeLimit(.minutes(30)))
  func `ends with status 74 when a sync fails, and has acknowledged nothing that was not synced`() async throws {
    let numbers = 1...Soak.volume(5, soak: 50)
    try await server.start()
    let workers = CountingWorkers(4, at: server.address)
    for number in numbers {
      try await workers.work(1)
      server.stop(SIGKILL)
      try server.launch(under: SystemCallFault.command("fdatasync", "error=EIO", at: number))
      #expect(try await server.running.end(within: .seconds(20)) == 74, "\(number): \(server.running.text)")
      #expect(server.running.text.contains("cannot be synced to the disk"))
      let acknowledged = workers.now
      try await server.start()
      try await workers.check(since: acknowledged)
    }
    try await workers.finish()
    #expect(server.stop() == 0)
    print("sync number \(numbers) failed: \(workers.now.total) pushes, each applied once")
  }
}
