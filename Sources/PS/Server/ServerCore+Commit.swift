import NIOCore
import Wire

extension ServerCore {
  /// Takes `entry` as decided: the next request is checked against it, and it is applied when it is in the log.
  mutating func accept(_ entry: LogEntry, pull: PushRequest.Pull? = nil, for target: Target? = nil) {
    accepted.advance(by: entry)
    if configuration.durability != .none { effects.append(.append(entry.record)) }
    pending.append(Pending(entry: entry, pull: pull, targets: target.map { [$0] } ?? []))
    // What was surely left before may be the new model's.
    if case .register(_, _?) = entry.operation { memoryForRows = 0 }
  }

  /// Applies and answers what is in the log.
  mutating func commit(upTo last: UInt64, durable: UInt64) {
    durableLSN = max(durableLSN, durable)
    let count = pending.firstIndex { $0.entry.record.lsn > last } ?? pending.count
    let done = Array(pending[..<count])
    pending.removeFirst(count)
    for item in done {
      apply(item.entry)
      for target in item.targets { answer(item, target) }
    }
    if !held.isEmpty {
      for item in held where item.lsn <= durableLSN { send(item.frame, to: item.connection) }
      held.removeAll { $0.lsn <= durableLSN }
    }
  }

  /// Forgets what was accepted and is not in the log.
  mutating func rollBack(_ failure: LogFailure) {
    logState = .failed(failure)
    accepted = applied
    let lost = pending.flatMap(\.targets)
    pending = []
    // An answer that waits for the disk is not given when the disk cannot be trusted.
    if failure == .broken { held = [] }
    let refusal =
      failure == .full
      ? Refusal(.readOnlyDiskFull, retryAfterMilliseconds: 1000, "the server's disk is full: it only reads")
      : Refusal(.storageFailed, "the server's disk has failed")
    for target in lost { refuse(refusal, target) }
  }

  /// Takes mutations again after a full disk, and ends the clocks that waited for room.
  mutating func goOn() {
    guard case .failed(.full) = logState else { return }
    logState = .working
    for model in stores.keys.sorted() { closeClocks(of: model) }
  }

  /// Makes the changes of `entry`.
  mutating func apply(_ entry: LogEntry) {
    copyStreamedValues()
    let record = entry.record
    let version = applied.models[record.model]?.version ?? 0
    applied.advance(by: entry)
    let parameters = applied.models[record.model]?.schema.parameters ?? []
    let places = places
    switch entry.operation {
    case .register(let request, let tensors?):
      guard let number = applied.numbers[request.schema.name] else { return }
      keepForSnapshot(number)
      stores[number] = ModelStore(tensors: tensors, leaseEnd: now + configuration.leaseTime)
    case .push(let push):
      count(push, of: entry.client, at: version)
      if let rank = synchronousRank(of: entry) {
        // What else came with them is not kept until the end of the clock.
        stores[record.model]?.gradients.add(push.blocks.map(\.detached), rank: rank, clock: push.mutation.clock)
      } else {
        stores[record.model]?.tensors.apply(push.blocks, parameters: parameters, step: version, places: places)
      }
    case .closeClock:
      let pushes = stores[record.model]?.gradients.take(UInt32(record.sequence)) ?? []
      stores[record.model]?.tensors.apply(sumOf: pushes, parameters: parameters, step: version)
    case .putValues(let request):
      for (range, values) in request.values {
        stores[record.model]?.tensors.put(values.view, into: range, places: places)
      }
      stores[record.model]?.leaseEnd = now + configuration.leaseTime
    case .dropModel:
      keepForSnapshot(record.model)
      for read in stores.removeValue(forKey: record.model)?.waiting ?? [] { answer(read.reading) }
    default: break
    }
    if entry.mayMoveClocks { moveClock(of: entry.registeredName.flatMap { applied.numbers[$0] } ?? record.model) }
  }

  /// Counts the examples of a push, and how many updates came between what it was computed from and `version`.
  private mutating func count(_ push: PushRequest, of client: Identifier?, at version: UInt64) {
    statistics.examples += UInt64(push.examples)
    guard let connection = client.flatMap({ connectionOfClient[$0] }),
      let read = connections[connection]?.versionsRead[push.mutation.model]
    else { return }
    statistics.pushed(behind: version - min(version, read))
  }

  /// The rank of the worker whose gradients `entry` has, if they wait for the end of their clock.
  private func synchronousRank(of entry: LogEntry) -> Int? {
    guard let client = entry.client, let model = applied.models[entry.record.model], model.isSynchronous else {
      return nil
    }
    return model.clocks.rank(of: client)
  }
}

extension ServerCore {
  /// Answers a mutation that was applied.
  private mutating func answer(_ item: Pending, _ target: Target) {
    let record = item.entry.record
    guard let result = applied.sessions.slots[Int(record.session)]?.result(of: record.sequence) else { return }
    let lsn = record.flags.contains(.needsSync) ? record.lsn : 0
    guard case .applied(_, let isIgnored) = result.outcome, let pull = item.pull else {
      return answer(result, model: record.model, isRepeated: false, lsn: lsn, target)
    }
    let reading = Reading(model: record.model, pull: pull, isIgnored: isIgnored, lsn: lsn, target: target)
    if let clock = item.entry.completedClock, let needed = applied.models[record.model]?.clock(neededAfter: clock) {
      wait(reading, until: needed, ReadPrefix.waitLimit)
    } else {
      answer(reading)
    }
  }

  /// Says what became of a mutation, once the record `lsn` is on disk.
  mutating func answer(
    _ result: MutationResult, model: UInt32, isRepeated: Bool, lsn: UInt64, _ target: Target
  ) {
    var writer = MessageWriter()
    var flags: FrameFlags = isRepeated ? .duplicate : []
    switch result.outcome {
    case .refused(let refusal): return refuse(refusal, isDuplicate: isRepeated, target)
    case .applied(let version, let isIgnored):
      if isIgnored { flags.insert(.duplicate) }
      var prefix = replyPrefix(of: model, lsn: lsn)
      prefix.version = version
      prefix.isIgnored = isIgnored
      prefix.write(to: &writer)
    case .registered(let model, let isCreated, let expectsValues, let schemaHash):
      var prefix = replyPrefix(of: model, lsn: lsn)
      prefix.minimumClock = max(prefix.minimumClock, clock(of: target.connection, in: model))
      RegisterReply(
        prefix: prefix, model: model, isCreated: isCreated, expectsValues: expectsValues,
        schemaHash: schemaHash
      ).write(to: &writer)
    }
    deliver(writer.payload, flags: flags, lsn: lsn, target)
  }

  /// The clocks that the worker on a connection has completed, as far as they are counted.
  private func clock(of connection: ConnectionID, in model: UInt32) -> UInt32 {
    guard let clocks = applied.models[model]?.clocks,
      let rank = connections[connection].flatMap({ clocks.rank(of: $0.peer.clientID) })
    else { return 0 }
    return clocks.completed[rank]
  }

  /// The state of a model as an answer says it, which is given once the record `lsn` is on disk.
  func replyPrefix(of model: UInt32, lsn: UInt64) -> ReplyPrefix {
    ReplyPrefix(
      version: applied.models[model]?.version ?? 0, minimumClock: stores[model]?.slowestClock ?? 0,
      durableLSN: configuration.durability == .none ? 0 : max(durableLSN, lsn))
  }

  /// Whether an answer that needs the record `lsn` to be on disk can be given.
  func isDurable(_ lsn: UInt64) -> Bool { lsn <= durableLSN || configuration.durability == .none }

  /// Answers, once the record `lsn` is on disk.
  mutating func deliver(_ payload: ByteBuffer, flags: FrameFlags, lsn: UInt64, _ target: Target) {
    let frame = frame(payload, flags: flags, to: target)
    if isDurable(lsn) {
      send(frame, to: target.connection)
    } else {
      held.append((lsn, frame, target.connection))
    }
  }
}
