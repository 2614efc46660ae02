import NIOCore
import Testing
import Wire

@Suite struct `A server's handshake` {
  private typealias Step = ServerConnection.Step

  private static let pull = Frame.pull(1)
  private static let emptyProof = Frame(.authenticate, payload: ByteBuffer(bytes: Authenticated.noProof))

  @Test func `without keys lets everybody in and says where the session stands`() throws {
    var script = ServerScript()
    let challengeFrame = try #require(script.send(.hello(client: 9)).first?.sent)
    let challenge = try Challenge(reading: challengeFrame.payload)
    #expect(challengeFrame.header.type == .challenge)
    #expect(!challenge.isAuthenticated && challenge.storeID == ServerScript.identity.storeID && challenge.bootID == 7)
    #expect(challenge.requestsInFlight == 32 && challenge.payloadLimit == 64 << 20)
    let steps = script.send(Self.emptyProof)
    guard case .welcome(let client) = try #require(steps.first) else { throw Unexpected(steps) }
    #expect(client.id.bytes == [UInt8](repeating: 9, count: 16) && client.role == .worker && client.keyID == "")
    let answer = try Authenticated(reading: try #require(steps.last?.sent).payload)
    #expect(answer == Authenticated(proof: Authenticated.noProof, lastAppliedSequence: 7, sessionNumber: 3))
    #expect(script.send(Self.pull).compactMap(\.request) == [1])
  }

  @Test(arguments: [(Role.reader, Role.reader), (.worker, .worker), (.admin, .worker), (.server, .worker)])
  func `grants what the client asks for, at most what its key allows`(_ asked: Role, _ granted: Role) throws {
    var script = ServerScript(keys: [ServerScript.key])
    let hello = Frame.hello(role: asked, key: "k1")
    let challenge = try #require(script.send(hello).first?.sent)
    let proof = ServerScript.key.proof(of: .client, hello: hello.payload, challenge: challenge.payload)
    let steps = script.send(Frame(.authenticate, payload: ByteBuffer(bytes: proof)))
    guard case .welcome(let client) = try #require(steps.first) else { throw Unexpected(steps) }
    #expect(client.role == granted && client.keyID == "k1")
    let answer = try Authenticated(reading: try #require(steps.last?.sent).payload)
    #expect(
      ServerScript.key.accepts(answer.proof, of: .server, hello: hello.payload, challenge: challenge.payload))
  }

  @Test func `agrees on the features that both know`() throws {
    var script = ServerScript()
    let frame = try #require(script.send(.hello(features: Features(rawValue: 0b101))).first?.sent)
    #expect(try Challenge(reading: frame.payload).features == .trailingChecksums)
  }

  @Test func `refuses versions that it does not speak, and says which it does`() throws {
    for versions: ClosedRange<UInt8> in [0...0, 2...2, 2...255] {
      var script = ServerScript()
      let refusal = try #require(script.send(.hello(versions: versions)).first?.ending)
      #expect(refusal.code == .unsupportedVersion && refusal.detail == 0x0101)
    }
    var script = ServerScript()
    #expect(script.send(.hello(versions: 0...255)).first?.sent?.header.type == .challenge)
  }

  @Test func `takes nothing but its next word, and each once`() {
    let hello = Frame.hello()
    for frame in [Self.pull, Self.emptyProof, Frame(.ping, requestID: 1), Frame(.challenge), Frame(.goAway)] {
      var script = ServerScript()
      #expect(script.send(frame).map(\.ending?.code) == [.authenticationRequired], "\(frame.header)")
    }
    for frame in [Self.pull, hello, Frame(.ping, requestID: 1), Frame(.authenticated)] {
      var script = ServerScript()
      _ = script.send(hello)
      #expect(script.send(frame).map(\.ending?.code) == [.authenticationRequired], "\(frame.header)")
    }
    for frame in [hello, Self.emptyProof] {
      var script = ServerScript.ready()
      #expect(script.send(frame).map(\.ending?.code) == [.authenticationRequired], "\(frame.header)")
    }
  }

  @Test func `refuses words of another size, and of things that cannot be`() {
    let hello = Frame.hello().payload
    var wrong = (0..<88).filter { $0 != 0 }.map { hello.getSlice(at: 0, length: $0)! }
    wrong.append(ByteBuffer(bytes: Array(hello.readableBytesView) + [0]))
    for (place, value) in [(0, 2), (2, 4), (3, 1), (4, 0), (7, 0), (64, 0xFF), (65, 1), (87, 0xFF)] as [(Int, UInt8)] {
      var changed = hello
      changed.setInteger(value, at: place)
      if place == 7 { changed.setInteger(UInt32(0), at: 4) }
      if place == 4 { changed.setInteger(UInt32(1023), at: 4, endianness: .little) }
      wrong.append(changed)
    }
    for payload in wrong {
      var script = ServerScript()
      let refusal = script.send(Frame(.hello, payload: payload)).first?.ending
      #expect(refusal?.code == .malformed && refusal?.closesConnection == true, "\(payload.readableBytes) bytes")
    }
    for count in [0, 31, 33] {
      var script = ServerScript()
      _ = script.send(.hello())
      let refusal = script.send(Frame(.authenticate, payload: .filled(count))).first?.ending
      #expect(refusal?.code == .malformed && refusal?.closesConnection == true)
    }
    var script = ServerScript()
    _ = script.send(.hello())
    #expect(script.send(Frame(.authenticate, payload: .filled(32))).first?.ending?.code == .malformed)
  }

  @Test func `accepts payloads of 1,024 bytes at most until it is done`() {
    for length: UInt8 in [1, 0xFF] {
      var script = ServerScript()
      let bytes = Frame.hello().changed {
        $0[8] = length; $0[9] = 4
      }
      #expect(script.send(Array(bytes[..<32])).first?.ending?.code == .frameTooLarge)
    }
    var script = ServerScript.ready()
    #expect(script.send(.pull(1, byteCount: 1025)).compactMap(\.request) == [1])
  }

  @Test func `has two seconds, whatever comes`() {
    var silent = ServerScript()
    #expect(silent.wait(.milliseconds(1999)) == [])
    #expect(silent.wait(.milliseconds(1)).map(\.ending?.code) == [.handshakeTimeout])
    #expect(silent.wait(.milliseconds(999)) == [])
    #expect(silent.wait(.milliseconds(1)) == [.close])

    var slow = ServerScript()
    for byte in Frame.hello().bytes.prefix(19) {
      #expect(slow.send([byte]) == [])
      #expect(slow.wait(.milliseconds(100)) == [])
    }
    #expect(slow.wait(.milliseconds(100)).map(\.ending?.code) == [.handshakeTimeout])

    var half = ServerScript()
    _ = half.wait(.milliseconds(1500))
    _ = half.send(.hello())
    #expect(half.wait(.milliseconds(500)).map(\.ending?.code) == [.handshakeTimeout])
  }

  @Test func `ends with what the service has against the client`() {
    var script = ServerScript()
    script.refusal = Refusal(.busy, "too many sessions")
    _ = script.send(.hello())
    let steps = script.send(Self.emptyProof)
    #expect(steps.last?.ending?.code == .busy)
    #expect(steps.last?.ending?.closesConnection == true)
    #expect(script.send(Self.pull) == [])
  }

  struct Unexpected: Error {
    var steps: [ServerConnection.Step]
    init(_ steps: [ServerConnection.Step]) { self.steps = steps }
  }
}
