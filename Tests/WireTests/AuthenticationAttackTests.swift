import Foundation
import NIOCore
import Testing
import Wire

/// What somebody without the key may try; the server has the keys `k1` and `k2`.
@Suite struct `Without the key nobody gets in` {
  private static let key = ServerScript.key
  private static let other = SharedKey(id: "k2", role: .admin, secret: [UInt8](repeating: 0x0C, count: 40))

  private static func server(nonce: UInt8 = 0x50) -> ServerScript { ServerScript(keys: [key, other], nonce: nonce) }

  private static func authenticate(_ proof: [UInt8]) -> Frame {
    Frame(.authenticate, payload: ByteBuffer(bytes: proof))
  }

  /// Starts a handshake, and proves what `proof` makes of hello and challenge.
  ///
  /// - Returns: The error with which the connection ends, and whether the client was ever let in.
  private static func attempt(
    _ hello: Frame = .hello(key: "k1"), _ script: ServerScript = server(),
    proof: (_ hello: ByteBuffer, _ challenge: ByteBuffer) -> [UInt8]
  ) throws -> (code: ErrorCode?, isIn: Bool) {
    var script = script
    let challenge = try #require(script.send(hello).first?.sent)
    var steps = script.send(authenticate(proof(hello.payload, challenge.payload)))
    steps += script.wait(.milliseconds(500))
    let isIn = steps.contains { if case .welcome = $0 { true } else { false } }
    #expect(script.load.delayedAnswers == 0)
    return (steps.last?.ending?.code, isIn)
  }

  private func expectRefused(
    _ result: (code: ErrorCode?, isIn: Bool), _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.code == .authenticationFailed, sourceLocation: location)
    #expect(!result.isIn, sourceLocation: location)
  }

  @Test func `and with it everybody does`() throws {
    let result = try Self.attempt { Self.key.proof(of: .client, hello: $0, challenge: $1) }
    #expect(result.code == nil && result.isIn)
    let second = try Self.attempt(.hello(key: "k2")) { Self.other.proof(of: .client, hello: $0, challenge: $1) }
    #expect(second.code == nil && second.isIn)
  }

  @Test func `by leaving the proof out, or asking before it`() {
    var script = Self.server()
    #expect(script.send(.pull(1)).first?.ending?.code == .authenticationRequired)
    script = Self.server()
    _ = script.send(.hello(key: "k1"))
    #expect(script.send(.pull(1)).first?.ending?.code == .authenticationRequired)
    // What follows in the same breath is not looked at.
    script = Self.server()
    let bytes = Frame.hello(key: "k1").bytes + Self.authenticate(Authenticated.noProof).bytes + Frame.pull(1).bytes
    let steps = script.send(bytes)
    #expect(steps.compactMap(\.request) == [])
    #expect(script.wait(.milliseconds(500)).last?.ending?.code == .authenticationFailed)
  }

  @Test func `by an empty, cut, padded or zero proof`() throws {
    for count in [0, 1, 31, 33, 64] {
      var script = Self.server()
      _ = script.send(.hello(key: "k1"))
      #expect(script.send(Self.authenticate(.init(repeating: 0, count: count))).first?.ending?.code == .malformed)
    }
    expectRefused(try Self.attempt { _, _ in Authenticated.noProof })
  }

  @Test func `by a proof with any one of its 256 bits flipped`() throws {
    for bit in 0..<256 {
      expectRefused(
        try Self.attempt { hello, challenge in
          var proof = Self.key.proof(of: .client, hello: hello, challenge: challenge)
          proof[bit / 8] ^= 1 << (bit % 8)
          return proof
        })
    }
  }

  @Test func `by sending the server's own proof, or its nonce, back`() throws {
    expectRefused(try Self.attempt { Self.key.proof(of: .server, hello: $0, challenge: $1) })
    expectRefused(try Self.attempt { $1.getBytes(at: 32, length: 32)! })
  }

  @Test func `by a proof of another connection`() throws {
    var recorded: [UInt8] = []
    _ = try Self.attempt(proof: { hello, challenge in
      recorded = Self.key.proof(of: .client, hello: hello, challenge: challenge)
      return recorded
    })
    expectRefused(try Self.attempt(.hello(key: "k1"), Self.server(nonce: 0x51)) { _, _ in recorded })
    // With the same nonce of the server a client that took another one proves something else.
    var hello = Frame.hello(key: "k1").payload
    hello.setInteger(UInt8(0), at: 32)
    expectRefused(try Self.attempt(Frame(.hello, payload: hello)) { _, _ in recorded })
  }

  @Test(arguments: ["k2", "k3", "", "K1", "k1x", "0123456789abcdef"])
  func `by the name of another key, or of none`(_ name: String) throws {
    expectRefused(try Self.attempt(.hello(key: name)) { Self.key.proof(of: .client, hello: $0, challenge: $1) })
  }

  @Test func `by a name of a key that does not end where it should`() {
    var payload = Frame.hello(key: "k1").payload
    payload.setInteger(UInt8(ascii: "x"), at: 79)
    var script = Self.server()
    #expect(script.send(Frame(.hello, payload: payload)).first?.ending?.code == .malformed)
  }

  /// Somebody in between changes a word of the handshake, and passes on the proof of what was meant.
  @Test(arguments: [
    (0, "the lowest version"), (2, "the role"), (4, "the receive limit"), (8, "the features"), (16, "the client"),
    (80, "the build"),
  ])
  func `by changing what a client with the key says`(_ place: Int, _ what: String) throws {
    let honest = Frame.hello(role: .reader, key: "k1").payload
    var changed = honest
    changed.setInteger(honest.getInteger(at: place, as: UInt8.self)! ^ 1, at: place)
    expectRefused(
      try Self.attempt(Frame(.hello, payload: changed)) { _, challenge in
        Self.key.proof(of: .client, hello: honest, challenge: challenge)
      })
  }

  @Test func `by changing what the server says`() throws {
    for place in [1, 2, 4, 8, 16, 32, 64, 72, 76, 78, 80] {
      expectRefused(
        try Self.attempt { hello, challenge in
          var changed = challenge
          changed.setInteger(challenge.getInteger(at: place, as: UInt8.self)! ^ 2, at: place)
          return Self.key.proof(of: .client, hello: hello, challenge: changed)
        })
    }
  }

  @Test func `by asking for more than the key allows`() throws {
    var script = Self.server()
    let hello = Frame.hello(role: .admin, key: "k1")
    let challenge = try #require(script.send(hello).first?.sent)
    let proof = Self.key.proof(of: .client, hello: hello.payload, challenge: challenge.payload)
    guard case .welcome(let client) = try #require(script.send(Self.authenticate(proof)).first) else {
      throw HandshakeNotDone()
    }
    #expect(client.role == .worker)
  }

  @Test func `by trying often: each failure waits, and more than 64 at a time hear nothing`() throws {
    var load = ServerLoad()
    var scripts: [ServerScript] = []
    for attempt in 0..<70 {
      var script = Self.server(nonce: UInt8(attempt))
      script.load = load
      _ = script.send(.hello(key: "k1"))
      let steps = script.send(Self.authenticate(Authenticated.noProof))
      load = script.load
      if attempt < 64 {
        #expect(steps == [])
        #expect(!script.machine.isReading)
        scripts.append(script)
      } else {
        #expect(steps == [.close])
      }
    }
    #expect(load.delayedAnswers == 64)
    // A right proof is never refused.
    var honest = Self.server()
    honest.load = load
    let hello = Frame.hello(key: "k1")
    let challenge = try #require(honest.send(hello).first?.sent)
    let proof = Self.key.proof(of: .client, hello: hello.payload, challenge: challenge.payload)
    #expect(honest.send(Self.authenticate(proof)).count == 2)
    // Half of them wait for their answers, the others leave before.
    for index in scripts.indices {
      scripts[index].load = load
      if index.isMultiple(of: 2) {
        #expect(scripts[index].wait(.milliseconds(499)) == [])
        #expect(scripts[index].wait(.milliseconds(1)).map(\.ending?.code) == [.authenticationFailed])
      } else {
        scripts[index].machine.closed(load: &load)
        continue
      }
      load = scripts[index].load
    }
    #expect(load.delayedAnswers == 0)
  }

  struct HandshakeNotDone: Error {}

  /// An unknown key takes as long as a wrong proof of a known one: `make soak` measures both.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["SOAK"] != nil))
  func `by listening to how long an answer takes`() throws {
    let clock = ContinuousClock()
    var times: [[Double]] = [[], []]
    for round in 0..<20_000 {
      let name = round.isMultiple(of: 2) ? "k1" : "k9"
      var script = Self.server()
      _ = script.send(.hello(key: name))
      let proof = Self.authenticate(Authenticated.noProof)
      let time = clock.measure { _ = script.send(proof) }
      times[round % 2].append(Double(time.nanoseconds))
    }
    let medians = times.map { $0.sorted()[$0.count / 2] }
    print("a wrong proof of a known key takes \(medians[0]) ns, of an unknown one \(medians[1]) ns (medians of 10,000)")
    #expect(abs(medians[0] - medians[1]) < 0.05 * medians[0])
  }
}
