import Kernels
import NIOCore
import Wire

/// Values that are to be answered.
struct Reading: Sendable {
  /// Of which model.
  let model: UInt32
  /// Which ones.
  let pull: PushRequest.Pull
  /// Whether the push that they belong to was ignored, as a part of its stream that had been applied before.
  var isIgnored = false
  /// Whether that push was sent again.
  var isRepeated = false
  /// The record that must be on disk first, or 0.
  var lsn: UInt64 = 0
  /// Who asked.
  let target: ServerCore.Target
}

extension ServerCore {
  /// The model number `number` and its values, as they are applied.
  func appliedModel(_ number: UInt32) throws(Refusal) -> (state: ModelState, store: ModelStore) {
    guard let state = applied.models[number], let store = stores[number] else { throw Self.unknownModel(number) }
    return (state, store)
  }

  static func unknownModel(_ number: UInt32) -> Refusal {
    Refusal(.unknownModel, "there is no model number \(number); register it")
  }

  /// Answers a pull, at once or when slower workers have come close enough.
  mutating func read(_ frame: Frame, _ peer: Peer, _ target: Target) throws(Refusal) {
    let request = try PullRequest(reading: frame.payload, of: target.type)
    let prefix = request.prefix
    let (state, store) = try appliedModel(prefix.model)
    try checkIsReady(state, store, for: peer.clientID)
    try check(request.pull, store, peer)
    let reading = Reading(model: prefix.model, pull: request.pull, target: target)
    if !prefix.isUnordered, state.clocks.rank(of: peer.clientID) != nil,
      let clock = state.clock(neededAt: prefix.clock)
    {
      wait(reading, until: clock, prefix.maxWaitMilliseconds)
    } else {
      answer(reading)
    }
  }

  /// Checks that what is wanted exists, and that the answer is not larger than the client accepts.
  func check(_ pull: PushRequest.Pull, _ store: ModelStore, _ peer: Peer?) throws(Refusal) {
    try store.tensors.check(pull.blocks)
    try checkSize(store.tensors.byteCount(of: pull.blocks, behind: PullReply.byteCount), peer)
  }

  private func checkSize(_ byteCount: Int, _ peer: Peer?) throws(Refusal) {
    let limit = min(peer?.receiveLimit ?? 0, configuration.payloadLimit)
    guard byteCount <= limit else {
      throw Refusal(
        .responseTooLarge, detail: UInt64(byteCount), "an answer of \(byteCount) bytes, of which \(limit) are accepted")
    }
  }

  /// The revision of a model's dense tensors as clients know it: after a start none of those from before, as changes
  /// that were lost with the power and those that came in their place are counted alike.
  private func revision(of state: ModelState) -> UInt64 {
    max(1, SplitMix64.mix(state.revision &+ SplitMix64.mix(configuration.bootID)))
  }

  /// Answers with values as they are now.
  mutating func answer(_ reading: Reading) {
    guard let state = applied.models[reading.model], let store = stores[reading.model] else {
      return refuse(Self.unknownModel(reading.model), reading.target)
    }
    guard let peer = connections[reading.target.connection]?.peer else { return }
    let revision = revision(of: state)
    var cursor = PullCursor(reading.pull.blocks, withDense: reading.pull.knownRevision != revision)
    let size = store.tensors.byteCount(of: cursor.blocks, behind: PullReply.byteCount)
    // A client that has come back may take less than when it asked; it is then told so.
    let isStreamed = size >= FrameParts.leastDivided && size <= peer.receiveLimit && isDurable(reading.lsn)
    var prefix = replyPrefix(of: reading.model, lsn: reading.lsn)
    prefix.isIgnored = reading.isIgnored
    let head = PullReply(prefix: prefix, revision: revision)
    connections[reading.target.connection]?.versionsRead[reading.model] = state.version
    let flags: FrameFlags = reading.isIgnored || reading.isRepeated ? .duplicate : []
    if isStreamed {
      let header = header(of: size, flags: flags, to: reading.target)
      let reply = StreamedReply(header, model: reading.model, head: head, values: cursor)
      send(reply, to: reading.target.connection)
    } else {
      var writer = MessageWriter(capacity: size)
      head.write(to: &writer)
      store.tensors.write(&cursor, atMost: size, to: &writer, places: places)
      deliver(writer.payload, flags: flags, lsn: reading.lsn, reading.target)
    }
  }

  /// Answers with weights or optimizer state as they are stored.
  mutating func getValues(_ frame: Frame, _ peer: Peer, _ target: Target) throws(Refusal) {
    let request = try GetValuesRequest(reading: frame.payload)
    let (state, store) = try appliedModel(request.model)
    try checkIsReady(state, store, for: peer.clientID)
    var size = PullReply.byteCount
    for range in request.ranges { size = (size + 7) / 8 * 8 + 4 * (try store.tensors.check(range)) }
    try checkSize(size, peer)
    var writer = MessageWriter(capacity: size)
    PullReply(prefix: replyPrefix(of: request.model, lsn: 0), revision: revision(of: state)).write(to: &writer)
    for range in request.ranges { store.tensors.write(range, to: &writer, places: places) }
    reply(writer.payload, to: target)
  }

  /// Answers how far the streams of a model are applied, once that is on the disk: who feeds one goes on from there.
  mutating func getOffsets(_ frame: Frame, _ target: Target) throws(Refusal) {
    var reader = MessageReader(frame.payload)
    let number = try reader.integer(UInt32.self)
    try reader.finish()
    let offsets = try appliedModel(number).state.streams.ends
    deliver(OffsetsReply(offsets: offsets).payload, flags: [], lsn: applied.lastLSN, target)
  }

  /// Answers what a model is.
  mutating func describe(_ frame: Frame, _ target: Target) throws(Refusal) {
    let name = try DescribeRequest(reading: frame.payload).name
    guard let number = applied.numbers[name], let state = applied.models[number] else {
      throw Refusal(.unknownModel, "there is no model of this name; the first training registers it")
    }
    let prefix = replyPrefix(of: number, lsn: 0)
    reply(DescribeReply(prefix: prefix, model: number, schema: state.schema).payload, to: target)
  }
}
