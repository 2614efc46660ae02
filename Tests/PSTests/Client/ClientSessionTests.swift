import NIOCore
import PS
import Testing
import Wire

/// A session whose connections a test makes and breaks.
private final class TestSession {
  private var session = ClientSession(server: "server", seed: 1)
  private var now = Instant(nanoseconds: 1)
  private var lastTicket: ClientSession.Ticket = 0
  /// How often it wanted a connection, and how often none any more.
  private(set) var connects = 0
  private(set) var disconnects = 0
  /// The requests that it sent.
  private(set) var sent: [Frame] = []
  /// What callers were told, in order.
  private(set) var results: [Result<Frame, ClientError>] = []

  /// When it is to be woken.
  var deadline: Instant? { session.deadline }

  /// What the caller was told who was told something last, if that was an error.
  var lastError: ClientError? { if case .failure(let error)? = results.last { error } else { nil } }

  /// Whether that was that the server has another store than before.
  var hasFoundOtherStore: Bool { if case .otherStore? = lastError { true } else { false } }

  /// The number of the change that it sent last.
  var lastSequence: UInt64 {
    get throws {
      var reader = MessageReader(try #require(sent.last).payload)
      return try Mutation(from: &reader).sequence
    }
  }

  func step(_ event: ClientSession.Event) {
    var effects: [ClientSession.Effect] = []
    session.step(event, now: now, into: &effects)
    for effect in effects {
      switch effect {
      case .connect: connects += 1
      case .disconnect: disconnects += 1
      case .send(let frame): sent.append(frame.joined)
      case .complete(_, let result): results.append(result)
      case .lost: break
      }
    }
  }

  /// Asks for something that changes nothing.
  func read() { submit(ServerRequest(reading: .stats)) }

  /// Asks for a change.
  func change() {
    var writer = MessageWriter()
    Mutation(sequence: 0, model: 1).write(to: &writer)
    submit(ServerRequest(changing: .clock, writer.payload))
  }

  private func submit(_ request: ServerRequest) {
    lastTicket += 1
    step(.submit(request, lastTicket))
  }

  /// Gives it a connection to a server, which has applied so many of its changes.
  ///
  /// - Parameter store: The server's store: 1 is the right one.
  func connect(to store: UInt8 = 1, applied: UInt64 = 0) {
    let id = Identifier(bytes: [UInt8](repeating: store, count: 16))
    let challenge = Challenge(storeID: id, bootID: 1, nonce: [UInt8](repeating: 0, count: 32))
    step(.connected(challenge, SessionState(lastAppliedSequence: applied)))
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

@Suite struct `A session of a client` {
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

  @Test func `goes on when the right server is back in the place of one with another store`() throws {
    let session = TestSession()
    session.read()
    session.connect()
    try session.answer()
    session.step(.disconnected(.closedByServer))
    for round in 1...2 {
      session.read()
      session.connect(to: 2)
      #expect(session.hasFoundOtherStore)
      // It does not look by itself.
      #expect(session.disconnects == round && session.connects == 1 + round && session.deadline == nil)
    }
    session.read()
    session.connect()
    try session.answer()
    #expect(session.lastError == nil && session.results.count == 4)
  }

  @Test func `gives the number of a change that no server has got to the next one`() throws {
    let session = TestSession()
    session.change()
    session.connect()
    try session.answer()
    session.step(.disconnected(.closedByServer))
    session.change()
    session.step(.disconnected(.keyMissing))
    #expect(session.lastError == .rejected(server: "server", problem: "\(ConnectionError.keyMissing)"))
    session.change()
    session.connect(applied: 1)
    #expect(try session.lastSequence == 2)
    try session.answer()
    #expect(session.lastError == nil)
  }

  @Test func `says that a change has an unknown outcome when the right server is back, and not before`() throws {
    let session = TestSession()
    session.change()
    session.connect()
    session.step(.disconnected(.closedByServer))
    try session.wake()
    session.connect(to: 2)
    for _ in 0..<2 {
      #expect(session.hasFoundOtherStore)
      session.change()
      session.connect(to: 2)
    }
    session.change()
    session.connect()
    #expect(session.lastError == .outcomeUnknown(server: "server") && session.sent.count == 1)
    let count = session.results.count
    session.change()
    #expect(session.lastError == .outcomeUnknown(server: "server") && session.results.count == count + 1)
    session.read()
    try session.answer()
    #expect(session.lastError == nil)
  }
}
