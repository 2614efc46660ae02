import NIOCore
import PS
import Wire

/// What answers the requests that come to a ``SimulatedListener``.
protocol SimulatedService: AnyObject {
  var identity: ServerIdentity { get }
  func session(of client: Identifier) -> SessionState
  func connected(_ connection: ConnectionID, _ client: ClientIdentity)
  func received(_ request: Frame, on connection: ConnectionID)
  func disconnected(_ connection: ConnectionID)
}

/// Does what the ``ServerConnection``s of a process say, on simulated lines.
final class SimulatedListener {
  let world: World
  unowned let service: any SimulatedService
  var load: ServerLoad
  fileprivate let keys: KeyRing
  private var ends: [ConnectionID: ServerEnd] = [:]
  private var connectionOfClient: [Identifier: ConnectionID] = [:]
  private var lastConnection: ConnectionID = 0

  init(_ world: World, _ service: any SimulatedService, _ plan: SimulationPlan) {
    self.world = world
    self.service = service
    load = ServerLoad(limits: plan.limits)
    keys = KeyRing(plan.keys)
  }

  func accept(_ line: Line) -> any LineEnd {
    lastConnection += 1
    let end = ServerEnd(lastConnection, line, self)
    ends[lastConnection] = end
    return end
  }

  func reply(_ frame: Frame, to connection: ConnectionID) { ends[connection]?.reply(frame) }

  func close(_ connection: ConnectionID, _ refusal: Refusal) { ends[connection]?.end(refusal) }

  /// Asks all clients to leave.
  func drain() {
    for end in ends.sorted(by: { $0.key < $1.key }) { end.value.drain() }
  }

  /// The process is gone: its lines break, or are silent until somebody sends something.
  func die() {
    for end in ends.sorted(by: { $0.key < $1.key }) { end.value.die() }
    ends = [:]
  }

  fileprivate func admit(_ client: Identifier, _ connection: ConnectionID) {
    if let older = connectionOfClient[client] {
      ends[older]?.end(Refusal(.fenced, "a newer connection of this client has taken over"))
    }
    connectionOfClient[client] = connection
  }

  fileprivate func depart(_ client: Identifier, _ connection: ConnectionID) {
    if connectionOfClient[client] == connection { connectionOfClient[client] = nil }
  }

  fileprivate func remove(_ connection: ConnectionID) { ends[connection] = nil }
}

/// A server's end of a line.
private final class ServerEnd: LineEnd {
  private let number: ConnectionID
  private let line: Line
  private unowned let listener: SimulatedListener
  private var machine: ServerConnection
  private var input = ByteBuffer()
  private var client: Identifier?
  private let alarm: WorldAlarm
  private var isOver = false
  private var isStepping = false

  init(_ number: ConnectionID, _ line: Line, _ listener: SimulatedListener) {
    self.number = number
    self.line = line
    self.listener = listener
    let world = listener.world
    machine = ServerConnection(
      limits: listener.load.limits, keys: listener.keys, nonce: world.nonce(), now: world.now)
    alarm = WorldAlarm(world)
    alarm.set(machine.deadline) { [weak self] in self?.step() }
  }

  var isReading: Bool { machine.isReading }

  func received(_ bytes: ByteBuffer) {
    input.writeImmutableBuffer(bytes)
    step()
  }

  func ended() {
    guard !isOver else { return }
    leave()
    machine.closed(load: &listener.load)
  }

  func reply(_ frame: Frame) {
    guard !isOver, let frame = machine.reply(frame, load: &listener.load, now: listener.world.now) else { return }
    line.send(frame, from: .server)
    stepSoon()
  }

  func end(_ refusal: Refusal) {
    machine.end(refusal)
    stepSoon()
  }

  func drain() {
    if let frame = machine.drain(GoAway(), now: listener.world.now) { line.send(frame, from: .server) }
    stepSoon()
  }

  func die() {
    isOver = true
    alarm.clear()
    line.reset()
    line.close(.server)
  }

  private func stepSoon() { listener.world.after(.zero) { [weak self] in self?.step() } }

  private func step() {
    guard !isOver, !isStepping else { return }
    isStepping = true
    defer { isStepping = false }
    machine.noteOutput(
      waiting: line.waiting(from: .server), load: &listener.load, now: listener.world.now)
    while !isOver,
      let step = machine.next(
        from: &input, identity: listener.service.identity, load: &listener.load, now: listener.world.now)
    { perform(step) }
    guard !isOver else { return }
    if machine.isReading { line.resume(to: .server) }
    alarm.set(machine.deadline) { [weak self] in self?.step() }
  }

  private func perform(_ step: ServerConnection.Step) {
    switch step {
    case .send(let frame): line.send(frame, from: .server)
    case .welcome(let client):
      let session = listener.service.session(of: client.id)
      listener.admit(client.id, number)
      self.client = client.id
      line.send(machine.welcome(session, now: listener.world.now), from: .server)
      listener.service.connected(number, client)
    case .serve(let request): listener.service.received(request, on: number)
    case .finish(let frame):
      depart()
      if let frame { line.send(frame, from: .server) }
      line.finish(.server)
    case .close: leave()
    }
  }

  /// Tells the service that the connection is over, once.
  private func depart() {
    guard let client else { return }
    self.client = nil
    listener.depart(client, number)
    listener.service.disconnected(number)
  }

  private func leave() {
    isOver = true
    alarm.clear()
    depart()
    listener.remove(number)
    line.close(.server)
  }
}
