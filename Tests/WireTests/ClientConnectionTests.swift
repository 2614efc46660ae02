import NIOCore
import Testing
import Wire

@Suite struct `A client's connection` {
  /// A client without a socket, and the server's answers as the test writes them.
  private struct Script {
    var machine: ClientConnection
    var now = Instant()
    var input = ByteBuffer()
    let hello: Hello

    init(key: SharedKey? = nil, limits: Limits = Limits(), receiveLimit: Int = 1 << 20) {
      hello = .test(.worker, key?.id ?? "", 0, receiveLimit)
      machine = ClientConnection(hello: hello, key: key, limits: limits, now: Instant())
    }

    mutating func receive(_ frame: Frame) throws(ConnectionError) -> [ClientConnection.Step] {
      input.writeBytes(frame.bytes)
      return try steps()
    }

    mutating func wait(_ time: Duration) throws(ConnectionError) -> [ClientConnection.Step] {
      now = now + time
      return try steps()
    }

    mutating func steps() throws(ConnectionError) -> [ClientConnection.Step] {
      var steps: [ClientConnection.Step] = []
      while let step = try machine.next(from: &input, now: now) { steps.append(step) }
      return steps
    }

    static func challenge(_ change: (inout Challenge) -> Void = { _ in }) -> Frame {
      var challenge = Challenge(
        storeID: ServerScript.identity.storeID, bootID: 7, nonce: [UInt8](repeating: 0x50, count: 32))
      change(&challenge)
      return Frame(.challenge, payload: challenge.payload)
    }

    static func authenticated(_ proof: [UInt8] = Authenticated.noProof) -> Frame {
      Frame(.authenticated, payload: Authenticated(proof: proof, lastAppliedSequence: 7, sessionNumber: 3).payload)
    }

    /// One that is ready, without a key.
    static func ready(limits: Limits = Limits()) throws -> Script {
      var script = Script(limits: limits)
      _ = try script.receive(challenge())
      _ = try script.receive(authenticated())
      return script
    }
  }

  private static func answer(_ requestID: UInt64, type: MessageType = .pull, byteCount: Int = 0) -> Frame {
    Frame(type, flags: .response, requestID: requestID, payload: .filled(byteCount))
  }

  @Test func `shakes hands with our own server, with a key and without`() throws {
    for keys in [[], [ServerScript.key]] {
      var client = Script(key: keys.first)
      var server = ServerScript(keys: keys)
      var answers = server.send(client.machine.greeting)
      var steps: [ClientConnection.Step] = []
      while !answers.isEmpty {
        let frames = answers.compactMap(\.sent)
        answers = []
        for frame in frames {
          for step in try client.receive(frame) {
            steps.append(step)
            if case .send(let frame) = step { answers += server.send(frame) }
          }
        }
      }
      guard case .ready(let challenge, let session) = try #require(steps.last) else { throw NotReady() }
      #expect(client.machine.isReady && challenge.isAuthenticated == !keys.isEmpty)
      #expect(session == SessionState(lastAppliedSequence: 7, number: 3))
    }
  }

  @Test func `with a key refuses a server that wants none, or cannot prove that it has it`() throws {
    #expect(throws: ConnectionError.authenticationMissing(keyID: "k1")) {
      var script = Script(key: ServerScript.key)
      _ = try script.receive(Script.challenge())
    }
    let challenge = Script.challenge { $0.isAuthenticated = true }
    let hello = Script(key: ServerScript.key).hello.payload
    let reflected = ServerScript.key.proof(of: .client, hello: hello, challenge: challenge.payload)
    let right = ServerScript.key.proof(of: .server, hello: hello, challenge: challenge.payload)
    for bit in 0..<256 {
      var wrong = right
      wrong[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: ConnectionError.serverNotAuthentic(keyID: "k1")) {
        var script = Script(key: ServerScript.key)
        _ = try script.receive(challenge)
        _ = try script.receive(Script.authenticated(wrong))
      }
    }
    for proof in [reflected, Authenticated.noProof] {
      #expect(throws: ConnectionError.serverNotAuthentic(keyID: "k1")) {
        var script = Script(key: ServerScript.key)
        _ = try script.receive(challenge)
        _ = try script.receive(Script.authenticated(proof))
      }
    }
    var script = Script(key: ServerScript.key)
    _ = try script.receive(challenge)
    #expect(try script.receive(Script.authenticated(right)).count == 1)
  }

  @Test func `without a key says that one is missing`() {
    #expect(throws: ConnectionError.keyMissing) {
      var script = Script()
      _ = try script.receive(Script.challenge { $0.isAuthenticated = true })
    }
  }

  @Test func `reports what the server says against it`() throws {
    let refusal = Refusal(.tooManyConnections, retryAfterMilliseconds: 100, detail: 1024, "there are too many")
    #expect(throws: ConnectionError.refused(refusal)) {
      var script = Script()
      _ = try script.receive(refusal.frame(answering: .goAway, requestID: 0))
    }
    #expect(ConnectionError.refused(refusal).isTransient)
    let fenced = Refusal(.fenced, "a newer connection has taken over")
    #expect(throws: ConnectionError.refused(fenced)) {
      var script = try Script.ready()
      _ = try script.receive(fenced.frame(answering: .goAway, requestID: 0))
    }
    #expect(!ConnectionError.refused(fenced).isTransient)
    #expect(throws: ConnectionError.refused(Refusal(.internal, closing: true, "a bug"))) {
      var script = try Script.ready()
      script.machine.send(Frame.pull(1).header)
      _ = try script.receive(Refusal(.internal, closing: true, "a bug").frame(answering: .pull, requestID: 1))
    }
  }

  @Test func `hands on answers and errors of requests, and the wish to leave`() throws {
    var script = try Script.ready()
    script.machine.send(Frame.pull(1).header)
    script.machine.send(Frame.pull(2).header)
    #expect(try script.receive(Self.answer(2, byteCount: 100)) == [.receive(Self.answer(2, byteCount: 100))])
    let busy = Refusal(.busy, "later").frame(answering: .pull, requestID: 1)
    #expect(try script.receive(busy) == [.receive(busy)])
    let goAway = GoAway(retryAfterMilliseconds: 10)
    #expect(try script.receive(Frame(.goAway, payload: goAway.payload)) == [.leave(goAway)])
  }

  @Test func `shows what has come of an answer, not of an error or an answer that nobody wants`() throws {
    var script = try Script.ready()
    func show(_ frame: Frame, bytes count: Int) throws -> (requestID: UInt64, payload: ByteBuffer)? {
      script.input.writeBytes(frame.bytes[..<count])
      #expect(try script.steps() == [])
      defer { script.input.writeBytes(frame.bytes[count...]) }
      return script.machine.arriving
    }
    #expect(script.machine.arriving == nil)
    for number in 1...3 as ClosedRange<UInt64> { script.machine.send(Frame.pull(number).header) }
    #expect(try show(Self.answer(1, byteCount: 100), bytes: 31) == nil)
    _ = try script.steps()
    let shown = try #require(try show(Self.answer(2, byteCount: 100), bytes: 32 + 60))
    #expect(shown.requestID == 2 && shown.payload == .filled(60))
    _ = try script.steps()
    #expect(script.machine.arriving == nil)
    let busy = Refusal(.busy, "later").frame(answering: .pull, requestID: 3)
    #expect(try show(busy, bytes: 40) == nil)
    _ = try script.steps()
    #expect(try show(Self.answer(2, byteCount: 100), bytes: 50) == nil)
  }

  private static let breaches: [(String, Frame)] = [
    ("answers nobody", answer(9)), ("answers with another type", answer(1, type: MessageType(rawValue: 0x13))),
    ("asks something", .pull(1)), ("shakes hands again", Script.challenge()),
    ("answers twice the handshake", Script.authenticated()),
    ("sends more than the client takes", answer(1, byteCount: 1 << 20 + 1)),
    ("wishes nothing", Frame(.goAway, payload: .filled(5))),
    ("sends an error that is none", Frame(.pull, flags: [.response, .error], requestID: 1, payload: .filled(3))),
  ]

  @Test(arguments: breaches.indices)
  func `ends when the server breaks the rules`(_ index: Int) throws {
    var script = try Script.ready()
    script.machine.send(Frame.pull(1).header)
    do throws(ConnectionError) {
      _ = try script.receive(Self.breaches[index].1)
      Issue.record("a server that \(Self.breaches[index].0)")
    } catch {
      guard case .breach = error else { throw error }
    }
  }

  @Test func `ends at damage, and at a handshake of another kind`() throws {
    var damaged = Script.challenge().bytes
    damaged[60] ^= 1
    var wrong = [
      damaged, Array("HTTP/1.1 400 Bad Request\r\n".utf8), Script.authenticated().bytes, Self.answer(1).bytes,
    ]
    wrong.append(Script.challenge { $0.version = 2 }.bytes)
    wrong.append(Script.challenge { $0.features = [.trailingChecksums] }.bytes)
    wrong.append(Script.challenge { $0.shards = 0 }.bytes)
    wrong.append(Script.challenge { $0.requestsInFlight = 0 }.bytes)
    for bytes in wrong {
      var script = Script()
      script.input.writeBytes(bytes)
      do throws(ConnectionError) {
        _ = try script.steps()
        Issue.record("\(bytes)")
      } catch {
        guard case .breach = error else { throw error }
      }
    }
  }

  @Test func `gives up a handshake that takes too long`() {
    var script = Script()
    #expect(throws: ConnectionError.handshakeTimeout(.seconds(2))) { _ = try script.wait(.seconds(2)) }
    #expect(ConnectionError.handshakeTimeout(.seconds(2)).isTransient)
  }

  @Test func `asks a quiet server whether it lives, and gives up one that does not answer`() throws {
    var script = try Script.ready()
    #expect(try script.wait(.milliseconds(14_999)) == [])
    guard case .send(let ping) = try #require(try script.wait(.milliseconds(1)).first) else { throw NotReady() }
    #expect(ping.header.type == .ping && ping.header.requestID > 1 << 63 && ping.payload.readableBytes == 8)
    #expect(try script.wait(.seconds(29)) == [])
    #expect(try script.receive(Self.answer(ping.header.requestID, type: .ping)) == [])
    #expect(try script.wait(.seconds(15)).count == 1)
    // Any sign of life will do, such as the first bytes of a long answer.
    script.input.writeBytes(Self.answer(1).bytes[..<10])
    #expect(try script.wait(.seconds(29)) == [])
    #expect(try script.wait(.seconds(15)).count == 1)
    #expect(throws: ConnectionError.silent(.seconds(45))) { _ = try script.wait(.seconds(30)) }
  }

  @Test func `asks as often as the server wishes`() throws {
    var script = Script()
    _ = try script.receive(Script.challenge { $0.keepaliveMilliseconds = 1000 })
    _ = try script.receive(Script.authenticated())
    #expect(try script.wait(.seconds(1)).count == 1)
  }

  struct NotReady: Error {}
}
