import NIOCore
import NIOPosix
import TestSupport
import Testing
import Transport
import Wire

@Suite struct `A client's socket` {
  /// Connects to one of `candidates`, whose server has `patience` to answer.
  ///
  /// - Returns: Whether a server answered, and where the next attempt begins.
  private static func attempt(
    _ candidates: [SocketAddress], startingAt place: Int, _ patience: Duration
  ) async throws -> (isReady: Bool, next: Int) {
    try await Soak.onThread { () throws -> (isReady: Bool, next: Int) in
      var limits = Limits()
      limits.handshakeTime = patience
      let socket = try ClientSocket(
        to: .tcp(host: "several", port: 1), among: candidates, hello: Hello(.random()), limits: limits,
        startingAt: place)
      while true {
        ClientSocket.wait(for: [socket], until: socket.deadline)
        do throws(ConnectionError) {
          while let step = try socket.next(now: .now()) {
            if case .ready = step { return (true, socket.nextPlace) }
          }
        } catch {
          return (false, socket.nextPlace)
        }
      }
    }
  }

  @Test func `tries another address of the host after one that said nothing, and begins with the one that answered`()
    async throws
  {
    let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    try await Listener.run { listener in
      guard case .tcp(let host, let port) = listener.address else { return }
      let candidates = [
        try #require(silent.localAddress), try SocketAddress(ipAddress: "127.0.0.1", port: 1),
        try SocketAddress(ipAddress: host, port: port), try #require(silent.localAddress),
      ]
      // The second one is tried at once, as nobody listens there.
      for (place, isReady, next) in [(0, false, 1), (1, true, 2), (2, true, 2), (3, false, 4), (4, false, 1)] {
        // Who is to answer may take its time on a busy machine.
        let patience = isReady ? Duration.seconds(60) : .milliseconds(100)
        let result = try await Self.attempt(candidates, startingAt: place, patience)
        #expect(result.isReady == isReady && result.next == next, "from \(place): \(result)")
      }
    }
    try await silent.close()
  }
}
