import NIOCore
import PS
import Wire

/// One client's way to one server: does what a ``ClientSession`` and its ``ClientConnection``s say, on simulated lines.
final class SimulatedLink {
  typealias Completion = (Result<Frame, ClientError>) -> Void

  let client: Identifier
  private let network: Network
  private let nodes: (own: Node, server: Node)
  private let role: Role
  private let plan: SimulationPlan
  private var session: ClientSession
  private var effects: [ClientSession.Effect] = []
  private var completions: [ClientSession.Ticket: Completion] = [:]
  private var lastTicket: ClientSession.Ticket = 0
  private var connection: ClientEnd?
  private let alarm: WorldAlarm
  private var isClosed = false
  /// Is told of each answer to a mutation that the server did: its number, and whether it had to be on the disk.
  var acknowledged: (_ sequence: UInt64, _ isDurable: Bool) -> Void = { _, _ in }
  /// Is told how many updates a server has lost.
  var lost: (UInt64) -> Void = { _ in }

  init(
    _ network: Network, from own: Node, to server: Node, client: Identifier, role: Role, shard: (Int, Int)?,
    patience: Duration, _ plan: SimulationPlan
  ) {
    self.network = network
    nodes = (own, server)
    self.client = client
    self.role = role
    self.plan = plan
    var rules = ClientSession.Patience()
    rules.total = patience
    session = ClientSession(
      server: "server \(server)", expectedShard: shard.map { (shard: $0.0, shards: $0.1) }, patience: rules,
      seed: network.world.random.next())
    alarm = WorldAlarm(network.world)
  }

  func submit(_ request: ServerRequest, _ completion: @escaping Completion) {
    guard !isClosed else { return }
    lastTicket += 1
    completions[lastTicket] = completion
    network.world.note(.asked, nodes.own, nodes.server, Int(request.type.rawValue))
    step(.submit(request, lastTicket))
  }

  /// The process is gone: nobody waits for answers any more.
  func close() {
    isClosed = true
    completions = [:]
    alarm.clear()
    connection?.close()
    connection = nil
  }

  private func step(_ event: ClientSession.Event) {
    guard !isClosed else { return }
    session.step(event, now: network.world.now, into: &effects)
    while !effects.isEmpty {
      var current: [ClientSession.Effect] = []
      swap(&current, &effects)
      for effect in current { perform(effect) }
    }
    if let deadline = session.deadline {
      alarm.set(deadline) { [weak self] in self?.step(.timer) }
    }
  }

  private func perform(_ effect: ClientSession.Effect) {
    switch effect {
    case .connect: connect()
    case .disconnect:
      connection?.close()
      connection = nil
    case .send(let frame): connection?.send(frame.joined)
    case .complete(let ticket, let result):
      network.world.note((try? result.get()) == nil ? .failed : .answered, nodes.own, nodes.server)
      // Whoever is told asks again, but not from within.
      guard let completion = completions.removeValue(forKey: ticket) else { return }
      network.world.after(.zero) { [weak self] in if self?.isClosed == false { completion(result) } }
    case .lost(let updates): lost(updates)
    }
  }

  private func connect() {
    let key = plan.key(for: role)
    let hello = Hello(role: role, clientID: client, nonce: network.world.nonce(), keyID: key?.id ?? "")
    let end = ClientEnd(self, hello, key, plan.limits, network.world)
    network.connect(end, from: nodes.own, to: nodes.server) { [weak self] line in
      guard let self, !isClosed else {
        line?.close(.client)
        return
      }
      guard let line else { return step(.disconnected(.unreachable(address: "\(nodes.server)", reason: "a fault"))) }
      connection = end
      end.open(line)
    }
  }
}

// What its connection tells.
extension SimulatedLink {
  fileprivate func ready(_ challenge: Challenge, _ state: SessionState) { step(.connected(challenge, state)) }

  fileprivate func received(_ frame: Frame) { step(.received(frame)) }

  fileprivate func closed(_ error: ConnectionError) {
    connection = nil
    step(.disconnected(error))
  }
}

/// A client's end of a line.
private final class ClientEnd: LineEnd {
  private weak var link: SimulatedLink?
  private let world: World
  private var machine: ClientConnection
  private var line: Line?
  private var input = ByteBuffer()
  private let alarm: WorldAlarm
  /// The mutations that are on their way, by request.
  private var mutations: [UInt64: (sequence: UInt64, isDurable: Bool)] = [:]
  private var isOver = false

  init(_ link: SimulatedLink, _ hello: Hello, _ key: SharedKey?, _ limits: Limits, _ world: World) {
    self.link = link
    self.world = world
    machine = ClientConnection(hello: hello, key: key, limits: limits, now: world.now)
    alarm = WorldAlarm(world)
  }

  var isReading: Bool { true }

  func open(_ line: Line) {
    self.line = line
    line.send(machine.greeting, from: .client)
    step()
  }

  func send(_ frame: Frame) {
    guard !isOver else { return }
    machine.send(frame.header)
    if frame.header.type.isMutation,
      let sequence = frame.payload.getInteger(
        at: 0, endianness: .little, as: UInt64.self)
    {
      mutations[frame.header.requestID] = (sequence, frame.header.flags.contains(.needsDurability))
    }
    line?.send(frame, from: .client)
  }

  func received(_ bytes: ByteBuffer) {
    input.writeImmutableBuffer(bytes)
    step()
    input.discardReadBytes()
  }

  func ended() { fail(.closedByServer) }

  func close() {
    isOver = true
    alarm.clear()
    line?.close(.client)
    line = nil
  }

  private func step() {
    do throws(ConnectionError) {
      while !isOver, let step = try machine.next(from: &input, now: world.now) { perform(step) }
    } catch {
      return fail(error)
    }
    guard !isOver else { return }
    alarm.set(machine.deadline) { [weak self] in self?.step() }
  }

  private func perform(_ step: ClientConnection.Step) {
    switch step {
    case .send(let frame): line?.send(frame, from: .client)
    case .ready(let challenge, let session): link?.ready(challenge, session)
    case .receive(let frame):
      if let (sequence, isDurable) = mutations.removeValue(forKey: frame.header.requestID),
        !frame.header.flags.contains(.error)
      {
        link?.acknowledged(sequence, isDurable)
      }
      link?.received(frame)
    case .leave: break
    }
  }

  private func fail(_ error: ConnectionError) {
    guard !isOver else { return }
    close()
    link?.closed(error)
  }
}

extension MessageType {
  /// Whether a message of this type begins with a ``Mutation``.
  fileprivate var isMutation: Bool {
    switch self {
    case .registerModel, .pushDense, .pushSparse, .pushPull, .clock, .putValues, .setHyperparameters, .dropModel: true
    default: false
    }
  }
}
