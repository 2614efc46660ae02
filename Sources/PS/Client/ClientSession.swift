import Kernels
import NIOCore
public import Wire

/// One client's session with one server: it keeps every request until it is answered, and mutations in order.
///
/// A mutation gets its sequence number once and is sent under it again, after any number of failures and reconnections,
/// until the server says what became of it; the server executes it once. A connection that breaks is made again, even
/// while nothing is asked. A plain state machine: it is told what happens and says what is to be done.
public struct ClientSession: Sendable {
  /// What a caller calls a request by.
  public typealias Ticket = UInt64

  /// What happens.
  public enum Event: Sendable {
    /// Somebody asks for something.
    case submit(ServerRequest, Ticket)
    /// A connection is made and its handshake done.
    case connected(Challenge, SessionState)
    /// An answer comes in.
    case received(Frame)
    /// The connection is gone, or was never made.
    case disconnected(ConnectionError)
    /// ``ClientSession/deadline`` is reached.
    case timer
  }

  /// What is to be done.
  public enum Effect: Sendable {
    /// Make a connection, and say ``Event/connected(_:_:)`` or ``Event/disconnected(_:)``.
    case connect
    /// Close the connection, if there is one, and say nothing more of it.
    case disconnect
    /// Send a frame on the connection.
    case send(OutgoingFrame)
    /// Tell who asked.
    case complete(Ticket, Result<Frame, ClientError>)
    /// Updates that the server had acknowledged are lost with its power.
    case lost(updates: UInt64)
  }

  /// How a client deals with failures.
  public struct Patience: Hashable, Sendable {
    /// How long a request may take, with all its repetitions.
    public var total = Duration.seconds(60)
    /// How long the first pause before a repetition is; each further one twice as long.
    public var firstPause = Duration.milliseconds(50)
    /// The longest pause.
    public var longestPause = Duration.seconds(5)

    /// The defaults.
    public init() {}
  }

  private struct Entry {
    let request: ServerRequest
    let ticket: Ticket
    var sequence: UInt64?
    let deadline: Instant
    /// Whether a server has got it, or may have.
    var wasSent = false
    /// The number under which the request is on its way; 0 if it is not.
    var requestID: UInt64 = 0
    /// When it may be sent again.
    var earliest: Instant?
    var refusals = 0
  }

  private enum Connection {
    case none
    case pausing(until: Instant)
    case connecting
    case ready(Challenge)
  }

  /// The server's address, for messages.
  public let server: String
  /// The largest payload that the server takes and gives, once it has said so.
  private(set) var payloadLimit: Int?
  private let expectedShard: (shard: Int, shards: Int)?
  private let patience: Patience
  private var random: SplitMix64
  private var entries: [Entry] = []
  private var connection = Connection.none
  private var identity: (store: Identifier, boot: UInt64)?
  private var lastSequence: UInt64 = 0
  private var lastAcknowledged: UInt64 = 0
  private var lastRequestID: UInt64 = 0
  private var failures = 0
  private var lastProblem = "it was not asked yet"
  private var hasUnknownOutcome = false
  /// Why the server that was found last is of no use, until one is found that is.
  private var fault: ClientError?

  /// A session with `server`.
  ///
  /// - Parameters:
  ///   - expectedShard: Which shard of how many the server has to be, if that is known.
  ///   - seed: The seed of the pauses' lengths, so that many clients do not come back at once.
  public init(
    server: String, expectedShard: (shard: Int, shards: Int)? = nil, patience: Patience = Patience(), seed: UInt64
  ) {
    self.server = server
    self.expectedShard = expectedShard
    self.patience = patience
    random = SplitMix64(seed: seed)
  }

  /// When ``Event/timer`` is due; nil for never.
  public var deadline: Instant? {
    var earliest = entries.lazy.map(\.deadline).min()
    func consider(_ instant: Instant?) {
      guard let instant else { return }
      earliest = earliest.map { min($0, instant) } ?? instant
    }
    switch connection {
    case .pausing(let until): consider(until)
    case .ready: consider(entries.lazy.compactMap(\.earliest).min())
    case .none, .connecting: break
    }
    return earliest
  }

  /// Whether everything asked for is answered.
  public var isIdle: Bool { entries.isEmpty }

  /// Whether a connection is being made.
  var isConnecting: Bool { if case .connecting = connection { true } else { false } }

  /// Whether somebody waits for the answer to the request number `requestID`.
  func isAwaiting(_ requestID: UInt64) -> Bool { entries.contains { $0.requestID == requestID } }

  /// Takes note of `event` and appends to `effects` what is to be done.
  public mutating func step(_ event: Event, now: Instant, into effects: inout [Effect]) {
    switch event {
    case .submit(let request, let ticket): submit(request, ticket, now, &effects)
    case .connected(let challenge, let state): connected(challenge, state, now, &effects)
    case .received(let frame): received(frame, now, &effects)
    case .disconnected(let error): disconnected(error, now, &effects)
    case .timer: timer(now, &effects)
    }
  }
}

// What callers ask for.
extension ClientSession {
  private mutating func submit(
    _ request: ServerRequest, _ ticket: Ticket, _ now: Instant, _ effects: inout [Effect]
  ) {
    // After a fault that is said when the right server is back: who then begins anew should not begin with a wrong one.
    guard !request.isMutation || !hasUnknownOutcome || fault != nil else {
      return effects.append(.complete(ticket, .failure(.outcomeUnknown(server: server))))
    }
    let wasIdle = entries.isEmpty
    var entry = Entry(request: request, ticket: ticket, deadline: now + (request.patience ?? patience.total))
    if request.isMutation {
      lastSequence += 1
      entry.sequence = lastSequence
    }
    entries.append(entry)
    switch connection {
    case .none: connect(&effects)
    // The pause was of a client that waited for nothing.
    case .pausing where wasIdle: connect(&effects)
    default: break
    }
    sendWaiting(now, &effects)
  }

  private mutating func connect(_ effects: inout [Effect]) {
    connection = .connecting
    effects.append(.connect)
  }

  /// Sends what waits, as far as the server takes it, mutations in their order.
  private mutating func sendWaiting(_ now: Instant, _ effects: inout [Effect]) {
    guard case .ready(let challenge) = connection else { return }
    // A pause that is over is no deadline, though other requests may have to be answered first.
    for index in entries.indices where entries[index].earliest.map({ $0 <= now }) ?? false {
      entries[index].earliest = nil
    }
    var room = Int(challenge.requestsInFlight) - entries.count { $0.requestID != 0 }
    var isBlocked = false
    for index in entries.indices {
      guard room > 0 else { return }
      let entry = entries[index]
      if entry.requestID != 0 { continue }
      if entry.earliest != nil {
        if entry.request.isMutation { isBlocked = true }
        continue
      }
      if isBlocked, entry.request.isMutation { continue }
      guard entry.request.payload.byteCount <= challenge.payloadLimit else {
        refused(Self.tooLarge(entry.request, challenge), at: index, now, &effects)
        return sendWaiting(now, &effects)
      }
      lastRequestID += 1
      entries[index].requestID = lastRequestID
      entries[index].wasSent = true
      effects.append(
        .send(entry.request.frame(epoch: challenge.epoch, requestID: lastRequestID, sequence: entry.sequence)))
      room -= 1
    }
  }
}

// What the server cannot take.
extension ClientSession {
  private static func tooLarge(_ request: ServerRequest, _ challenge: Challenge) -> Refusal {
    Refusal(
      .frameTooLarge, closing: false, detail: UInt64(challenge.payloadLimit),
      "a request of \(request.payload.byteCount) bytes, but the server takes at most \(challenge.payloadLimit); "
        + "raise its limit or use a smaller batch")
  }
}

// What the server says.
extension ClientSession {
  private mutating func connected(
    _ challenge: Challenge, _ state: SessionState, _ now: Instant, _ effects: inout [Effect]
  ) {
    if let problem = mismatch(challenge) { return giveUp(problem, &effects) }
    if let identity, identity.boot != challenge.bootID { renumber(after: state.lastAppliedSequence, &effects) }
    identity = (challenge.storeID, challenge.bootID)
    payloadLimit = Int(challenge.payloadLimit)
    connection = .ready(challenge)
    failures = 0
    if fault != nil, hasUnknownOutcome { giveUpMutations(&effects) }
    fault = nil
    sendWaiting(now, &effects)
  }

  private func mismatch(_ challenge: Challenge) -> ClientError? {
    if let identity, identity.store != challenge.storeID {
      return .otherStore(server: server, expected: identity.store, found: challenge.storeID)
    }
    let found = (shard: Int(challenge.shard), shards: Int(challenge.shards))
    if let expectedShard, expectedShard != found {
      return .otherShard(
        server: server, expected: "shard \(expectedShard.shard) of \(expectedShard.shards)",
        found: "shard \(found.shard) of \(found.shards)")
    }
    return nil
  }

  /// Goes on behind what a server that was started again remembers.
  private mutating func renumber(after applied: UInt64, _ effects: inout [Effect]) {
    guard applied < lastAcknowledged else { return }
    effects.append(.lost(updates: lastAcknowledged - applied))
    lastAcknowledged = applied
    lastSequence = applied
    for index in entries.indices where entries[index].request.isMutation {
      lastSequence += 1
      entries[index].sequence = lastSequence
    }
  }

  private mutating func received(_ frame: Frame, _ now: Instant, _ effects: inout [Effect]) {
    guard frame.header.requestID != 0,
      let index = entries.firstIndex(where: { $0.requestID == frame.header.requestID })
    else { return }
    guard frame.header.flags.contains(.error) else {
      let entry = entries.remove(at: index)
      if let sequence = entry.sequence { lastAcknowledged = max(lastAcknowledged, sequence) }
      effects.append(.complete(entry.ticket, .success(frame)))
      return sendWaiting(now, &effects)
    }
    do throws(Refusal) {
      refused(try Refusal(reading: frame.payload), at: index, now, &effects)
    } catch {
      giveUp(.invalidAnswer(server: server, problem: error.text), &effects)
    }
  }

  private mutating func refused(_ refusal: Refusal, at index: Int, _ now: Instant, _ effects: inout [Effect]) {
    lastProblem = refusal.text
    // Mutations of a session are in order, so that a gap in a stream is none that time would close.
    switch refusal.code == .offsetGap && entries[index].request.isMutation ? .never : refusal.code.retry {
    case .sameRequest, .reconnect:
      entries[index].requestID = 0
      entries[index].refusals += 1
      let asked = Duration.milliseconds(Int64(refusal.retryAfterMilliseconds))
      entries[index].earliest = now + max(asked, pause(after: entries[index].refusals))
    case .never, .refreshMap:
      let entry = entries.remove(at: index)
      switch refusal.code {
      case .sessionUnknown, .sessionEvicted, .sequenceTooOld:
        hasUnknownOutcome = true
        effects.append(.complete(entry.ticket, .failure(.outcomeUnknown(server: server))))
      default:
        if let sequence = entry.sequence { settle(sequence, refusal) }
        effects.append(.complete(entry.ticket, .failure(.refused(refusal))))
      }
      sendWaiting(now, &effects)
    }
  }

  /// A refused mutation has used its number up if it was well formed; otherwise the next one takes it.
  private mutating func settle(_ sequence: UInt64, _ refusal: Refusal) {
    if refusal.usesUpSequence {
      lastAcknowledged = max(lastAcknowledged, sequence)
    } else {
      lastSequence -= 1
      for index in entries.indices {
        guard let number = entries[index].sequence, number > sequence else { continue }
        entries[index].sequence = number - 1
        // What is on its way under the old number comes back as a gap, and is then sent under the new one.
      }
    }
  }
}

// What goes wrong.
extension ClientSession {
  private mutating func disconnected(_ error: ConnectionError, _ now: Instant, _ effects: inout [Effect]) {
    switch error {
    // What was a server is one still: the line has changed a byte.
    case .breach where identity != nil: break
    default:
      guard error.isTransient else { return giveUp(.rejected(server: server, problem: "\(error)"), &effects) }
    }
    lastProblem = "\(error)"
    for index in entries.indices {
      entries[index].requestID = 0
      entries[index].earliest = nil
    }
    failures += 1
    connection = isNeeded ? .pausing(until: now + pause(after: failures)) : .none
  }

  /// Whether a connection is needed: somebody waits for an answer, or the server has met the client and takes a worker
  /// without a connection for one that is gone, also if it asks for nothing just now.
  private var isNeeded: Bool { !entries.isEmpty || identity != nil }

  private mutating func timer(_ now: Instant, _ effects: inout [Effect]) {
    for entry in entries where entry.deadline <= now {
      if entry.request.isMutation { hasUnknownOutcome = true }
      effects.append(
        .complete(
          entry.ticket,
          .failure(
            .unavailable(
              server: server, waited: entry.request.patience ?? patience.total, lastProblem: lastProblem))))
    }
    entries.removeAll { $0.deadline <= now }
    if case .pausing(let until) = connection, until <= now {
      if isNeeded { connect(&effects) } else { connection = .none }
    }
    sendWaiting(now, &effects)
  }

  /// The server is of no use: tells all who wait. Who asks later makes another connection, as somebody may have put the
  /// right server in its place.
  private mutating func giveUp(_ error: ClientError, _ effects: inout [Effect]) {
    fault = error
    connection = .none
    effects.append(.disconnect)
    for entry in entries {
      if entry.sequence != nil {
        // What no server has got leaves its number to the next one.
        if entry.wasSent { hasUnknownOutcome = true } else { lastSequence -= 1 }
      }
      effects.append(.complete(entry.ticket, .failure(error)))
    }
    entries.removeAll()
  }

  /// Tells those who want to change something that nothing can be sent in order any more.
  private mutating func giveUpMutations(_ effects: inout [Effect]) {
    for entry in entries where entry.request.isMutation {
      effects.append(.complete(entry.ticket, .failure(.outcomeUnknown(server: server))))
    }
    entries.removeAll { $0.request.isMutation }
  }

  /// The pause after so many failures in a row: each twice as long as the one before, half of it random.
  private mutating func pause(after failures: Int) -> Duration {
    let doublings = min(failures - 1, 16)
    let longest = min(patience.firstPause * (1 << doublings), patience.longestPause)
    return longest * Double.random(in: 0.5...1, using: &random)
  }
}
