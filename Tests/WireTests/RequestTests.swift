import NIOCore
import Testing
import Wire

/// The rows of the protocol's table of bad inputs that concern connections which are ready.
@Suite struct `A server's ready connection` {
  private static let ping = Frame(.ping, requestID: 5, payload: ByteBuffer(bytes: 1...8))

  /// The error with which a connection ends that got `bytes`.
  private static func ending(_ bytes: [UInt8]) -> Refusal? {
    var script = ServerScript.ready()
    let steps = script.send(bytes)
    #expect(steps.count == 1)
    #expect(script.send(.pull(77)) == [], "nothing is taken after the end")
    return steps.first?.ending
  }

  @Test func `hands requests on in order, and sends answers in any`() throws {
    var script = ServerScript.ready()
    #expect(script.send(Frame.pull(1).bytes + Frame.pull(2).bytes).compactMap(\.request) == [1, 2])
    #expect(script.reply(2)?.header.requestID == 2)
    #expect(script.reply(1)?.header.requestID == 1)
    #expect(script.send(.pull(1)).compactMap(\.request) == [1])
  }

  @Test func `answers a ping by itself, with what it was sent`() {
    var script = ServerScript.ready()
    let answer = script.send(Self.ping).first?.sent
    #expect(answer == Frame(.ping, flags: .response, requestID: 5, payload: Self.ping.payload))
    let refusal = script.send(Frame(.ping, requestID: 6, payload: .filled(7))).first?.sent?.refusal
    #expect(refusal?.code == .malformed && refusal?.closesConnection == false)
    #expect(script.send(Self.ping).count == 1)
    #expect(script.load.requestBytes == 0)
  }

  @Test func `wants to be woken for much of a long request that comes fast, for every byte of anything else`() throws {
    /// What it wants after each piece of a request of a megabyte: as much as there is room for, or `slow` bytes.
    func marks(slow: Int? = nil, limits: Limits = Limits()) throws -> [Int] {
      var script = ServerScript.ready(limits: limits)
      var bytes = Frame.pull(1, byteCount: 1 << 20).bytes[...]
      #expect(script.send(Array(bytes.prefix(4096))).isEmpty && script.machine.wakingBytes == 1)
      bytes = bytes.dropFirst(4096)
      var marks: [Int] = []
      while let lent = script.machine.lend() {
        var memory = lent
        let piece = bytes.prefix(min(slow ?? .max, memory.writableBytes))
        memory.writeBytes(piece)
        bytes = bytes.dropFirst(piece.count)
        script.machine.takeBack(memory)
        marks.append(script.machine.wakingBytes)
      }
      #expect(script.steps().compactMap(\.request) == [1] && script.machine.wakingBytes == 1)
      return marks
    }
    // Room grows as the request comes: from the fourth piece on they are large, and the last one completes it.
    #expect(try marks() == [1, 1, 1, 131_072, 131_072, 131_072, 1])
    #expect(try Set(marks(slow: 65_000)) == [1])
    var limits = Limits()
    (limits.slowestBytesPerSecond, limits.frameTime) = (1000, .seconds(5))
    #expect(try marks(limits: limits) == [1, 1, 1, 1000, 1000, 1000, 1])
  }

  @Test func `ends at damaged frames, which nobody can find the end of`() {
    let frame = Frame.pull(1, byteCount: 64)
    #expect(Self.ending(Array("GET / HTTP/1.1\r\n\r\n".utf8))?.code == .badMagic)
    #expect(Self.ending(frame.changed { $0[4] = 2 })?.code == .unsupportedVersion)
    #expect(Self.ending(frame.changed { $0[7] = 0x80 })?.code == .reservedBits)
    #expect(Self.ending(frame.changed { $0[11] = 0xFF })?.code == .frameTooLarge)
    var damaged = frame.bytes
    damaged[20] ^= 4
    #expect(Self.ending(damaged)?.code == .badHeaderChecksum)
    damaged = frame.bytes
    damaged[50] ^= 4
    let refusal = Self.ending(damaged)
    #expect(refusal?.code == .badPayloadChecksum && refusal?.code.retry == .reconnect)
  }

  @Test func `ends at what only servers send`() {
    for flag: FrameFlags in [.response, .error, .duplicate, .draining] {
      let refusal = Self.ending(Frame(.pull, flags: flag, requestID: 1).bytes)
      #expect(refusal?.code == .malformed && refusal?.closesConnection == true)
    }
    for type: MessageType in [.challenge, .authenticated, .goAway] {
      #expect(Self.ending(Frame(type, requestID: 1).bytes)?.code == .malformed)
    }
  }

  @Test func `ends at request numbers that are zero or in flight`() {
    #expect(Self.ending(Frame.pull(0).bytes)?.code == .duplicateRequestID)
    #expect(Self.ending(Frame(.ping, payload: .filled(8)).bytes)?.code == .duplicateRequestID)
    var script = ServerScript.ready()
    let steps = script.send(Frame.pull(3, byteCount: 100).bytes + Frame.pull(3).bytes)
    #expect(steps.compactMap(\.request) == [3])
    #expect(steps.last?.ending?.code == .duplicateRequestID)
    #expect(script.load.requestBytes == 0)
    #expect(script.reply(3) == nil, "who answers too late answers nobody")
  }

  @Test func `lets no more requests in than may be unanswered, and the next when there is room`() {
    var limits = Limits()
    limits.requestsInFlight = 2
    var script = ServerScript.ready(limits: limits)
    let bytes = (1...4).flatMap { Frame.pull($0, byteCount: 10).bytes }
    #expect(script.send(bytes).compactMap(\.request) == [1, 2])
    #expect(script.machine.isHolding && !script.machine.isReading)
    #expect(script.load.requestBytes == 20)
    _ = script.reply(2)
    #expect(script.steps().compactMap(\.request) == [3])
    _ = script.reply(1)
    _ = script.reply(3)
    #expect(script.steps().compactMap(\.request) == [4])
    #expect(script.machine.isReading)
    _ = script.reply(4)
    #expect(script.load.requestBytes == 0)
  }

  @Test func `lets no more bytes in than may be unanswered, of one connection and of all`() {
    var limits = Limits()
    limits.payload = 4096
    limits.requestBytesInFlight = 4096
    limits.totalRequestBytes = 6000
    var script = ServerScript.ready(limits: limits)
    #expect(script.send(.pull(1, byteCount: 4000)).compactMap(\.request) == [1])
    #expect(script.send(.pull(2, byteCount: 97)) == [])
    #expect(script.machine.isHolding && !script.machine.isShortOfMemory)
    var other = ServerScript.ready(limits: limits)
    other.load = script.load
    #expect(other.send(.pull(1, byteCount: 2001)) == [])
    #expect(other.machine.isHolding && other.machine.isShortOfMemory)
    _ = script.reply(1)
    #expect(script.steps().compactMap(\.request) == [2])
    other.load = script.load
    #expect(other.steps().compactMap(\.request) == [1])
    #expect(other.load.requestBytes == 97 + 2001)
    other.machine.closed(load: &other.load)
    #expect(other.load.requestBytes == 97)
  }

  @Test func `leaves room for small requests, however much large ones announce`() {
    var limits = Limits()
    limits.payload = 1 << 20
    limits.totalRequestBytes = 8 << 20
    var load = ServerLoad(limits: limits)
    var scripts: [ServerScript] = []
    for _ in 0..<10 {
      var script = ServerScript.ready(limits: limits)
      script.load = load
      #expect(script.send(Array(Frame.pull(1, byteCount: 1 << 20).bytes.prefix(40))) == [])
      load = script.load
      scripts.append(script)
    }
    #expect(scripts.count { $0.machine.isShortOfMemory } == 3)
    var honest = ServerScript.ready(limits: limits)
    honest.load = load
    #expect(honest.send(.pull(1, byteCount: 64 << 10)).compactMap(\.request) == [1])
  }

  @Test func `reserves what a header announces, and gives it back when the rest does not come`() {
    var script = ServerScript.ready()
    #expect(script.send(Array(Frame.pull(1, byteCount: 5000).bytes.prefix(33))) == [])
    #expect(script.load.requestBytes == 5000)
    script.machine.closed(load: &script.load)
    #expect(script.load.requestBytes == 0)
  }

  @Test func `gives a sign of life however much it has to do`() {
    var limits = Limits()
    limits.requestsInFlight = 1
    var script = ServerScript.ready(limits: limits)
    #expect(script.send(.pull(1)).compactMap(\.request) == [1])
    #expect(script.send(Self.ping).count == 1)
    #expect(!script.machine.isHolding)
  }

  @Test func `takes nothing from a client that takes nothing, and then lets go`() {
    var limits = Limits()
    (limits.outboundLowMark, limits.outboundHighMark, limits.outboundBytes) = (100, 1000, 10_000)
    var script = ServerScript.ready(limits: limits)
    script.isTaking = false
    #expect(script.send(.pull(1)).compactMap(\.request) == [1])
    _ = script.reply(1, byteCount: 2000)
    #expect(script.send(.pull(2)) == [])
    #expect(script.send(Self.ping) == [])
    #expect(script.machine.isHolding)
    // It takes a little again and again: slow, but alive.
    for waiting in stride(from: 2000, to: 200, by: -200) {
      #expect(script.wait(.seconds(9)) == [])
      script.machine.noteOutput(waiting: waiting, load: &script.load, now: script.now)
      #expect(script.steps() == [])
    }
    script.machine.noteOutput(waiting: 100, load: &script.load, now: script.now)
    #expect(script.steps().count == 2)
    _ = script.reply(2, byteCount: 2000)
    #expect(script.wait(.milliseconds(9999)) == [])
    #expect(script.wait(.milliseconds(1)).map(\.ending?.code) == [.slowConsumer])
  }

  @Test func `takes nothing from anybody while all clients together take too little`() {
    var limits = Limits()
    limits.totalOutboundBytes = 3000
    var deaf = ServerScript.ready(limits: limits)
    deaf.isTaking = false
    #expect(deaf.send(.pull(1)).compactMap(\.request) == [1])
    _ = deaf.reply(1, byteCount: 4000)
    var honest = ServerScript.ready(limits: limits)
    honest.load = deaf.load
    #expect(honest.send(Self.ping).count == 1)
    #expect(honest.send(.pull(1)) == [])
    #expect(honest.machine.isHolding && honest.machine.isShortOfMemory)
    deaf.machine.closed(load: &honest.load)
    #expect(honest.load.outboundBytes == 0)
    #expect(honest.steps().compactMap(\.request) == [1])
  }

  @Test func `lets go of a client for which more waits than a reply of the largest size and a bit`() {
    var limits = Limits()
    (limits.payload, limits.outboundBytes) = (9000, 5000)
    var script = ServerScript.ready(limits: limits)
    script.isTaking = false
    _ = script.send(Frame.pull(1).bytes + Frame.pull(2).bytes)
    _ = script.reply(1, byteCount: 9000)
    #expect(script.steps() == [])
    _ = script.reply(2, byteCount: 9000)
    #expect(script.steps().map(\.ending?.code) == [.slowConsumer])
  }

  @Test func `replaces a reply that the client does not take by error 308`() throws {
    var script = ServerScript.ready(receiveLimit: 2000)
    _ = script.send(Frame.pull(1).bytes + Frame.pull(2).bytes)
    #expect(script.reply(1, byteCount: 2000)?.refusal == nil)
    let refusal = try #require(script.reply(2, byteCount: 2001)?.refusal)
    #expect(refusal.code == .responseTooLarge && refusal.detail == 2001 && !refusal.closesConnection)
  }

  @Test func `gives a frame ten seconds, and what a slow line needs`() {
    let bytes = Frame.pull(1, byteCount: 1 << 20).bytes
    var header = ServerScript.ready()
    #expect(header.send(Array(bytes[..<1])) == [])
    #expect(header.wait(.milliseconds(9999)) == [])
    #expect(header.send(Array(bytes[1..<31])) == [])
    #expect(header.wait(.milliseconds(1)).map(\.ending?.code) == [.slowFrame])

    var steady = ServerScript.ready()
    #expect(steady.send(Array(bytes[..<32])) == [])
    var sent = 32
    _ = steady.wait(.seconds(9))
    while sent + 64 << 10 < bytes.count {
      #expect(steady.send(Array(bytes[sent..<sent + 64 << 10])) == [])
      #expect(steady.wait(.seconds(1)) == [])
      sent += 64 << 10
    }
    #expect(steady.send(Array(bytes[sent...])).compactMap(\.request) == [1])

    var trickle = ServerScript.ready()
    #expect(trickle.send(Array(bytes[..<(32 + 64 << 10)])) == [])
    #expect(trickle.wait(.milliseconds(10_999)) == [])
    #expect(trickle.wait(.milliseconds(1)).map(\.ending?.code) == [.slowFrame])
    #expect(trickle.load.requestBytes == 0)
  }

  @Test func `does not hurry a client whose frame it holds back itself`() {
    var limits = Limits()
    limits.requestsInFlight = 1
    var script = ServerScript.ready(limits: limits)
    _ = script.send(Frame.pull(1).bytes + Frame.pull(2, byteCount: 100).bytes.prefix(50))
    #expect(script.machine.isHolding)
    #expect(script.wait(.seconds(3600)) == [])
    _ = script.reply(1)
    #expect(script.steps() == [])
    #expect(script.wait(.milliseconds(9999)) == [])
    #expect(script.send(Array(Frame.pull(2, byteCount: 100).bytes[50...])).compactMap(\.request) == [2])
  }

  @Test func `is closed after a minute of silence, unless an answer is due`() {
    var script = ServerScript.ready()
    #expect(script.wait(.seconds(59)) == [])
    _ = script.send(Self.ping)
    #expect(script.wait(.seconds(59)) == [])
    _ = script.send(.pull(1))
    #expect(script.wait(.seconds(1000)) == [])
    _ = script.reply(1)
    script.machine.noteOutput(waiting: 0, load: &script.load, now: script.now)
    #expect(script.wait(.milliseconds(59_999)) == [])
    #expect(script.wait(.milliseconds(1)).map(\.ending?.code) == [.idle])
  }

  @Test func `that drains says so, answers what is in flight, refuses the rest, and ends`() throws {
    var script = ServerScript.ready()
    _ = script.send(Frame.pull(1).bytes + Frame.pull(2).bytes)
    let farewell = script.machine.drain(GoAway(retryAfterMilliseconds: 250), now: script.now)
    let goAway = try #require(farewell)
    #expect(goAway.header.type == .goAway && goAway.header.requestID == 0)
    #expect(try GoAway(reading: goAway.payload) == GoAway(reason: .draining, retryAfterMilliseconds: 250))
    let refused = try #require(script.send(.pull(3)).first?.sent)
    #expect(refused.header.requestID == 3 && refused.refusal?.code == .draining)
    #expect(refused.refusal?.code.retry == .reconnect)
    #expect(script.reply(1)?.header.flags.contains(.draining) == true)
    #expect(script.steps() == [])
    _ = script.reply(2)
    // The client takes the answers after this step.
    #expect(script.steps() == [])
    #expect(script.machine.waitsForOutput && script.steps() == [.finish(nil)])
    #expect(script.wait(.seconds(1)) == [.close])
  }

  @Test func `that drains in the middle of a handshake ends with a word`() {
    var script = ServerScript()
    #expect(script.machine.drain(GoAway(), now: script.now) == nil)
    #expect(script.steps().map(\.ending?.code) == [.draining])
  }

  @Test func `ends once, with the first reason`() {
    var script = ServerScript.ready()
    _ = script.send(.pull(1))
    script.machine.end(Refusal(.fenced, "a newer connection"))
    script.machine.end(Refusal(.internal, "something else"))
    let steps = script.steps()
    #expect(steps.map(\.ending?.code) == [.fenced] && steps.first?.ending?.closesConnection == true)
    script.machine.end(nil)
    #expect(script.steps() == [])
    #expect(script.reply(1) == nil)
  }
}
