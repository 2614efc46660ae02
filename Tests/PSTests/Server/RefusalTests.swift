import NIOCore
import PS
import Parameters
import Testing
import Wire

/// Every row of the table of bad inputs that concerns what is asked, and not how.
@Suite struct `A request that is wrong` {
  private let server: TestServer
  private let client: TestClient
  private let schema = TestModels.small()

  init() throws {
    server = try TestServer()
    client = TestClient(server, id: 1)
    try client.register(schema)
    try client.push([
      .dense(tensor: 0, first: 0, [1, 2, 3, 4, 5, 6]), .rows(tensors: [1, 2], keys: [3], [[1], [1, 1, 1, 1]]),
    ])
  }

  /// Checks that a push is refused, that nothing changed, and whether it used up its number.
  private func refuses(
    _ code: ErrorCode, detail: UInt64? = nil, usesUpNumber: Bool = true, _ blocks: [TestPush], pull: [TestPull] = [],
    from sender: TestClient? = nil, source: TestSource? = nil
  ) throws {
    let sender = sender ?? client
    let before = try server.contents(of: schema, model: 1)
    let version = try client.pull([]).reply.prefix.version
    let refusal = try #require(throws: Refusal.self) { try sender.pushPull(blocks, pull, source: source) }
    #expect(refusal.code == code)
    #expect(refusal.closesConnection == false)
    if let detail { #expect(refusal.detail == detail) }
    #expect(try server.contents(of: schema, model: 1) == before)
    #expect(try client.pull([]).reply.prefix.version == version)
    if !usesUpNumber { sender.sequence -= 1 }
    try sender.push([])
    #expect(try client.pull([]).reply.prefix.version == version + 1)
  }

  @Test func `about an unknown model is refused`() throws {
    client.model = 9
    let refusal = try #require(throws: Refusal.self) { try client.push([]) }
    #expect(refusal.code == .unknownModel)
    #expect(try #require(throws: Refusal.self) { try client.pull([]) }.code == .unknownModel)
    #expect(try #require(throws: Refusal.self) { try client.offsets() }.code == .unknownModel)
    client.model = 1
    try client.push([])
  }

  @Test func `about an unknown tensor is refused`() throws {
    try refuses(.unknownTensor, [.dense(tensor: 4, first: 0, [1])])
    try refuses(.unknownTensor, [.rows(tensors: [4_000_000_000], keys: [], [[]])])
    try refuses(.unknownTensor, [], pull: [.dense(tensor: 4, first: 0, count: 1)])
    try refuses(.unknownTensor, [], pull: [.rows(tensors: [1, 4], keys: [1])])
  }

  @Test func `of the wrong shape is refused`() throws {
    try refuses(.shapeMismatch, [.dense(tensor: 0, first: 1, [1, 2, 3, 4, 5, 6])])
    try refuses(.shapeMismatch, [.dense(tensor: 0, first: 4_294_967_295, [1])])
    try refuses(.shapeMismatch, [.dense(tensor: 1, first: 0, [1])])
    try refuses(.shapeMismatch, [.rows(tensors: [0], keys: [0], [[1, 2, 3]])])
    try refuses(.shapeMismatch, [.rows(tensors: [1], keys: [99, 100], [[1, 2]])])
    try refuses(.shapeMismatch, [.rows(tensors: [1], keys: [-1], [[1]])])
    try refuses(.shapeMismatch, [], pull: [.dense(tensor: 0, first: 0, count: 7)])
    try refuses(.shapeMismatch, [], pull: [.rows(tensors: [1], keys: [100])])
    try refuses(.shapeMismatch, [], pull: [.rows(tensors: [0], keys: [0])])
  }

  @Test func `to train what is frozen is refused`() throws {
    try refuses(.shapeMismatch, [.dense(tensor: 3, first: 0, [1, 1])])
  }

  @Test func `with keys that do not ascend is refused`() throws {
    try refuses(.keysNotAscending, [.rows(tensors: [1], keys: [2, 1], [[1, 1]])])
    try refuses(.keysNotAscending, [.rows(tensors: [1], keys: [2, 2], [[1, 1]])])
    try refuses(.keysNotAscending, [.rows(tensors: [1, 1], keys: [2], [[1], [1]])])
    try refuses(.keysNotAscending, [.rows(tensors: [1], keys: [1], [[1]]), .rows(tensors: [1], keys: [2], [[1]])])
    try refuses(.keysNotAscending, [.dense(tensor: 0, first: 3, [1]), .dense(tensor: 0, first: 2, [1])])
    try refuses(.keysNotAscending, [], pull: [.rows(tensors: [1], keys: [2, 2])])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `with a value that is not finite is refused as a whole`(_ bad: Float) throws {
    try refuses(
      .notFinite, [.rows(tensors: [1], keys: [5], [[1]]), .dense(tensor: 0, first: 0, [1, 1, 1, 1, 1, bad])])
    try refuses(
      .notFinite, [.dense(tensor: 0, first: 0, [1]), .rows(tensors: [1, 2], keys: [5], [[1], [1, 1, 1, bad]])])
  }

  @Test func `that does not end where it should is refused`() throws {
    for change in [-1, 1] {
      client.sequence += 1
      let whole = client.pushPayload([.dense(tensor: 0, first: 0, [1, 2])], pull: [], sequence: client.sequence)
      let bytes = change < 0 ? Array(whole.readableBytesView.dropLast()) : whole.readableBytesView + [0]
      let request = client.send(.pushPull, ByteBuffer(bytes: bytes))
      #expect(try #require(throws: Refusal.self) { try client.answer(to: request) }.code == .malformed)
    }
    try client.push([])
  }

  @Test func `cut short anywhere is refused and changes nothing`() throws {
    let before = try server.contents(of: schema, model: 1)
    let blocks: [TestPush] = [
      .dense(tensor: 0, first: 0, [1, 2]),
      .rows(tensors: [1, 2], keys: [1, 2], [[1, 1], .init(repeating: 1, count: 8)]),
    ]
    let count = client.pushPayload(blocks, pull: [], sequence: 1).readableBytes
    for length in 0..<count {
      let bytes = client.pushPayload(blocks, pull: [], sequence: client.sequence + 1).readableBytesView.prefix(length)
      let request = client.send(.pushPull, ByteBuffer(bytes: bytes))
      #expect(try #require(throws: Refusal.self) { try client.answer(to: request) }.code == .malformed, "\(length)")
      // Only a mutation whose head could be read has a number to use up.
      if length >= 40 { client.sequence += 1 }
    }
    #expect(try server.contents(of: schema, model: 1) == before)
    try client.push([])
  }

  @Test func `of an unknown type is refused and the connection stays`() throws {
    let request = client.send(MessageType(rawValue: 0x7F), ByteBuffer())
    let refusal = try #require(throws: Refusal.self) { try client.answer(to: request) }
    #expect(refusal.code == .unknownType && !refusal.closesConnection)
    try client.push([])
  }

  @Test func `that the role does not allow is refused`() throws {
    let reader = TestClient(server, id: 2, role: .reader)
    #expect(try #require(throws: Refusal.self) { try reader.push([]) }.code == .forbidden)
    #expect(try reader.pull([.dense(tensor: 3, first: 0, count: 2)]).values == [[7, 7]])
    let request = client.send(.dropModel, client.nextMutation().payload)
    #expect(try #require(throws: Refusal.self) { try client.answer(to: request) }.code == .forbidden)
    client.sequence -= 1
    try client.push([])
  }

  @Test func `routed by another map is refused`() throws {
    client.epoch = 3
    let refusal = try #require(throws: Refusal.self) { try client.push([]) }
    #expect(refusal.code == .staleEpoch && refusal.detail == 0)
    client.epoch = 0
    client.sequence -= 1
    try client.push([])
  }

  @Test func `whose answer is larger than the client accepts is refused before anything is done`() throws {
    let narrow = TestClient(server, id: 2, receiveLimit: 32 + 6 * 4)
    try narrow.register(schema)
    #expect(try narrow.pull([.dense(tensor: 0, first: 0, count: 6)]).values == [[-1, -2, -3, -4, -5, -6]])
    try refuses(
      .responseTooLarge, [.dense(tensor: 0, first: 0, [1])],
      pull: [.dense(tensor: 0, first: 0, count: 6), .dense(tensor: 0, first: 0, count: 1)], from: narrow)
    let tooMuch: [TestPull] = [.rows(tensors: [2], keys: [1, 2])]
    #expect(try #require(throws: Refusal.self) { try narrow.pull(tooMuch) }.code == .responseTooLarge)
  }

  @Test func `of a stream's batch out of order is refused, and one that was applied is ignored`() throws {
    let push: [TestPush] = [.dense(tensor: 0, first: 0, [1])]
    try client.push(push, source: .init(source: 5, offsets: 10..<20))
    try refuses(.offsetGap, detail: 20, usesUpNumber: false, push, source: .init(source: 5, offsets: 21..<30))
    try refuses(.offsetOverlap, detail: 20, usesUpNumber: false, push, source: .init(source: 5, offsets: 15..<30))
    let contents = try server.contents(of: schema, model: 1)
    let again = try client.push(push, source: .init(source: 5, offsets: 10..<20))
    #expect(again.isDuplicate && again.reply.prefix.isIgnored)
    #expect(try server.contents(of: schema, model: 1) == contents)
    #expect(try client.offsets() == [5: 20])
    let next = try client.push(push, source: .init(source: 5, offsets: 20..<30))
    #expect(!next.isDuplicate && !next.reply.prefix.isIgnored)
    #expect(try client.offsets() == [5: 30])
  }

  @Test func `to keep a change on disk is refused by a server without a log`() throws {
    let refusal = try #require(throws: Refusal.self) { try client.push([], flags: .needsDurability) }
    #expect(refusal.code == .forbidden)
    client.sequence -= 1
    try client.push([])
  }
}
