import Kernels
import NIOCore
import Transport
import Wire

/// Does what a ``ClientSession`` says, on an event loop: connects, sends, waits, and tells who asked.
final class SessionDriver {
  private let directory: ServerDirectory
  private let shard: Int
  private let client: Identifier
  private let options: NetworkLinks.Options
  private let losses: LossCounter
  private let loop: any EventLoop
  private var session: ClientSession
  private var effects: [ClientSession.Effect] = []
  private var promises: [ClientSession.Ticket: EventLoopPromise<Frame>] = [:]
  private var lastTicket: ClientSession.Ticket = 0
  private var channel: ClientChannel?
  /// Whether the server has answered on the channel.
  private var isReached = false
  private var alarm: Alarm

  init(
    _ shard: Int, of directory: ServerDirectory, expectedShard: (shard: Int, shards: Int)?, client: Identifier,
    options: NetworkLinks.Options, losses: LossCounter, loop: any EventLoop
  ) {
    self.shard = shard
    self.directory = directory
    self.client = client
    self.options = options
    self.losses = losses
    self.loop = loop
    alarm = Alarm(on: loop.assumeIsolated())
    var generator = SystemRandomNumberGenerator()
    session = ClientSession(
      server: "\(directory.address(of: shard))", expectedShard: expectedShard, patience: options.patience,
      seed: generator.next())
  }

  private var address: Address { directory.address(of: shard) }

  /// The largest payload that the server takes and gives, once it has said so.
  var payloadLimit: Int? { session.payloadLimit }

  /// Asks the server; `promise` is told the answer, or a ``ClientError``.
  func submit(_ request: ServerRequest, _ promise: EventLoopPromise<Frame>) {
    lastTicket += 1
    promises[lastTicket] = promise
    step(.submit(request, lastTicket))
  }

  /// Closes the connection. Whoever waits for an answer still gets none.
  func close() {
    channel?.close()
    alarm.clear()
    for promise in promises.values {
      promise.fail(
        ClientError.unavailable(server: "\(address)", waited: .zero, lastProblem: "the client closed the connection"))
    }
    promises.removeAll()
  }

  private func step(_ event: ClientSession.Event) {
    session.step(event, now: .now(), into: &effects)
    while !effects.isEmpty {
      var current: [ClientSession.Effect] = []
      swap(&current, &effects)
      for effect in current { perform(effect) }
    }
    if let deadline = session.deadline { alarm.set(deadline) { [weak self] in self?.ring() } }
  }

  private func perform(_ effect: ClientSession.Effect) {
    switch effect {
    case .connect: connect()
    case .disconnect:
      channel?.close()
      channel = nil
    case .send(let frame): channel?.send(frame.joined)
    case .complete(let ticket, let result):
      let promise = promises.removeValue(forKey: ticket)
      switch result {
      case .success(let frame): promise?.succeed(frame)
      case .failure(let error): promise?.fail(error)
      }
    case .lost(let updates): losses.add(updates, lostBy: "\(address)")
    }
  }

  private func connect() {
    channel = ClientChannel(
      to: address, hello: options.hello(of: client), key: options.key, tls: options.tls, limits: options.limits,
      on: loop, delegate: self)
  }

  private func ring() {
    alarm.clear()
    step(.timer)
  }
}

extension SessionDriver: ClientChannelDelegate {
  func ready(_ challenge: Challenge, _ session: SessionState, on channel: ClientChannel) {
    isReached = true
    step(.connected(challenge, session))
  }

  func received(_ reply: Frame, on channel: ClientChannel) { step(.received(reply)) }

  func left(_ goAway: GoAway, on channel: ClientChannel) {}

  func closed(_ error: ConnectionError, on channel: ClientChannel) {
    self.channel = nil
    // A server that is not reached may be elsewhere by now.
    if !isReached { directory.refresh() }
    isReached = false
    step(.disconnected(error))
  }
}
