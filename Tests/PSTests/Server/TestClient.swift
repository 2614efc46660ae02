import Kernels
import NIOCore
import PS
import Parameters
import Wire

/// A client of a ``TestServer``; it encodes requests by itself, from the protocol's page.
final class TestClient {
  private(set) var server: TestServer
  let peer: Peer
  private(set) var connection: ConnectionID
  /// The number of the last mutation.
  var sequence: UInt64 = 0
  /// The model that requests are about.
  var model: UInt32 = 1
  /// The schema of that model.
  private(set) var schema: ModelSchema?
  /// The clocks completed.
  var clock: UInt32 = 0
  /// The epoch in the headers of requests.
  var epoch: UInt32 = 0

  private var lastRequest: UInt64 = 0

  init(_ server: TestServer, id: UInt64, role: Role = .worker, receiveLimit: Int = 64 << 20) {
    self.server = server
    let bytes = (0..<16).map { UInt8(truncatingIfNeeded: id >> (8 * ($0 % 8))) }
    peer = Peer(clientID: Identifier(bytes: bytes), role: role, receiveLimit: receiveLimit)
    connection = server.connect(peer)
  }

  /// Connects again, to the same server or another one.
  func reconnect(to server: TestServer? = nil) {
    self.server = server ?? self.server
    connection = self.server.connect(peer)
  }

  func disconnect() { server.step(.disconnected(connection)) }

  /// Sends a request.
  ///
  /// - Returns: Its number.
  @discardableResult
  func send(_ type: MessageType, _ payload: ByteBuffer, flags: FrameFlags = []) -> UInt64 {
    lastRequest += 1
    let frame = Frame(type, flags: flags, epoch: epoch, requestID: lastRequest, payload: payload)
    server.step(.request(frame, from: connection))
    return lastRequest
  }

  /// The answer to a request, or nil if there is none yet; throws a refusal.
  func answerIfAny(to request: UInt64) throws -> Frame? {
    guard let frame = server.answer(to: request, on: connection) else { return nil }
    if frame.header.flags.contains(.error) { throw try Refusal(reading: frame.payload) }
    return frame
  }

  /// The answer to a request; throws a refusal.
  func answer(to request: UInt64) throws -> Frame {
    guard let frame = try answerIfAny(to: request) else { throw NoAnswer() }
    return frame
  }

  struct NoAnswer: Error {}
}

/// Gradients in a test.
enum TestPush {
  case dense(tensor: Int, first: Int, [Float])
  case rows(tensors: [Int], keys: [Int64], [[Float]])
}

/// What a test reads.
enum TestPull {
  case dense(tensor: Int, first: Int, count: Int)
  case rows(tensors: [Int], keys: [Int64])
}

/// A part of a stream.
struct TestSource {
  var source: UInt64
  var offsets: Range<UInt64>
}

extension TestClient {
  /// The head of the mutation number `sequence`.
  func mutation(_ sequence: UInt64, _ source: TestSource? = nil) -> MessageWriter {
    var writer = MessageWriter()
    Mutation(
      sequence: sequence, model: model, clock: clock, source: source?.source ?? 0, offsets: source?.offsets ?? 0..<0
    ).write(to: &writer)
    return writer
  }

  /// The head of the next mutation.
  func nextMutation(_ source: TestSource? = nil) -> MessageWriter {
    sequence += 1
    return mutation(sequence, source)
  }

  /// Registers a model, which later requests are about.
  @discardableResult
  func register(_ schema: ModelSchema, rank: Int? = nil, bringsValues: Bool = false) throws -> RegisterReply {
    let reply = try registerReply(sendRegistration(schema, rank: rank, bringsValues: bringsValues))
    model = reply.model
    return reply
  }

  func sendRegistration(_ schema: ModelSchema, rank: Int? = nil, bringsValues: Bool = false) -> UInt64 {
    model = 0
    self.schema = schema
    var writer = nextMutation()
    RegisterRequest(rank: rank, bringsValues: bringsValues, schema: schema).write(to: &writer)
    return send(.registerModel, writer.payload)
  }

  func registerReply(_ request: UInt64) throws -> RegisterReply {
    var reader = MessageReader(try answer(to: request).payload)
    return try RegisterReply(from: &reader)
  }

  /// The payload of a push that reads afterwards, unless `pull` is nil.
  func pushPayload(
    _ blocks: [TestPush], pull: [TestPull]? = nil, known: UInt64 = 0, source: TestSource? = nil, sequence: UInt64
  ) -> ByteBuffer {
    var writer = mutation(sequence, source)
    writer.integer(UInt32(32))
    writer.count(blocks.count)
    for block in blocks { writer.push(block, withKind: true) }
    writer.integer(known)
    writer.count(pull?.count ?? 0)
    for block in pull ?? [] { writer.pull(block) }
    return writer.payload
  }

  /// Pushes, and reads nothing.
  @discardableResult
  func push(
    _ blocks: [TestPush], source: TestSource? = nil, flags: FrameFlags = []
  ) throws -> (reply: PullReply, values: [[Float]], isDuplicate: Bool) {
    try pushPull(blocks, [], source: source, flags: flags)
  }

  /// Pushes, then reads.
  @discardableResult
  func pushPull(
    _ blocks: [TestPush], _ pull: [TestPull], known: UInt64 = 0, source: TestSource? = nil, flags: FrameFlags = []
  ) throws -> (reply: PullReply, values: [[Float]], isDuplicate: Bool) {
    try values(sendPush(blocks, pull, known: known, source: source, flags: flags), pull, known: known)
  }

  func sendPush(
    _ blocks: [TestPush], _ pull: [TestPull] = [], known: UInt64 = 0, source: TestSource? = nil, flags: FrameFlags = []
  ) -> UInt64 {
    sequence += 1
    let payload = pushPayload(blocks, pull: pull, known: known, source: source, sequence: sequence)
    return send(.pushPull, payload, flags: flags)
  }

  /// The values that answer a request for `blocks`.
  func values(
    _ request: UInt64, _ blocks: [TestPull], known: UInt64 = 0
  ) throws -> (reply: PullReply, values: [[Float]], isDuplicate: Bool) {
    let frame = try answer(to: request)
    var reader = MessageReader(frame.payload)
    let reply = try PullReply(from: &reader)
    var values: [[Float]] = []
    for count in counts(of: blocks, withDense: reply.revision != known) {
      values.append(try reader.array(of: Float.self, count: count).view.array)
    }
    try reader.finish()
    return (reply, values, frame.header.flags.contains(.duplicate))
  }

  private func counts(of blocks: [TestPull], withDense: Bool) -> [Int] {
    blocks.flatMap { block in
      switch block {
      case .dense(_, _, let count): withDense ? [count] : []
      case .rows(let tensors, let keys): tensors.map { keys.count * (schema?.parameters[$0].rowLength ?? 0) }
      }
    }
  }

  /// Reads.
  func pull(
    _ blocks: [TestPull], known: UInt64 = 0, wait: UInt32 = 0, isUnordered: Bool = false
  ) throws -> (reply: PullReply, values: [[Float]], isDuplicate: Bool) {
    try values(sendPull(blocks, known: known, wait: wait, isUnordered: isUnordered), blocks, known: known)
  }

  func sendPull(_ blocks: [TestPull], known: UInt64 = 0, wait: UInt32 = 0, isUnordered: Bool = false) -> UInt64 {
    var writer = MessageWriter()
    ReadPrefix(model: model, clock: clock, maxWaitMilliseconds: wait, isUnordered: isUnordered).write(to: &writer)
    writer.integer(known)
    writer.count(blocks.count)
    for block in blocks { writer.pull(block) }
    return send(.pull, writer.payload)
  }

  /// Completes a clock.
  func completeClock() throws {
    _ = try answer(to: send(.clock, nextMutation().payload))
    clock += 1
  }

  /// Reads stored values.
  func getValues(model: UInt32, _ ranges: [(part: UInt32, place: TestPlace)]) throws -> [[Float]] {
    var writer = MessageWriter()
    writer.integer(model)
    writer.zeros(4)
    writer.count(ranges.count)
    for range in ranges { writer.place(range.part, range.place) }
    var reader = MessageReader(try answer(to: send(.getValues, writer.payload)).payload)
    _ = try PullReply(from: &reader)
    // The only range is answered by all that is left.
    return [try reader.array(of: Float.self, count: reader.remaining / 4).view.array]
  }

  /// Replaces stored values.
  func putValues(_ values: [(part: UInt32, place: TestPlace, values: [Float])], isLast: Bool) throws {
    var writer = nextMutation()
    writer.flag(isLast)
    writer.zeros(7)
    writer.count(values.count)
    for item in values {
      writer.place(item.part, item.place)
      var values = item.values
      values.withMemoryView { writer.array($0) }
    }
    _ = try answer(to: send(.putValues, writer.payload))
  }

  /// Changes hyper-parameters.
  func setHyperparameters(_ request: SetHyperparametersRequest) throws {
    var writer = nextMutation()
    request.write(to: &writer)
    _ = try answer(to: send(.setHyperparameters, writer.payload))
  }

  /// How far streams are applied.
  func offsets() throws -> [UInt64: UInt64] {
    try OffsetsReply(reading: answer(to: sendOffsets()).payload).offsets
  }

  func sendOffsets() -> UInt64 {
    var writer = MessageWriter()
    writer.integer(model)
    return send(.getOffsets, writer.payload)
  }
}

extension MessageWriter {
  mutating func push(_ block: TestPush, withKind: Bool) {
    switch block {
    case .dense(let tensor, let first, var values):
      if withKind { integer(UInt32(1)) }
      for number in [tensor, first, values.count, 0] { integer(UInt32(number)) }
      values.withMemoryView { array($0) }
    case .rows(let tensors, let keys, let values):
      if withKind { integer(UInt32(2)) }
      rows(tensors, keys)
      for var values in values { values.withMemoryView { array($0) } }
    }
  }

  mutating func pull(_ block: TestPull) {
    switch block {
    case .dense(let tensor, let first, let count):
      integer(UInt32(1))
      for number in [tensor, first, count, 0] { integer(UInt32(number)) }
    case .rows(let tensors, let keys):
      integer(UInt32(2))
      rows(tensors, keys)
    }
  }

  private mutating func rows(_ tensors: [Int], _ keys: [Int64]) {
    count(tensors.count)
    for tensor in tensors { integer(UInt32(tensor)) }
    count(keys.count)
    var keys = keys
    keys.withMemoryView { array($0) }
  }

  mutating func place(_ part: UInt32, _ place: TestPlace) {
    integer(part)
    switch place {
    case .elements(let tensor, let elements):
      for number in [1, tensor, elements.lowerBound, elements.count] { integer(UInt32(number)) }
    case .rows(let tensor, var keys):
      for number in [2, tensor, keys.count] { integer(UInt32(number)) }
      keys.withMemoryView { array($0) }
    }
  }
}
