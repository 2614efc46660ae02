public import NIOCore

/// One connection as its client sees it, from the first byte to the last.
///
///     greeting ──CHALLENGE──► proving ──AUTH_OK──► ready
///
/// It decides and does nothing, as ``ServerConnection``: whoever owns a socket sends ``greeting``, hands over what
/// arrives and does what ``next(from:now:)`` says until that has nothing to say, again after each event and at
/// ``deadline``. Whatever a server may not do is an error, after which nothing of the connection can be used.
public struct ClientConnection: Sendable {
  /// What there is to do.
  public enum Step: Hashable, Sendable {
    /// Send a frame.
    case send(Frame)
    /// The handshake is done; requests may be sent, the client's session stands as it says.
    case ready(Challenge, SessionState)
    /// A request is answered, well or with an error.
    case receive(Frame)
    /// The server is about to leave: it answers what it has got, and takes no more.
    case leave(GoAway)
  }

  private enum State {
    case greeting
    case proving(Challenge, ByteBuffer)
    case ready
  }

  /// What the client says first.
  public let greeting: Frame

  private let hello: Hello
  private let key: SharedKey?
  private let limits: Limits
  private var state = State.greeting
  private var assembler: FrameAssembler
  /// What was asked under which number.
  private var inFlight: [UInt64: MessageType] = [:]
  private var handshakeEnd: Instant
  private var lastSign: Instant
  private var pingTime: Duration
  private var pingSent: Instant?
  private var pings: UInt64 = 0

  /// A connection made at `now`.
  ///
  /// - Parameter key: The key that `hello` names, if it names one.
  public init(hello: Hello, key: SharedKey? = nil, limits: Limits = Limits(), now: Instant) {
    precondition(hello.keyID == key?.id ?? "", "a hello with key '\(hello.keyID)' of a client with '\(key?.id ?? "")'")
    self.hello = hello
    self.key = key
    self.limits = limits
    greeting = Frame(.hello, payload: hello.payload)
    assembler = FrameAssembler(payloadLimit: limits.handshakePayload)
    handshakeEnd = now + limits.handshakeTime
    lastSign = now
    pingTime = limits.pingTime
  }

  /// Whether checksums may follow payloads, those of requests too.
  public var takesTrailingChecksums: Bool { assembler.takesTrailingChecksums }

  /// Whether requests may be sent.
  public var isReady: Bool { if case .ready = state { true } else { false } }

  /// When ``next(from:now:)`` has something to say even if nothing arrives; it may have moved on by then.
  public var deadline: Instant {
    guard isReady else { return handshakeEnd }
    if let pingSent { return pingSent + limits.answerTime }
    return lastSign + pingTime
  }

  /// Notes that a request with `header` is sent.
  ///
  /// Its number is neither 0 nor in flight, and below 2^63: the connection numbers its own requests from there.
  public mutating func send(_ header: FrameHeader) {
    let number = header.requestID
    precondition(isReady, "a request before the handshake is done")
    precondition(number != 0 && number < Self.firstPing, "a request with the number \(number)")
    precondition(
      inFlight.updateValue(header.type, forKey: number) == nil, "two requests with the number \(number)")
  }

  /// What there is to do now, if anything; `input` holds what arrived and was not used yet.
  ///
  /// - Throws: Why the connection is over.
  public mutating func next(from input: inout ByteBuffer, now: Instant) throws(ConnectionError) -> Step? {
    if input.readableBytes > 0 { noteSign(at: now) }
    while let frame = try Self.breach({ () throws(Refusal) in try assembler.next(from: &input) }) {
      if let step = try take(frame) { return step }
    }
    return try overdue(now)
  }

  /// Lends memory for the rest of a long frame, as ``FrameAssembler/lend()`` does.
  public mutating func lend() -> ByteBuffer? { assembler.lend() }

  /// Takes back what was lent, with the bytes that have come.
  public mutating func takeBack(_ lent: ByteBuffer, now: Instant) {
    noteSign(at: now)
    assembler.takeBack(lent)
  }

  /// The answer that is on its way to a request of the user, unless it is an error: the request's number, and what has
  /// come of the payload, whose checksum is not known to be right yet.
  public var arriving: (requestID: UInt64, payload: ByteBuffer)? {
    guard isReady, let (header, payload) = assembler.unfinished, header.flags.contains(.response),
      !header.flags.contains(.error), header.requestID < Self.firstPing, inFlight[header.requestID] == header.type
    else { return nil }
    return (header.requestID, payload)
  }

  private mutating func noteSign(at now: Instant) {
    lastSign = now
    pingSent = nil
  }

  private mutating func overdue(_ now: Instant) throws(ConnectionError) -> Step? {
    guard now >= deadline else { return nil }
    guard isReady else { throw .handshakeTimeout(limits.handshakeTime) }
    guard pingSent == nil else { throw .silent(pingTime + limits.answerTime) }
    pingSent = now
    pings += 1
    let number = Self.firstPing + pings
    inFlight[number] = .ping
    var token = MessageWriter(capacity: 8)
    token.integer(pings)
    return .send(Frame(.ping, requestID: number, payload: token.payload))
  }

  private mutating func take(_ frame: Frame) throws(ConnectionError) -> Step? {
    if frame.header.flags.contains(.error) {
      let refusal = try Self.breach { () throws(Refusal) in try Refusal(reading: frame.payload) }
      guard isReady, frame.header.requestID != 0, !refusal.closesConnection else { throw .refused(refusal) }
    }
    switch state {
    case .greeting: return try prove(frame)
    case .proving(let challenge, let bytes): return try verify(frame, challenge, bytes)
    case .ready: return try answer(frame.header) ? .receive(frame) : leave(frame)
    }
  }

  private mutating func prove(_ frame: Frame) throws(ConnectionError) -> Step {
    try expect(.challenge, frame)
    let challenge = try Self.breach { () throws(Refusal) in try Challenge(reading: frame.payload) }
    try require(hello.versions.contains(challenge.version), "version \(challenge.version), which was not offered")
    try require(challenge.features.isSubset(of: hello.features), "features that were not offered")
    if let key, !challenge.isAuthenticated { throw .authenticationMissing(keyID: key.id) }
    if key == nil, challenge.isAuthenticated { throw .keyMissing }
    let proof =
      key?.proof(of: .client, hello: greeting.payload, challenge: frame.payload) ?? Authenticated.noProof
    state = .proving(challenge, frame.payload)
    return .send(Frame(.authenticate, payload: ByteBuffer(bytes: proof)))
  }

  private mutating func verify(
    _ frame: Frame, _ challenge: Challenge, _ bytes: ByteBuffer
  ) throws(ConnectionError) -> Step {
    try expect(.authenticated, frame)
    let answer = try Self.breach { () throws(Refusal) in try Authenticated(reading: frame.payload) }
    if let key {
      guard key.accepts(answer.proof, of: .server, hello: greeting.payload, challenge: bytes) else {
        throw .serverNotAuthentic(keyID: key.id)
      }
    } else {
      try require(answer.proof == Authenticated.noProof, "a proof where none was asked for")
    }
    state = .ready
    assembler.payloadLimit = Int(hello.receiveLimit)
    assembler.takesTrailingChecksums = challenge.features.contains(.trailingChecksums)
    pingTime = min(limits.pingTime, .milliseconds(Int64(challenge.keepaliveMilliseconds)))
    return .ready(
      challenge, SessionState(lastAppliedSequence: answer.lastAppliedSequence, number: answer.sessionNumber))
  }

  /// Whether the frame answers a request of the user, not one of the connection's own.
  private mutating func answer(_ header: FrameHeader) throws(ConnectionError) -> Bool {
    guard header.flags.contains(.response) else { return false }
    guard let type = inFlight.removeValue(forKey: header.requestID) else {
      throw .breach(Refusal(.malformed, "an answer to the request \(header.requestID), which is not in flight"))
    }
    try require(type == header.type, "an answer of type \(header.type) to a request of type \(type)")
    return header.requestID < Self.firstPing
  }

  /// The server's wish that its clients leave, or nil for the answer to a ping.
  private func leave(_ frame: Frame) throws(ConnectionError) -> Step? {
    if frame.header.flags.contains(.response) { return nil }
    try expect(.goAway, frame)
    return .leave(try Self.breach { () throws(Refusal) in try GoAway(reading: frame.payload) })
  }

  private func expect(_ type: MessageType, _ frame: Frame) throws(ConnectionError) {
    let header = frame.header
    try require(
      header.type == type && !header.flags.contains(.response),
      "a frame of type \(header.type) where \(type) was expected")
  }

  private func require(_ condition: Bool, _ text: @autoclosure () -> String) throws(ConnectionError) {
    guard condition else { throw .breach(Refusal(.malformed, closing: true, text())) }
  }

  /// What is wrong with a server's frame is a breach of the rules.
  private static func breach<Result>(_ body: () throws(Refusal) -> Result) throws(ConnectionError) -> Result {
    do throws(Refusal) { return try body() } catch { throw .breach(error) }
  }

  /// The connection's own requests have the numbers from here on.
  private static let firstPing: UInt64 = 1 << 63
}
