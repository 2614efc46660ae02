import NIOCore
import Wire

/// A request that is right.
struct AcceptedRequest {
  /// What it changes.
  let operation: LogEntry.Operation
  /// What it wants to read afterwards.
  var pull: PushRequest.Pull?
  /// Whether it must be on the disk before it is acknowledged, whatever the policy.
  var needsSync = false
}

extension ServerCore {
  /// Accepts a mutation, answers again what was answered before, or refuses it.
  ///
  /// What is well-formed and wrong uses up its number like what is applied, so that client and server go on to agree.
  mutating func mutate(_ frame: Frame, _ peer: Peer, _ target: Target) throws(Refusal) {
    var reader = MessageReader(frame.payload)
    let mutation = try Mutation(from: &reader)
    let standing = try accepted.sessions.standing(of: peer.clientID, sequence: mutation.sequence)
    if case .repeated(let slot) = standing { return try answerAgain(frame, mutation, reader, slot, target) }
    try checkLog(frame)
    let request: AcceptedRequest
    do throws(Refusal) {
      request = try check(frame, mutation, &reader, peer)
    } catch {
      guard error.usesUpSequence else { throw error }
      request = AcceptedRequest(operation: .skip(error))
    }
    let slot: Int
    switch standing {
    case .next(let existing), .repeated(let existing): slot = existing
    case .first:
      slot = try freeSlot()
      accept(.session(of: peer.clientID, in: slot, lsn: accepted.lastLSN + 1))
    }
    var entry = LogEntry(
      request.operation, lsn: accepted.lastLSN + 1, session: slot, client: peer.clientID, frame, mutation)
    if request.needsSync { entry.record.flags.insert(.needsSync) }
    accept(entry, pull: request.pull, for: target)
    closeClocks(of: mutation.model)
    if configuration.durability == .none { commit(upTo: accepted.lastLSN, durable: 0) }
  }

  /// What a mutation of the right number asks for.
  private mutating func check(
    _ frame: Frame, _ mutation: Mutation, _ reader: inout MessageReader, _ peer: Peer
  ) throws(Refusal) -> AcceptedRequest {
    switch frame.header.type {
    case .registerModel: return try checkRegistration(&reader, peer.clientID)
    case .pushDense, .pushSparse, .pushPull: return try checkPush(frame, mutation, &reader, peer)
    case .clock:
      try reader.finish()
      let (state, store) = try model(mutation.model)
      _ = try checkClock(mutation, state, store, peer.clientID)
      return AcceptedRequest(operation: .completeClock(mutation))
    case .setHyperparameters: return try checkHyperparameters(mutation, &reader)
    case .putValues: return try checkNewValues(mutation, &reader, peer)
    default:
      try reader.finish()
      _ = try model(mutation.model)
      return AcceptedRequest(operation: .dropModel)
    }
  }

  /// The model number `number` as it was accepted, and its values.
  ///
  /// - Throws: 302 for one that does not exist.
  func model(_ number: UInt32) throws(Refusal) -> (state: ModelState, store: ModelStore) {
    guard let state = accepted.models[number], let store = stores[number] else { throw Self.unknownModel(number) }
    return (state, store)
  }

  private func checkLog(_ frame: Frame) throws(Refusal) {
    switch logState {
    case .working:
      guard configuration.durability != .none || !frame.header.flags.contains(.needsDurability) else {
        throw Refusal(.forbidden, "this server keeps no log and cannot make a change durable")
      }
    case .failed(.full):
      throw Refusal(.readOnlyDiskFull, retryAfterMilliseconds: 1000, "the server's disk is full: it only reads")
    case .failed(.broken): throw Refusal(.storageFailed, "the server's disk has failed")
    }
  }

  /// The slot for a new session: that of the client that is away longest if it was for long, else a new one, else that of
  /// the client that is away longest.
  ///
  /// - Throws: 500 if the clients of all sessions are connected.
  private mutating func freeSlot() throws(Refusal) -> Int {
    if !departed.hasEarlier { departed.prepend(clientsFromBefore, at: start) }
    let count = accepted.sessions.slots.count
    while let (client, time) = departed.first {
      guard let slot = accepted.sessions.slot(of: client) else {
        departed.remove(client)
        continue
      }
      guard count < configuration.sessionLimit, now - time < configuration.sessionLifetime else { return slot }
      break
    }
    guard count < configuration.sessionLimit else {
      throw Refusal(.busy, retryAfterMilliseconds: 1000, "all \(count) sessions are in use")
    }
    return count
  }

  /// The clients of sessions that were begun before the server was and that have not come since, the one first that did
  /// nothing for longest.
  private var clientsFromBefore: [Identifier] {
    accepted.sessions.slots.compactMap(\.self)
      .filter { connectionOfClient[$0.client] == nil && departed.time(of: $0.client) == nil }
      .sorted { $0.lastLSN < $1.lastLSN }
      .map(\.client)
  }

  /// Answers a mutation that came before as it was answered then, or when it is applied. Whether it had to be on the disk
  /// then is not known any more, so it is now.
  private mutating func answerAgain(
    _ frame: Frame, _ mutation: Mutation, _ reader: MessageReader, _ slot: Int, _ target: Target
  ) throws(Refusal) {
    if let index = pending.firstIndex(where: {
      $0.entry.record.session == UInt32(slot) && $0.entry.record.sequence == mutation.sequence
    }) {
      pending[index].targets.append(target)
      return
    }
    guard let session = applied.sessions.slots[slot] else { return }
    let result = session.result(of: mutation.sequence)
    guard result.type == target.type else {
      throw Refusal(.malformed, "the number \(mutation.sequence) belongs to a mutation of another type")
    }
    guard case .applied(_, let isIgnored) = result.outcome, target.type == .pushPull else {
      return answer(result, model: mutation.model, isRepeated: true, lsn: session.lastLSN, target)
    }
    let (state, store) = try appliedModel(mutation.model)
    var reader = reader
    let push = try PushRequest(mutation, from: &reader, of: target.type, rowLength: store.tensors.rowLength(ofTable:))
    guard let pull = push.pull else { return }
    try check(pull, store, connections[target.connection]?.peer)
    let reading = Reading(
      model: mutation.model, pull: pull, isIgnored: isIgnored, isRepeated: true, lsn: session.lastLSN, target: target)
    if frame.header.flags.contains(.clock), let clock = state.clock(neededAfter: mutation.clock) {
      wait(reading, until: clock, ReadPrefix.waitLimit)
    } else {
      answer(reading)
    }
  }
}
