import PS
import Wire

// A worker that leaves it to a ``ParameterClient`` to speak with the servers; what that says and hears is looked at.
extension SimulatedWorker {
  /// Registers the model and pushes its stream's batches.
  func trainByClient() {
    process = Coroutine(ClientWork(plan: plan, stream: stream, seed: world.random.next()).run)
    clocks = links.map { _ in 0 }
    goOn(nil, world.now)
  }

  /// Lets the process run to its next question; it asked the last time at `asked`.
  private func goOn(_ answer: ClientWork.Answer?, _ asked: Instant) {
    guard isAlive, let question = process?.next(answer) else { return }
    switch question {
    case .call(let requests): call(requests)
    case .think:
      world.after(world.seconds(0...plan.thinkingTime)) { [weak self] in self?.goOn(.noted, asked) }
    case .extraRow:
      goOn(.row(plan.consistency == .synchronous ? nil : simulation.history.nextExtra()), asked)
    case .extraPushed(let row):
      simulation.history.acknowledged(extra: row)
      goOn(.noted, asked)
    case .counted(let sum):
      // Who waits for others reads when they have come, and who asks again reads later than it pushed.
      if !plan.hasClocks, !hasAskedAgain { simulation.history.added(sum, asked..<world.now) }
      goOn(.noted, asked)
    case .completed:
      simulation.completed(stream)
      end()
    case .failed(let error):
      guard let error = error as? ClientError else { return world.violate("worker \(stream): \(error)") }
      switch error {
      // It ended clocks that servers have lost, or others have gone on without it.
      case .refused(let refusal) where [.clockRegression, .limit].contains(refusal.code): end()
      default: end(because: error, asked)
      }
    }
  }

  /// Asks the servers.
  private func call(_ requests: [ServerRequest?]) {
    let asked = world.now
    let clocks = requests.map { $0.flatMap(Self.endedClock) }
    for (shard, clock) in clocks.enumerated() {
      if let clock { simulation.ranks.sent(clock + 1, by: stream, to: shard) }
    }
    var results = [Result<Frame, ClientError>?](repeating: nil, count: requests.count)
    var waiting = requests.count { $0 != nil }
    guard waiting > 0 else { return goOn(.answers(results, lostUpdates: lostUpdates), asked) }
    for (shard, request) in requests.enumerated() {
      guard let request else { continue }
      links[shard].submit(request) { [weak self] result in
        guard let self, isAlive else { return }
        results[shard] = result
        waiting -= 1
        guard waiting == 0 else { return }
        look(at: results, requests, clocks)
        goOn(.answers(results, lostUpdates: lostUpdates), asked)
      }
    }
  }

  /// The clock that a request ends, if it ends one.
  private static func endedClock(of request: ServerRequest) -> UInt32? {
    guard request.flags.contains(.clock) || request.type == .clock else { return nil }
    var reader = MessageReader(request.payload.joined)
    return (try? Mutation(from: &reader))?.clock
  }

  /// Checks answers, if all servers have given one.
  private func look(
    at results: [Result<Frame, ClientError>?], _ requests: [ServerRequest?], _ ended: [UInt32?]
  ) {
    let answers = results.map { try? $0?.get() }
    guard zip(answers, results).allSatisfy({ ($0 == nil) == ($1 == nil) }) else { return }
    hasAskedAgain = answers.contains { $0?.header.flags.contains(.duplicate) == true }
    do throws(Refusal) {
      for (shard, answer) in answers.enumerated() {
        guard let answer, let request = requests[shard] else { continue }
        var reader = MessageReader(answer.payload)
        switch request.type {
        case .registerModel: clocks[shard] = try RegisterReply(from: &reader).prefix.minimumClock
        case .clock, .pushPull, .pull:
          if let clock = ended[shard] {
            clocks[shard] = max(clocks[shard], clock + 1)
            if !answer.header.flags.contains(.duplicate) { simulation.servers[shard].presence.counted(client) }
          }
          if request.type != .clock { check(try ReplyPrefix(from: &reader), shard) }
        default: break
        }
      }
    } catch {
      world.violate("worker \(stream) cannot read an answer: \(error)")
    }
    if requests.contains(where: { $0?.type == .registerModel }), plan.hasClocks { simulation.ranks.registered(self) }
  }
}
