import Kernels
import NIOCore
import Transport
import Wire

/// Does what a ``ClientSession`` says on a ``ClientSocket``, by the thread that asks, a request at a time.
struct SocketLink {
  private let directory: ServerDirectory
  private let shard: Int
  private let client: Identifier
  private let options: NetworkLinks.Options
  private let losses: LossCounter
  private var session: ClientSession
  private var effects: [ClientSession.Effect] = []
  private var socket: ClientSocket?
  /// Whether the server has answered on the socket.
  private var isReached = false
  /// Which of the host's addresses is tried first.
  private var place = 0
  private var result: Result<Frame, ClientError>?

  init(
    _ shard: Int, of directory: ServerDirectory, expectedShard: (shard: Int, shards: Int)?, client: Identifier,
    options: NetworkLinks.Options, losses: LossCounter
  ) {
    self.shard = shard
    self.directory = directory
    self.client = client
    self.options = options
    self.losses = losses
    var generator = SystemRandomNumberGenerator()
    session = ClientSession(
      server: "\(directory.address(of: shard))", expectedShard: expectedShard, patience: options.patience,
      seed: generator.next())
  }

  /// Asks the servers and waits for all answers, also after a failure: what was lent for them is used again.
  static func call(
    _ links: inout [SocketLink], _ requests: [ServerRequest?], _ arriving: @Sendable (ArrivingAnswer) -> Void
  ) -> [Result<Frame, ClientError>?] {
    // Who finds out now that a connection is gone does not send anything there.
    advance(&links, waitingUntil: .now())
    for (shard, request) in requests.enumerated() {
      if let request { links[shard].step(.submit(request, 0), .now()) }
    }
    // Servers that were not asked, or have answered, are found again meanwhile if they leave.
    while links.contains(where: { !$0.session.isIdle }), let deadline = links.lazy.map(\.deadline).min() {
      advance(&links, waitingUntil: deadline, arriving)
    }
    // What was given up may be on its way still, and its owners go on.
    for link in links { link.socket?.giveBack() }
    return links.indices.map { links[$0].takeResult() }
  }

  /// Waits until something happens, at most until `deadline`, and does what is to be done.
  static func advance(
    _ links: inout [SocketLink], waitingUntil deadline: Instant,
    _ arriving: @Sendable (ArrivingAnswer) -> Void = { _ in }
  ) {
    ClientSocket.wait(for: links.compactMap(\.socket), until: deadline)
    let now = Instant.now()
    for shard in links.indices {
      links[shard].advance(now) { arriving(ArrivingAnswer(shard: shard, requestID: $0, payload: $1)) }
    }
  }

  private var address: Address { directory.address(of: shard) }

  /// The largest payload that the server takes and gives, once it has said so.
  var payloadLimit: Int? { session.payloadLimit }

  /// Whether a connection is being made.
  var isConnecting: Bool { session.isConnecting }

  private var deadline: Instant {
    let end = Instant(nanoseconds: .max)
    return min(session.deadline ?? end, socket?.deadline ?? end)
  }

  private mutating func takeResult() -> Result<Frame, ClientError>? {
    defer { result = nil }
    return result
  }

  private mutating func advance(_ now: Instant, _ arriving: (UInt64, ByteBuffer) -> Void) {
    if let deadline = session.deadline, deadline <= now { step(.timer, now) }
    while let socket {
      do throws(ConnectionError) {
        // The answer to a request that was given up is nobody's.
        let happened = try socket.next(now: now) { if session.isAwaiting($0) { arriving($0, $1) } }
        switch happened {
        case .ready(let challenge, let state):
          isReached = true
          step(.connected(challenge, state), now)
        case .receive(let frame): step(.received(frame), now)
        case .send, .leave: break
        case nil: return
        }
      } catch {
        place = socket.nextPlace
        disconnected(error, now)
      }
    }
  }

  private mutating func disconnected(_ error: ConnectionError, _ now: Instant) {
    socket = nil
    // A server that is not reached may be elsewhere by now.
    if !isReached { directory.refresh() }
    isReached = false
    step(.disconnected(error), now)
  }

  private mutating func step(_ event: ClientSession.Event, _ now: Instant) {
    session.step(event, now: now, into: &effects)
    while !effects.isEmpty {
      var current: [ClientSession.Effect] = []
      swap(&current, &effects)
      for effect in current { perform(effect, now) }
    }
  }

  private mutating func perform(_ effect: ClientSession.Effect, _ now: Instant) {
    switch effect {
    case .connect: connect(now)
    case .disconnect: socket = nil
    case .send(let frame): socket?.send(frame)
    case .complete(_, let result): self.result = result
    case .lost(let updates): losses.add(updates, lostBy: "\(address)")
    }
  }

  private mutating func connect(_ now: Instant) {
    do throws(ConnectionError) {
      socket = try ClientSocket(
        to: address, hello: options.hello(of: client), key: options.key, limits: options.limits, startingAt: place)
    } catch {
      disconnected(error, now)
    }
  }
}
