import Foundation
import TestSupport
import Testing

/// A server process on a disk of 8 MiB, while workers count; see ``CountingWorkers``.
@Suite(.enabled(if: SmallDisk.isPossible, "\(SmallDisk.reason)")) struct `A parameter server on a full disk` {
  @Test(.timeLimit(.minutes(30)))
  func `reads only until there is room, and loses nothing`() async throws {
    let cycles = Soak.volume(2, soak: 50)
    let folder = try CommandFolder()
    let disk = try await SmallDisk(in: folder)
    let server = KeptServer(["--log-segment", "1"], data: "\(disk.path)/store", in: folder)
    try await server.start()
    // Before the log can take what another file is to give back.
    try disk.shrink()
    // So slowly that there is time for a snapshot before the log has filled the disk again.
    let workers = CountingWorkers(4, at: server.address, pause: 0.001)
    var longest = Duration.zero
    for cycle in 1...cycles {
      // The log takes what is left.
      while try await server.figure("log.is_full") != 1 { try await Task.sleep(for: .milliseconds(20)) }
      #expect(try await server.figure("refused.504") ?? 0 > 0)
      try disk.fill()
      // It reads, also when it is started so, and a snapshot that finds no room does no harm.
      try await workers.check(since: workers.now)
      try await server.dieAndReturn(checking: workers)
      #expect(try await server.figure("log.is_full") == 1, "\(server.running.text)")
      await #expect(throws: (any Error).self) {
        try await KeptServer.snapshot(at: server.address, patience: .milliseconds(500))
      }
      #expect(server.running.isRunning)
      try disk.free()
      let (start, before) = (ContinuousClock.now, workers.now.total)
      // Each worker has a push that waits.
      #expect(try await workers.wait { $0.total > before + 4 })
      longest = max(longest, ContinuousClock.now - start)
      // Two snapshots, and the log before them is gone.
      for _ in 0..<2 { try await KeptServer.snapshot(at: server.address) }
      if cycle < cycles { try disk.shrink() }
      try await server.dieAndReturn(checking: workers)
    }
    try await workers.finish()
    #expect(server.stop() == 0)
    print(
      "filled \(cycles) times: written to again \(longest) after there was room at the latest, \(workers.now.total) pushes, "
        + "each applied once")
  }
}
