import Files
import Kernels
import NIOCore
import PS
import Synchronization
import Wire

/// A parameter server that is started, killed and started again on its disk.
final class SimulatedServer {
  let network: Network
  let shard: Int
  private let plan: SimulationPlan
  /// The disk; another one after each crash.
  private(set) var folder = MemoryFolder()
  private let id: Identifier
  private var bootID: UInt64 = 0
  private(set) var process: ServerProcess?
  /// What it owes its clients.
  var debts = Debts()
  /// Which of its clients count for the clocks.
  var presence = Presence()
  private var isStopping = false

  init(_ network: Network, shard: Int, _ plan: SimulationPlan) {
    self.network = network
    self.shard = shard
    self.plan = plan
    id = Identifier(using: &network.world.random)
  }

  static func node(ofShard shard: Int) -> Node { 1 + shard }

  var node: Node { Self.node(ofShard: shard) }
  private var world: World { network.world }

  private var configuration: ServerCore.Configuration {
    var configuration = ServerCore.Configuration()
    (configuration.shard, configuration.shards) = (shard, plan.servers)
    configuration.bootID = bootID
    configuration.durability = plan.durability
    return configuration
  }

  /// Starts it with what is on its disk, or later if the power goes meanwhile.
  func start() {
    guard process == nil else { return }
    bootID = world.random.next()
    do throws(StoreFolderError) {
      let store = plan.durability == .none ? nil : try open(folder)
      try checkOtherWays(of: folder)
      let process = ServerProcess(self, configuration, store, id, plan)
      self.process = process
      for problem in debts.settle({ process.driver.session(of: $0).lastAppliedSequence }) {
        world.violate("server \(shard): \(problem)")
      }
      presence.start(world.now)
      world.note(.started, shard, store.map { Int($0.finding.lastLSN) } ?? 0)
      network.listeners[node] = process.listener
      process.announce()
      checkDisk()
    } catch {
      // A disk that is full or fails is looked at by somebody.
      switch error {
      case .system(let problem): lose(power: folder.isOff || problem.operation == .sync)
      case .noRoom: lose(power: false)
      default: world.violate("server \(shard) does not start: \(error)")
      }
    }
  }

  /// Ends the process in the middle of what it does.
  func kill() {
    guard process != nil else { return }
    world.note(.killed, shard)
    lose(power: false)
  }

  /// Turns the power off.
  func cutPower() {
    guard process != nil else { return }
    lose(power: true)
  }

  /// Stops it in order, as a signal does.
  func stop() {
    guard let process, !isStopping else { return }
    isStopping = true
    world.note(.stopped, shard)
    process.listener.drain()
    world.after(world.seconds(0...2)) { [self] in
      guard self.process === process else { return }
      do throws(FileError) { try process.driver.close() } catch {
        return lose(power: folder.isOff || error.operation == .sync)
      }
      lose(power: false)
    }
  }

  /// Looks whether the disk has failed or the power is gone, after anything that the process did.
  fileprivate func checkDisk() {
    guard let process else { return }
    if folder.isOff {
      lose(power: true)
    } else if let failure = process.failure, !process.isEnding {
      // It answers for a moment that its disk has failed; what was not synced is not to be trusted any more.
      process.isEnding = true
      world.note(.diskFailed, shard)
      world.after(world.seconds(0...0.05)) { [self] in
        if self.process === process { lose(power: failure.operation == .sync) }
      }
    }
  }

  private func lose(power: Bool) {
    process?.end()
    process = nil
    isStopping = false
    network.listeners[node] = nil
    debts.processEnded(world.now)
    if power {
      world.note(.powerFailed, shard)
      folder = folder.afterPowerCut(&world.random)
      debts.powerFailed(plan.durability)
    } else {
      folder = folder.afterKill
    }
    world.after(world.seconds(0.05...plan.longestRestart)) { [self] in start() }
  }

  private func open(_ folder: MemoryFolder) throws(StoreFolderError) -> Store {
    try Store.open(
      folder, configuration, now: world.now, newID: id, segmentByteCount: plan.segmentByteCount,
      time: { 1_700_000_000 })
  }

  /// Checks that every way to what was known leads to the same: without the newest snapshot, with a longer log.
  private func checkOtherWays(of folder: MemoryFolder) throws(StoreFolderError) {
    guard plan.durability != .none, !folder.isOff else { return }
    let snapshots = folder.snapshots
    var expected: StoreContents?
    for dropped in 0...snapshots.count {
      let copy = folder.afterKill
      copy.state.withLock { state in state.capacity = .max }
      for name in snapshots.suffix(dropped) { try? copy.remove(name) }
      let store: Store
      do throws(StoreFolderError) { store = try open(copy) } catch {
        // The log behind the oldest snapshot is gone.
        if dropped == snapshots.count, dropped > 1, case .damaged = error { return }
        throw error
      }
      let found = StoreContents(of: store, configuration, Workload(plan).schema)
      if let expected, expected != found {
        world.violate("server \(shard) with \(dropped) snapshots dropped is another one")
      }
      expected = found
    }
  }

  /// Ends it for good.
  func tearDown() {
    process?.end()
    process = nil
  }
}

extension SimulatedServer {
  // What befalls its disk.

  func limitRoom(to byteCount: Int) { folder.state.withLock { $0.capacity = $0.size + byteCount } }

  func failSync(after count: Int) { folder.state.withLock { $0.goodSyncs = count } }

  func cutPower(afterChanges count: Int) { folder.state.withLock { $0.goodChanges = count } }

  func healDisk() { folder.state.withLock { ($0.capacity, $0.goodSyncs, $0.goodChanges) = (.max, nil, nil) } }
}

/// A run of a parameter server: its driver on a simulated loop, and its listener.
final class ServerProcess: SimulatedService {
  let identity: ServerIdentity
  private(set) var driver: ServerDriver!
  private(set) var listener: SimulatedListener!
  /// Why the process has to end.
  private(set) var failure: FileError?
  var isEnding = false
  private let server: SimulatedServer
  private let loop: SimulatedLoop
  private let alarm: WorldAlarm
  private let scheduler: SimulatedLink
  private var clients: [ConnectionID: Identifier] = [:]

  fileprivate init(
    _ server: SimulatedServer, _ configuration: ServerCore.Configuration, _ store: Store?, _ id: Identifier,
    _ plan: SimulationPlan
  ) {
    self.server = server
    let world = server.network.world
    var identity = ServerIdentity(storeID: store?.identity.id ?? id, bootID: configuration.bootID)
    (identity.shard, identity.shards) = (UInt16(configuration.shard), UInt16(configuration.shards))
    self.identity = identity
    loop = SimulatedLoop(world, slowness: plan.diskSeconds)
    alarm = WorldAlarm(world)
    scheduler = SimulatedLink(
      server.network, from: server.node, to: SimulatedScheduler.node, client: identity.storeID, role: .server,
      shard: nil, patience: .seconds(20), plan)
    listener = SimulatedListener(world, self, plan)
    driver = ServerDriver(
      configuration, store: store, on: loop, snapshotByteCount: plan.snapshotByteCount,
      perform: { [unowned self] in perform($0) }, failed: { [unowned self] in failure = $0 })
    loop.afterwards = { [unowned server] in server.checkDisk() }
    driver.start()
  }

  /// Tells the scheduler, now and from now on, that it is there.
  func announce() {
    let request = JoinRequest(
      role: .server, index: server.shard, address: "\(server.node)", member: identity.storeID)
    scheduler.submit(ServerRequest(reading: .join, request.payload)) { [weak self] result in
      guard let self else { return }
      // What is damaged when they first meet looks like another protocol: an error at which the process ends.
      if case .failure(.rejected) = result { return server.kill() }
      loop.schedule(after: SchedulerCore.renewal) { [weak self] in self?.announce() }
    }
  }

  /// Nothing of it happens any more.
  func end() {
    loop.isOver = true
    alarm.clear()
    scheduler.close()
    listener.die()
    driver = nil
  }

  func session(of client: Identifier) -> SessionState { driver.session(of: client) }

  func connected(_ connection: ConnectionID, _ client: ClientIdentity) {
    clients[connection] = client.id
    server.presence.connected(client.id, loop.now)
    step(.connected(connection, Peer(clientID: client.id, role: client.role, receiveLimit: client.receiveLimit)))
  }

  func received(_ request: Frame, on connection: ConnectionID) { step(.request(request, from: connection)) }

  func disconnected(_ connection: ConnectionID) {
    guard !loop.isOver, let client = clients.removeValue(forKey: connection) else { return }
    if !clients.values.contains(client) { server.presence.disconnected(client, loop.now) }
    step(.disconnected(connection))
  }

  /// Whether requests are not answered yet.
  var hasRequests: Bool { listener.load.requestBytes > 0 }

  private func step(_ event: Event) {
    driver.step(event)
    server.checkDisk()
  }

  private func perform(_ effect: Effect) {
    // What comes behind a power cut never happened.
    guard !loop.isOver, !server.folder.isOff else { return }
    switch effect {
    case .reply(let frame, let connection): listener.reply(frame, to: connection)
    case .stream(let reply, let connection): listener.reply(driver.joined(reply), to: connection)
    case .close(let connection, let refusal): listener.close(connection, refusal)
    case .wake(let time): alarm.set(time) { [weak self] in self?.step(.timer) }
    case .append: preconditionFailure("a record that the driver did not write")
    }
  }
}

/// The loop of a simulated process: work for its disk takes time and has its effect at some moment of that.
final class SimulatedLoop: ServerLoop {
  private let world: World
  private let slowness: ClosedRange<Double>
  /// The process has ended.
  var isOver = false
  /// Is called after anything that was done.
  var afterwards: () -> Void = {}

  init(_ world: World, slowness: ClosedRange<Double>) {
    self.world = world
    self.slowness = slowness
  }

  var now: Instant { world.now }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) {
    world.after(delay) { [self] in
      guard !isOver else { return }
      body()
      afterwards()
    }
  }

  func run<Value: Sendable>(
    on thread: DiskThread, _ work: @escaping @Sendable () throws(FileError) -> Value,
    then done: @escaping (Result<Value, FileError>) -> Void
  ) {
    let (before, behind) = (world.chance(0.3) ? .zero : world.seconds(slowness), world.seconds(slowness))
    schedule(after: before) { [self] in
      let result = Result(catching: work)
      world.note(.synced)
      schedule(after: behind) { done(result) }
    }
  }
}
