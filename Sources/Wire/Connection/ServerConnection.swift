public import NIOCore

/// One connection as its server sees it, from the first byte to the last.
///
///     accepted ──HELLO──► challenged ──AUTH──► authenticated ──the service──► ready ──► draining
///         │                   │ wrong proof          │ refused                  │           │
///         │                   ▼                      │                          │           │
///         │                failing                   │                          │           │
///         └─────────┬─────────┴──────────────────────┴──────────────────────────┴───────────┘
///                   ▼ a deadline has passed, a rule was broken, nothing is left to do
///                finishing ──► closed
///
/// It decides and does nothing: whoever owns a socket hands over what arrives and does what ``next(from:load:now:)``
/// says until that has nothing to say, again after each event and at ``deadline``. Only a connection that is ready
/// hands requests on, and no more at a time than its budgets allow: when they are used up it holds the next request
/// back, unread, and the sender is slowed down by TCP itself.
public struct ServerConnection: Sendable {
  /// What there is to do.
  public enum Step: Hashable, Sendable {
    /// Send a frame.
    case send(Frame)
    /// Ask the service where this client's session stands, then say so in ``welcome(_:now:)`` or refuse it in ``end(_:)``.
    case welcome(ClientIdentity)
    /// Let the service answer a request, in ``reply(_:load:now:)``.
    case serve(Frame)
    /// Send a frame, if there is one, and end the output; the connection takes no more requests and no more replies.
    case finish(Frame?)
    /// Close the socket.
    case close
  }

  enum State: Sendable {
    case accepted
    case challenged(Handshake)
    case failing(Frame)
    case authenticated(Handshake, ClientIdentity)
    case ready
    case draining
    case finishing
    case closed
  }

  let limits: Limits
  let keys: KeyRing
  var state = State.accepted
  var assembler: FrameAssembler
  /// When the state ends, if it is one that does not last.
  var stateDeadline: Instant
  /// What an ended connection still says.
  var lastWords: Frame?
  /// Whether ``end(_:)`` was called.
  var isEnding = false

  /// The bytes of the requests that are not answered yet, by number.
  var inFlight: [UInt64: Int] = [:]
  var bytesInFlight = 0
  /// Whether the next request was not let in yet.
  public internal(set) var isHolding = false
  /// Whether that is because all connections together have too many bytes in flight.
  public internal(set) var isShortOfMemory = false
  /// The bytes reserved for the request on its way in.
  var reserved: Int?
  /// Whether the last piece of the request on its way in was large, so that more is about to come.
  var comesFast = false
  /// When the frame that is on its way in began.
  var frameStart: Instant?
  /// When the last whole frame came, or the last reply was given.
  var lastActivity: Instant
  /// The largest payload that the client takes.
  var receiveLimit: Int

  /// How the output goes.
  public internal(set) var output = OutputGauge()
  /// The bytes that wait to be taken, as the server's load has them.
  private var countedBytes = 0

  let nonce: [UInt8]

  /// A connection accepted at `now`.
  ///
  /// - Parameter nonce: 32 random bytes that no other connection has.
  public init(limits: Limits, keys: KeyRing, nonce: [UInt8], now: Instant) {
    precondition(nonce.count == 32, "a nonce of \(nonce.count) bytes")
    self.limits = limits
    self.keys = keys
    self.nonce = nonce
    assembler = FrameAssembler(payloadLimit: limits.handshakePayload)
    stateDeadline = now + limits.handshakeTime
    lastActivity = now
    receiveLimit = limits.handshakePayload
  }

  /// What there is to do now, if anything; `input` holds what arrived and was not used yet.
  public mutating func next(
    from input: inout ByteBuffer, identity: @autoclosure () -> ServerIdentity, load: inout ServerLoad, now: Instant
  ) -> Step? {
    if isEnding {
      isEnding = false
      return finish(saying: lastWords, load: &load, now: now)
    }
    var header: FrameHeader?
    do throws(Refusal) {
      switch state {
      case .accepted, .challenged:
        if let step = try shakeHands(from: &input, &header, identity, load: &load, now: now) { return step }
      case .ready, .draining:
        if let step = try nextRequest(from: &input, &header, load: &load, now: now) { return step }
      case .failing, .finishing, .closed: input.clear()
      case .authenticated: break
      }
    } catch {
      let answer = error.frame(answering: header?.type ?? .goAway, requestID: header?.requestID ?? 0)
      return finish(saying: answer, load: &load, now: now)
    }
    return overdue(load: &load, now: now)
  }

  /// Lends memory for the rest of a long request that was let in, as ``FrameAssembler/lend()`` does.
  public mutating func lend() -> ByteBuffer? { reserved == nil ? nil : assembler.lend() }

  /// Takes back what was lent, with the bytes that have come.
  public mutating func takeBack(_ lent: ByteBuffer) { comesFast = assembler.takeBack(lent) >= Self.mostWakingBytes / 2 }

  /// Whether more bytes are wanted; while not, none should be read from the socket.
  public var isReading: Bool {
    switch state {
    case .failing, .authenticated, .closed: false
    case .ready, .draining: !isHolding
    case .accepted, .challenged, .finishing: true
    }
  }

  /// Whether there is something to do as soon as all output is taken.
  public var waitsForOutput: Bool { isHolding || hasLeft }

  /// Whether the server leaves and everything is answered, so that only output has to be taken.
  public var hasLeft: Bool { if case .draining = state { inFlight.isEmpty } else { false } }

  /// When ``next(from:identity:load:now:)`` has something to say even if nothing happens; it may have moved on by then.
  public var deadline: Instant {
    switch state {
    case .accepted, .challenged, .failing, .finishing: stateDeadline
    case .authenticated, .closed: Instant(nanoseconds: .max)
    case .ready, .draining:
      min(frameDeadline, idleDeadline, output.stalls(after: limits.stallTime))
    }
  }

  /// The socket is closed: gives back what the connection took.
  public mutating func closed(load: inout ServerLoad) {
    letGo(load: &load)
    state = .closed
    countOutput(load: &load)
  }

  /// Tells the load how much waits to be taken.
  mutating func countOutput(load: inout ServerLoad) {
    let waiting = if case .closed = state { 0 } else { output.waiting }
    load.changeOutbound(by: waiting - countedBytes)
    countedBytes = waiting
  }
}
