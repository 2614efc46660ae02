import Kernels
import NIOCore
import PS
import Wire

/// A worker's process: it joins, registers the model, and pushes its stream's batches from where the servers have them.
final class SimulatedWorker {
  let stream: Int
  let node: Node
  let client: Identifier
  let simulation: Simulation
  let plan: SimulationPlan
  private let network: Network
  private let workload: Workload
  /// The number of its stream.
  private let source: UInt64
  private let scheduler: SimulatedLink
  private(set) var links: [SimulatedLink] = []
  /// The model's number and the clocks completed, by shard.
  private var models: [UInt32] = []
  var clocks: [UInt32] = []
  private var batch = 0
  /// Whether nothing was pushed since a clock ended.
  private var hasEndedClock = false
  /// What it runs if it trains by a client.
  var process: ClientWork.Process?
  /// The updates that servers have lost with their power.
  private(set) var lostUpdates: UInt64 = 0
  /// Whether its client had to ask again for what was answered last.
  var hasAskedAgain = false
  private(set) var isAlive = true

  init(_ simulation: Simulation, stream: Int, node: Node) {
    self.simulation = simulation
    self.stream = stream
    self.node = node
    network = simulation.network
    plan = simulation.plan
    workload = Workload(plan)
    source = SourceID.of(Workload.source(stream))
    client = Identifier(using: &network.world.random)
    scheduler = SimulatedLink(
      network, from: node, to: SimulatedScheduler.node, client: client, role: .worker, shard: nil,
      patience: plan.patience, plan)
  }

  var world: World { network.world }

  /// Ends the process, whatever it does.
  func end() {
    guard isAlive else { return }
    isAlive = false
    world.note(.finished, node)
    for link in [scheduler] + links { link.close() }
    process?.cancel()
    simulation.ended(self)
  }

  /// Asks for its place until all servers are there.
  func start() {
    let request = JoinRequest(role: .worker, index: stream, address: "", member: client)
    scheduler.submit(ServerRequest(reading: .join, request.payload)) { [weak self] result in
      guard let self else { return }
      guard case .success(let frame) = result, let map = try? ShardMapReply(reading: frame.payload) else {
        return end()
      }
      guard map.isComplete else {
        return world.after(.milliseconds(200)) { [weak self] in if self?.isAlive == true { self?.start() } }
      }
      connect(map)
      renew()
    }
  }

  private func renew() {
    world.after(SchedulerCore.renewal) { [weak self] in
      guard let self, isAlive else { return }
      let request = JoinRequest(role: .worker, index: stream, address: "", member: client)
      scheduler.submit(ServerRequest(reading: .join, request.payload)) { _ in }
      renew()
    }
  }

  private func connect(_ map: ShardMapReply) {
    links = map.servers.enumerated().map { shard, server in
      let link = SimulatedLink(
        network, from: node, to: Node(server.address)!, client: client, role: .worker, shard: (shard, plan.servers),
        patience: plan.patience, plan)
      link.acknowledged = { [unowned self] sequence, isDurable in
        simulation.servers[shard].debts.acknowledged(client, sequence, isDurable: isDurable, at: world.now)
      }
      // The end of a clock may be among them.
      link.lost = { [unowned self] updates in
        hasEndedClock = false
        lostUpdates += updates
      }
      return link
    }
    if world.chance(0.5) { register() } else { trainByClient() }
  }

  private func register() {
    let request = RegisterRequest(rank: plan.hasClocks ? stream : nil, bringsValues: false, schema: workload.schema)
    ask(
      { _ in
        var writer = MessageWriter()
        Mutation(sequence: 0, model: 0).write(to: &writer)
        request.write(to: &writer)
        return ServerRequest(changing: .registerModel, writer.payload)
      }
    ) { (frame) throws(Refusal) in
      var reader = MessageReader(frame.payload)
      return try RegisterReply(from: &reader)
    } then: { [self] replies in
      models = replies.map(\.model)
      clocks = replies.map(\.prefix.minimumClock)
      if plan.hasClocks { simulation.ranks.registered(self) }
      agreeOnClock()
    }
  }

  /// Goes on in the latest clock of all servers, and tells the others, as a ``ParameterClient`` does.
  private func agreeOnClock() {
    let (earliest, latest) = (clocks.min() ?? 0, clocks.max() ?? 0)
    guard plan.hasClocks, earliest < latest, plan.consistency != .synchronous || latest - earliest <= 2 else {
      return readOffsets()
    }
    let ended = plan.consistency == .synchronous ? earliest : latest - 1
    let before = clocks
    clocks = clocks.map { max($0, ended + 1) }
    ask(
      { [self] shard in
        guard before[shard] <= ended else { return offsetsRequest(shard) }
        var writer = MessageWriter()
        Mutation(sequence: 0, model: models[shard], clock: ended).write(to: &writer)
        simulation.ranks.sent(ended + 1, by: stream, to: shard)
        return ServerRequest(changing: .clock, writer.payload)
      }
    ) { (_) throws(Refusal) in
      ()
    } then: { [self] _ in
      agreeOnClock()
    }
  }

  /// Goes on with the first batch that one of the servers lacks, and ends if it was asked for when all were done.
  private func readOffsets(atEnd isEnd: Bool = false) {
    ask(offsetsRequest) { (frame) throws(Refusal) in
      try OffsetsReply(reading: frame.payload).offsets
    } then: { [self] replies in
      batch = Int(replies.map { $0[source] ?? 0 }.min() ?? 0)
      guard isEnd, batch == plan.batches, !plan.hasClocks || hasEndedClock else { return think() }
      simulation.completed(stream)
      end()
    }
  }

  private func offsetsRequest(_ shard: Int) -> ServerRequest {
    var writer = MessageWriter()
    writer.integer(models[shard])
    return ServerRequest(reading: .getOffsets, writer.payload)
  }

  private func think() {
    guard batch < plan.batches else {
      // Gradients of a clock that an earlier process did not end are applied, too.
      return plan.hasClocks && !hasEndedClock ? completeClock() : readOffsets(atEnd: true)
    }
    world.after(world.seconds(0...plan.thinkingTime)) { [weak self] in
      guard let self, isAlive else { return }
      switch world.number(0...9) {
      case 0: pull()
      case 1 where plan.consistency != .synchronous: pushExtra()
      default: pushBatch()
      }
    }
  }
}

// What it does over and over.
extension SimulatedWorker {
  private func pushBatch() {
    let endsClock = plan.hasClocks && world.chance(0.7)
    hasEndedClock = false
    let begin = world.now
    let isOfSum: [TestPull] = [.dense(tensor: Workload.Tensor.sum, first: 0, count: 1)]
    ask(
      { [self] shard in
        var writer = MessageWriter()
        let offsets = UInt64(batch)..<UInt64(batch) + 1
        let mutation = Mutation(
          sequence: 0, model: models[shard], clock: clocks[shard], source: source, offsets: offsets)
        writer.push(mutation, workload.blocks(stream, batch, on: shard), shard == workload.shardOfSum ? isOfSum : [])
        if endsClock { simulation.ranks.sent(clocks[shard] + 1, by: stream, to: shard) }
        var flags: FrameFlags = endsClock ? .clock : []
        if plan.durability == .everySecond, world.chance(0.1) { flags.insert(.needsDurability) }
        return ServerRequest(changing: .pushPull, writer.payload, flags: flags)
      }
    ) { (frame) throws(Refusal) in
      var reader = MessageReader(frame.payload)
      let head = try PullReply(from: &reader)
      let sum = reader.remaining > 0 ? try reader.array(of: Float.self, count: 1).view[0] : 0
      return (head: head.prefix, sum: sum, isRepeated: frame.header.flags.contains(.duplicate))
    } then: { [self] replies in
      let answer = replies[workload.shardOfSum]
      if !endsClock, !answer.isRepeated, plan.consistency != .synchronous {
        simulation.history.added(answer.sum, begin..<world.now)
      }
      batch += 1
      guard plan.hasClocks else { return think() }
      if endsClock { clockEnded(replies.map(\.isRepeated), replies.map(\.head)) } else { completeClock() }
    }
  }

  private func completeClock() {
    ask(
      { [self] shard in
        var writer = MessageWriter()
        Mutation(sequence: 0, model: models[shard], clock: clocks[shard]).write(to: &writer)
        simulation.ranks.sent(clocks[shard] + 1, by: stream, to: shard)
        return ServerRequest(changing: .clock, writer.payload)
      }
    ) { (frame) throws(Refusal) in
      frame.header.flags.contains(.duplicate)
    } then: { [self] areRepeated in
      clockEnded(areRepeated, [])
    }
  }

  private func clockEnded(_ areRepeated: [Bool], _ replies: [ReplyPrefix]) {
    hasEndedClock = true
    for shard in clocks.indices {
      clocks[shard] += 1
      // What was accepted before the client was gone says nothing of now.
      if !areRepeated[shard] { simulation.servers[shard].presence.counted(client) }
    }
    for (shard, reply) in replies.enumerated() { check(reply, shard) }
    // Who pushes for a clock that others have not completed has to wait for them.
    if replies.isEmpty, plan.consistency == .synchronous { pull() } else { think() }
  }

  /// Checks that values are not older than the staleness allows.
  func check(_ reply: ReplyPrefix, _ shard: Int) {
    guard let staleness = plan.consistency.staleness, simulation.ranks.isBound(stream) else { return }
    let needed = clocks[shard] - min(clocks[shard], UInt32(staleness))
    if reply.minimumClock < needed {
      world.violate("worker \(stream) in clock \(clocks[shard]) reads values of clock \(reply.minimumClock)")
    }
    for problem in simulation.ranks.check(needed, on: simulation.servers[shard], world.now) { world.violate(problem) }
  }

  private func pull() {
    ask(
      { [self] shard in
        var writer = MessageWriter()
        ReadPrefix(model: models[shard], clock: clocks[shard], maxWaitMilliseconds: 5000).write(to: &writer)
        writer.pulls([])
        return ServerRequest(reading: .pull, writer.payload)
      }
    ) { (frame) throws(Refusal) in
      var reader = MessageReader(frame.payload)
      return try PullReply(from: &reader).prefix
    } then: { [self] replies in
      for (shard, reply) in replies.enumerated() { check(reply, shard) }
      think()
    }
  }

  /// A push that belongs to no stream: who does not hear of it does not know what became of it.
  private func pushExtra() {
    guard let row = simulation.history.nextExtra() else { return think() }
    let shard = workload.shard(ofRow: row)
    var writer = MessageWriter()
    writer.push(
      Mutation(sequence: 0, model: models[shard], clock: clocks[shard]),
      [.rows(tensors: [Workload.Tensor.extra], keys: [row], [[-1]])], [])
    let asked = world.now
    links[shard].submit(ServerRequest(changing: .pushPull, writer.payload)) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success:
        simulation.history.acknowledged(extra: row)
        think()
      case .failure(let error):
        if case .refused = error { simulation.history.refused(extra: row) }
        recover(from: error, asked)
      }
    }
  }
}

// How it asks.
extension SimulatedWorker {
  /// Asks all servers, and goes on with their answers, or as is fit after a failure.
  private func ask<Answer>(
    _ request: (_ shard: Int) -> ServerRequest,
    _ read: @escaping (Frame) throws(Refusal) -> Answer, then: @escaping ([Answer]) -> Void
  ) {
    var answers = [Frame?](repeating: nil, count: links.count)
    var failure: ClientError?
    var waiting = links.count
    let asked = world.now
    for (shard, link) in links.enumerated() {
      link.submit(request(shard)) { [weak self] result in
        guard let self, isAlive else { return }
        switch result {
        case .success(let frame): answers[shard] = frame
        case .failure(let error): failure = failure ?? error
        }
        waiting -= 1
        guard waiting == 0 else { return }
        if let failure { return recover(from: failure, asked) }
        do throws(Refusal) {
          var values: [Answer] = []
          for answer in answers { values.append(try read(answer!)) }
          then(values)
        } catch {
          world.violate("worker \(stream) cannot read an answer: \(error)")
        }
      }
    }
  }

  private func recover(from error: ClientError, _ asked: Instant) {
    switch error {
    case .refused(let refusal):
      switch refusal.code {
      case .offsetGap, .offsetOverlap: readOffsets()
      case .clockRegression, .limit: register()
      default: end(because: error, asked)
      }
    default: end(because: error, asked)
    }
  }

  /// Ends after a failure of what was asked at the time `asked`, which has to have a reason.
  func end(because error: ClientError, _ asked: Instant) {
    switch error {
    // Another process of this stream has its rank.
    case .refused(let refusal) where refusal.code == .forbidden && plan.faults.contains(.zombies): end()
    case .unavailable:
      // Who waits for a clock that was lost, or for a rank that is in use, has to start again.
      let isExcused = plan.hasClocks && (simulation.hasLosses || !simulation.ranks.isBound(stream))
      if asked >= simulation.faultsEnd, plan.patience >= .seconds(60), !isExcused {
        world.violate("worker \(stream): \(error)")
      }
      end()
    case .outcomeUnknown: end()
    // What is damaged when they first meet looks like another protocol.
    case .rejected where plan.faults.contains(.bitFlips): end()
    default: world.violate("worker \(stream): \(error)")
    }
  }
}

extension MessageWriter {
  /// A push that reads afterwards.
  mutating func push(_ mutation: Mutation, _ blocks: [TestPush], _ pulls: [TestPull]) {
    mutation.write(to: &self)
    integer(UInt32(1))
    count(blocks.count)
    for block in blocks { push(block, withKind: true) }
    self.pulls(pulls)
  }

  /// What is wanted, of whatever revision.
  mutating func pulls(_ pulls: [TestPull]) {
    integer(UInt64(0))
    count(pulls.count)
    for block in pulls { pull(block) }
  }
}
