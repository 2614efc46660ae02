import Kernels
import NIOCore
import PS
import Wire

/// A cluster in one thread: servers, scheduler, workers, network and disks, and whatever befalls them, from a seed.
final class Simulation {
  let plan: SimulationPlan
  let world: World
  let network: Network
  private(set) var servers: [SimulatedServer] = []
  private let scheduler: SimulatedScheduler
  private var workers: [SimulatedWorker] = []
  private var lastNode = 100
  private var isOver = false
  private var completedStreams: Set<Int> = []
  var history = History()
  var ranks = RankClocks()
  /// When things stop going wrong.
  let faultsEnd: Instant

  init(seed: UInt64, isTraced: Bool = false) {
    plan = SimulationPlan(seed: seed)
    world = World(seed: seed, isTraced: isTraced)
    network = Network(world)
    scheduler = SimulatedScheduler(network, plan)
    faultsEnd = world.now + plan.faultTime
    if isTraced { print(plan) }
  }

  /// Whether a server lost what it had acknowledged, as its policy allows.
  var hasLosses: Bool { servers.contains { $0.debts.hasLosses } }

  /// Runs to the end.
  ///
  /// - Returns: What is wrong, and a number that depends on everything that happened.
  func run() -> (problems: [String], fingerprint: UInt64) {
    defer { tearDown() }
    for shard in 0..<plan.servers {
      let server = SimulatedServer(network, shard: shard, plan)
      servers.append(server)
      world.after(world.seconds(0...1)) { server.start() }
    }
    world.after(world.seconds(0...1)) { [self] in scheduler.start() }
    for stream in 0..<plan.workers { startWorker(stream, after: world.seconds(0...2)) }
    if !plan.faults.isEmpty { breakSomethingLater() }
    world.at(faultsEnd) { [self] in heal() }
    world.run(for: plan.faultTime + .seconds(400)) { [self] in isDone }
    guard world.violations.isEmpty else { return outcome }
    guard isDone else {
      world.violate("streams \(Set(0..<plan.workers).subtracting(completedStreams).sorted()) are not done")
      return outcome
    }
    // Clocks of workers that left end.
    world.run(for: .seconds(15))
    audit()
    guard world.violations.isEmpty else { return outcome }
    for server in servers where plan.durability != .none {
      if plan.durability == .always { server.cutPower() } else { server.kill() }
    }
    world.run(for: .seconds(15))
    audit()
    return outcome
  }

  private var outcome: (problems: [String], fingerprint: UInt64) { (world.violations, world.fingerprint) }

  private var isDone: Bool {
    world.now > faultsEnd && completedStreams.count == plan.workers && workers.isEmpty
      && servers.allSatisfy { $0.process != nil }
  }

  /// All batches of a stream are applied.
  func completed(_ stream: Int) { completedStreams.insert(stream) }

  /// A worker's process has ended; another one takes its place if there is work left.
  func ended(_ worker: SimulatedWorker) {
    workers.removeAll { $0 === worker }
    startIfNeeded(worker.stream)
  }

  private func startIfNeeded(_ stream: Int) {
    guard !isOver, !completedStreams.contains(stream), !workers.contains(where: { $0.stream == stream }) else { return }
    startWorker(stream, after: world.seconds(0.1...3))
  }

  private func startWorker(_ stream: Int, after delay: Duration) {
    lastNode += 1
    let worker = SimulatedWorker(self, stream: stream, node: lastNode)
    workers.append(worker)
    world.after(delay) { if worker.isAlive { worker.start() } }
  }

  private func tearDown() {
    isOver = true
    for worker in workers { worker.end() }
    for server in servers { server.tearDown() }
    scheduler.tearDown()
    network.clear()
    world.clear()
    (workers, servers) = ([], [])
  }
}

// What goes wrong.
extension Simulation {
  private func breakSomethingLater() {
    world.after(world.seconds(0.05...plan.quietTime)) { [self] in
      guard world.now < faultsEnd else { return }
      let fault = plan.faults[world.number(0...plan.faults.count - 1)]
      world.note(.fault, SimulationPlan.Fault.allCases.firstIndex(of: fault)!)
      let server = servers[world.number(0...servers.count - 1)]
      switch fault {
      case .kills: server.kill()
      case .stops: server.stop()
      case .powerCuts: server.cutPower()
      case .powerCutsInChanges: server.cutPower(afterChanges: world.number(1...40))
      case .syncFailures: server.failSync(after: world.number(0...3))
      case .fullDisks:
        server.limitRoom(to: world.number(0...8192))
        world.after(world.seconds(0.5...6)) { server.healDisk() }
      default: breakNetwork(fault)
      }
      breakSomethingLater()
    }
  }

  private func breakNetwork(_ fault: SimulationPlan.Fault) {
    if fault == .schedulerKills { return scheduler.kill() }
    if fault == .slowness {
      network.slowness = Double.random(in: 0.002...0.5, using: &world.random)
      return world.after(world.seconds(0.5...5)) { [self] in network.slowness = 0.002 }
    }
    if fault == .bitFlips {
      network.flips = Double.random(in: 0.01...0.3, using: &world.random)
      return world.after(world.seconds(0.5...5)) { [self] in network.flips = 0 }
    }
    if fault == .workerKills || fault == .zombies {
      guard let worker = workers.randomElement(using: &world.random) else { return }
      return fault == .workerKills ? worker.end() : double(worker)
    }
    guard let line = network.lines.randomElement(using: &world.random) else { return }
    let end = world.chance(0.5) ? Line.End.client : .server
    switch fault {
    case .resets: line.reset()
    case .halfCloses: line.cut(from: end)
    default:
      let time = world.seconds(0.1...12)
      network.open(holeFrom: line.node(end), to: line.node(end.other), for: time)
      if world.chance(0.5) { network.open(holeFrom: line.node(end.other), to: line.node(end), for: time) }
    }
  }

  /// Lets nobody hear of a worker until somebody else has taken its place.
  private func double(_ worker: SimulatedWorker) {
    ranks.double(worker.stream)
    for node in [SimulatedScheduler.node] + servers.map(\.node) {
      network.open(holeFrom: worker.node, to: node, for: .seconds(12))
      network.open(holeFrom: node, to: worker.node, for: .seconds(12))
    }
    startWorker(worker.stream, after: .seconds(11))
  }

  private func heal() {
    network.heal()
    for server in servers { server.healDisk() }
  }
}

// What has become of it all.
extension Simulation {
  private func audit() {
    let workload = Workload(plan)
    let rows = (0..<Int64(plan.workers * plan.batches)).map { $0 }
    var answered = 0
    for server in servers {
      let client = Identifier(using: &world.random)
      let link = SimulatedLink(
        network, from: 50, to: server.node, client: client, role: .admin, shard: (server.shard, plan.servers),
        patience: .seconds(10), plan)
      func own(_ keys: [Int64]) -> [Int64] { keys.filter { workload.shard(ofRow: $0) == server.shard } }
      let tables = [
        (Workload.Tensor.set, own(rows)), (Workload.Tensor.cells, own((0..<Int64(Workload.cellCount)).map { $0 })),
        (Workload.Tensor.extra, own((0..<Int64(Workload.extraCount)).map { $0 })),
      ]
      var writer = MessageWriter()
      ReadPrefix(model: 1, isUnordered: true).write(to: &writer)
      let hasSum = server.shard == workload.shardOfSum
      writer.pulls(
        (hasSum ? [TestPull.dense(tensor: Workload.Tensor.sum, first: 0, count: 1)] : [])
          + tables.map { .rows(tensors: [$0.0], keys: $0.1) })
      link.submit(ServerRequest(reading: .pull, writer.payload)) { [self] result in
        answered += 1
        do { try check(server, hasSum, tables.map(\.1), result.get()) } catch {
          world.violate("server \(server.shard) is asked at the end: \(error)")
        }
        link.close()
      }
    }
    world.run(for: .seconds(10)) { answered == servers.count }
    if answered < servers.count { world.violate("\(servers.count - answered) servers do not answer at the end") }
    if !hasLosses { for problem in history.disorder { world.violate(problem) } }
    for server in servers where server.process?.hasRequests == true {
      world.violate("server \(server.shard) holds requests of nobody")
    }
  }

  private func check(_ server: SimulatedServer, _ hasSum: Bool, _ keys: [[Int64]], _ answer: Frame) throws {
    let workload = Workload(plan)
    var reader = MessageReader(answer.payload)
    _ = try PullReply(from: &reader)
    func values(_ count: Int) throws -> [Float] { try reader.array(of: Float.self, count: count).view.array }
    let count = Float(plan.workers * plan.batches)
    if hasSum, case let sum = try values(1)[0], sum != count { world.violate("\(sum) batches counted of \(count)") }
    for (row, value) in zip(keys[0], try values(keys[0].count)) where value != 1 {
      world.violate("batch \(row) was applied \(value) times")
    }
    let (found, expected) = (try values(2 * keys[1].count), workload.finalCells)
    for (place, key) in keys[1].enumerated() {
      for column in 0..<2 where found[2 * place + column] != expected[2 * Int(key) + column] {
        world.violate("cell \(key) is \(found[2 * place + column]), expected \(expected[2 * Int(key) + column])")
      }
    }
    var extras = [Float](repeating: 0, count: Workload.extraCount)
    for (key, value) in zip(keys[2], try values(keys[2].count)) { extras[Int(key)] = value }
    let own = Set(keys[2])
    for problem in history.problems(ofExtras: extras, among: own, hasLosses: hasLosses) { world.violate(problem) }
  }
}
