import NIOCore
import PS
import Testing
import Wire

/// A session whose connections a test makes and breaks.
private final class TestSession {
  private var session = ClientSession(server: "server", seed: 1)
  private var now = Instant(nanoseconds: 1)
  private var lastTicket: ClientSession.Ticket = 0
  /// How often it wanted a connection.
  private(set) var connects = 0
  /// The requests that it sent.
  private(set) var sent: [Frame] = []
  /// What callers were told, in order.
  private(set) var results: [Result<Frame, ClientError>] = []

  /// When it is to be woken.
  var deadline: Instant? { session.deadline }

  func step(_ event: ClientSession.Event) {
    var effects: [ClientSession.Effect] = []
    session.step(event, now: now, into: &effects)
    for effect in effects {
      switch effect {
      case .connect: connects += 1
      case .send(let frame): sent.append(frame.joined)
      case .complete(_, let result): results.append(result)
      case .lost: break
      }
    }
  }

  /// Asks for something that changes nothing.
  func read() { submit(ServerRequest(reading: .stats)) }

  private func submit(_ request: ServerRequest) {
    lastTicket += 1
    step(.submit(request, lastTicket))
  }

  /// Gives it a connection to its server.
  func connect() {
    let store = Identifier(bytes: [UInt8](repeating: 1, count: 16))
    let challenge = Challenge(storeID: store, bootID: 1, nonce: [UInt8](repeating: 0, count: 32))
    step(.connected(challenge, SessionState()))
  }

  /// Answers what it sent last.
  func answer() throws {
    let request = try #require(sent.last).header
    step(.received(Frame(request.type, flags: .response, requestID: request.requestID, payload: ByteBuffer())))
  }

  /// Lets the time come at which it is to be woken.
  func wake() throws {
    now = try #require(deadline)
    step(.timer)
  }
}

@Suite struct `A client's session` {
  @Test func `connects again when its connection breaks while nothing is asked`() throws {
    let session = TestSession()
    session.read()
    session.connect()
    try session.answer()
    #expect(session.results.count == 1 && session.deadline == nil)
    for connects in 1...3 {
      session.step(.disconnected(.closedByServer))
      #expect(session.connects == connects)
      try session.wake()
      #expect(session.connects == connects + 1)
    }
  }

  @Test func `makes nobody wait who asks while it pauses for nobody`() throws {
    let session = TestSession()
    session.read()
    session.connect()
    try session.answer()
    session.step(.disconnected(.closedByServer))
    session.read()
    #expect(session.connects == 2)
  }

  @Test func `that has met no server looks for it while somebody waits`() throws {
    let session = TestSession()
    session.read()
    while session.results.isEmpty {
      session.step(.disconnected(.closedByServer))
      try session.wake()
    }
    session.step(.disconnected(.closedByServer))
    #expect(session.deadline == nil)
  }
}
