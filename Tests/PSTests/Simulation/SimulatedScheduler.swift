import PS
import Wire

/// A scheduler that is killed and started again, and knows nothing then.
final class SimulatedScheduler: SimulatedService {
  static let node: Node = 0

  private(set) var identity: ServerIdentity
  private let network: Network
  private let plan: SimulationPlan
  private var core: SchedulerCore?
  private var listener: SimulatedListener?
  private var roles: [ConnectionID: Role] = [:]

  init(_ network: Network, _ plan: SimulationPlan) {
    self.network = network
    self.plan = plan
    identity = ServerIdentity(storeID: Identifier(bytes: Array("onlearnscheduler".utf8)), bootID: 0)
  }

  func start() {
    identity.bootID = network.world.random.next()
    var defaults = TrainingDefaults()
    (defaults.workers, defaults.consistency) = (plan.workers, plan.consistency)
    core = SchedulerCore(servers: plan.servers, defaults: defaults, now: network.world.now)
    let listener = SimulatedListener(network.world, self, plan)
    self.listener = listener
    network.listeners[Self.node] = listener
  }

  func kill() {
    guard let listener else { return }
    network.world.note(.killed, Self.node)
    tearDown()
    listener.die()
    network.listeners[Self.node] = nil
    network.world.after(network.world.seconds(0...5)) { [self] in start() }
  }

  func tearDown() { (core, listener, roles) = (nil, nil, [:]) }

  func session(of client: Identifier) -> SessionState { SessionState() }

  func connected(_ connection: ConnectionID, _ client: ClientIdentity) { roles[connection] = client.role }

  func received(_ request: Frame, on connection: ConnectionID) {
    guard let answer = core?.answer(request, role: roles[connection] ?? .reader, now: network.world.now) else { return }
    listener?.reply(answer, to: connection)
  }

  func disconnected(_ connection: ConnectionID) { roles[connection] = nil }
}
