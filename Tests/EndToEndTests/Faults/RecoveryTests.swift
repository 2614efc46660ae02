import Foundation
import PS
import TestSupport
import Testing

/// How long a server takes that was killed, with 256 MiB of log and a state that is larger, so that no snapshot cuts the
/// log short; `make soak` measures it.
@Suite(.enabled(if: Soak.isOn)) struct `A parameter server with much to recover` {
  @Test func `is back in two seconds`() async throws {
    let folder = try CommandFolder()
    let server = KeptServer(in: folder)
    try await server.start()
    // 512 bytes a row, and 8 for its key.
    let ballast = Ballast(rows: 560_000)
    try await ballast.push(137, to: server.address)
    let snapshot = try await KeptServer.snapshot(at: server.address)
    try await ballast.push(250, to: server.address)
    let logged = try await server.figure("log.bytes_since_snapshot") ?? 0
    let state = try await server.figure("state.bytes") ?? 0
    #expect(logged >= Double(256 << 20))
    server.stop(SIGKILL)
    let start = ContinuousClock.now
    try await server.start()
    let duration = ContinuousClock.now - start
    print(
      "\(Int(state)) bytes of state, \(snapshot.byteCount) of snapshot, \(Int(logged)) of log: listens after \(duration)"
    )
    #expect(duration < .seconds(2))
    #expect(server.stop() == 0)
  }
}
