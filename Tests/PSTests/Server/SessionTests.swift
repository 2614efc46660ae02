import NIOCore
import PS
import Parameters
import Testing
import Wire

@Suite struct `A client's session` {
  private let schema = TestModels.counters(4)
  private let one: [TestPush] = [.rows(tensors: [0], keys: [0], [[-1]]), .dense(tensor: 1, first: 0, [-1])]
  private let everything: [TestPull] = [
    .rows(tensors: [0], keys: [0, 1, 2, 3]), .dense(tensor: 1, first: 0, count: 1),
  ]

  /// Sends the mutation `sequence` again and gives what is read and whether it counts as a duplicate.
  private func resend(
    _ sequence: UInt64, from client: TestClient, source: TestSource? = nil
  ) throws -> (reply: PullReply, values: [[Float]], isDuplicate: Bool) {
    let payload = client.pushPayload(one, pull: everything, source: source, sequence: sequence)
    return try client.values(client.send(.pushPull, payload), everything)
  }

  @Test func `applies a mutation once however often it comes, and answers with today's values`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    #expect(try client.pushPull(one, everything).values == [[1, 0, 0, 0], [1]])
    let again = try resend(2, from: client)
    #expect(again.isDuplicate && !again.reply.prefix.isIgnored && again.values == [[1, 0, 0, 0], [1]])
    try client.push(one)
    let late = try resend(2, from: client)
    #expect(late.isDuplicate && late.values == [[2, 0, 0, 0], [2]] && late.reply.prefix.version == 2)
  }

  @Test func `answers a repeated registration and a repeated push as they were answered`() throws {
    let client = TestClient(try TestServer(), id: 1)
    let first = try client.register(schema)
    client.sequence = 0
    let again = try client.register(schema)
    #expect(again == first && again.isCreated)
    var writer = client.nextMutation()
    writer.integer(UInt32(1))
    writer.count(0)
    for flags: FrameFlags in [[], .duplicate] {
      let frame = try client.answer(to: client.send(.pushDense, writer.payload))
      var reader = MessageReader(frame.payload)
      #expect(try ReplyPrefix(from: &reader) == ReplyPrefix(version: 1))
      #expect(frame.header.flags == flags.union(.response))
    }
  }

  @Test func `refuses again what it refused`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    let first = try #require(throws: Refusal.self) { try client.push([.dense(tensor: 0, first: 0, [1])]) }
    client.sequence -= 1
    let again = try #require(throws: Refusal.self) { try client.push([.dense(tensor: 0, first: 0, [1])]) }
    #expect(first == again)
    #expect(try client.pushPull(one, everything).values == [[1, 0, 0, 0], [1]])
  }

  @Test func `refuses a number that is too high until those before it have come`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    let refusal = try #require(throws: Refusal.self) { try resend(4, from: client) }
    #expect(refusal.code == .sequenceGap && refusal.detail == 2)
    for sequence in UInt64(2)...4 { #expect(try !resend(sequence, from: client).isDuplicate) }
    #expect(try client.pull(everything).values == [[3, 0, 0, 0], [3]])
  }

  @Test func `remembers the results of the last 32 mutations`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    for _ in 0..<40 { try client.push(one) }
    for sequence in UInt64(10)...41 { #expect(try resend(sequence, from: client).isDuplicate) }
    let refusal = try #require(throws: Refusal.self) { try resend(9, from: client) }
    #expect(refusal.code == .sequenceTooOld && refusal.detail == 42)
    #expect(try client.pull(everything).values == [[40, 0, 0, 0], [40]])
  }

  @Test func `does not take a number for another mutation than before`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    let request = client.send(.clock, client.mutation(1).payload)
    #expect(try #require(throws: Refusal.self) { try client.answer(to: request) }.code == .malformed)
    #expect(try #require(throws: Refusal.self) { try resend(0, from: client) }.code == .malformed)
  }

  @Test func `that the server does not know is not taken up in the middle`() throws {
    let server = try TestServer()
    try TestClient(server, id: 1).register(schema)
    let stranger = TestClient(server, id: 2)
    #expect(try #require(throws: Refusal.self) { try resend(2, from: stranger) }.code == .sessionUnknown)
    try stranger.register(schema)
  }

  @Test func `goes on over a new connection, which closes the old one`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    try client.push(one)
    let old = client.connection
    client.reconnect()
    #expect(server.closed[old]?.code == .fenced && server.closed[old]?.closesConnection == true)
    #expect(server.core.session(of: client.peer.clientID) == (2, 1))
    #expect(try resend(2, from: client).isDuplicate)
    #expect(try client.pushPull(one, everything).values == [[2, 0, 0, 0], [2]])
    server.step(.disconnected(old))
    #expect(try client.pushPull(one, everything).values == [[3, 0, 0, 0], [3]])
  }

  @Test func `of the client that was away longest gives way when there are too many`() throws {
    var configuration = ServerCore.Configuration()
    configuration.sessionLimit = 3
    let server = try TestServer(configuration)
    let clients = (1...4).map { TestClient(server, id: UInt64($0)) }
    for client in clients[..<3] { try client.register(schema) }
    let refusal = try #require(throws: Refusal.self) { try clients[3].register(schema) }
    #expect(refusal.code == .busy && refusal.code.retry == .sameRequest)
    clients[3].sequence = 0
    clients[0].disconnect()
    clients[1].disconnect()
    try clients[3].register(schema)
    #expect(server.core.session(of: clients[0].peer.clientID) == (0, 0))
    clients[0].reconnect()
    // Not even the first mutation is executed again.
    for sequence in UInt64(1)...2 {
      #expect(try #require(throws: Refusal.self) { try resend(sequence, from: clients[0]) }.code == .sessionEvicted)
    }
    clients[1].reconnect()
    clients[1].model = 1
    try clients[1].push(one)
  }

  @Test func `without a connection for a day is the first to give way`() throws {
    let server = try TestServer()
    let clients = (1...3).map { TestClient(server, id: UInt64($0)) }
    for client in clients[..<2] { try client.register(schema) }
    clients[1].disconnect()
    server.pass(.seconds(24 * 3600 - 1))
    let other = TestClient(server, id: 4)
    try other.register(schema)
    #expect(server.core.session(of: clients[1].peer.clientID) == (1, 2))
    server.pass(.seconds(1))
    try clients[2].register(schema)
    #expect(server.core.session(of: clients[1].peer.clientID) == (0, 0))
    #expect(server.core.session(of: clients[2].peer.clientID) == (1, 2))
    #expect(server.core.session(of: clients[0].peer.clientID) == (1, 1))
  }

  @Test func `from before a restart gives way before others, unless its client is back`() throws {
    var configuration = ServerCore.Configuration()
    (configuration.sessionLimit, configuration.durability) = (4, .always)
    let before = try TestServer(configuration)
    let clients = (1...7).map { TestClient(before, id: UInt64($0)) }
    for client in clients[..<3] { try client.register(schema) }
    try clients[0].push(one)
    let server = try before.restarted()
    func sessions() -> [UInt64] { clients.map { server.core.session(of: $0.peer.clientID).number } }
    for client in clients { client.reconnect(to: server) }
    clients[3].sequence = 0
    try clients[3].register(schema)
    for client in clients[..<4].reversed() { client.disconnect() }
    // The last one to go comes back, the one that went before it gives way after the two that went first.
    clients[0].reconnect()
    try clients[4].register(schema)
    #expect(sessions() == [1, 2, 3, 0, 4, 0, 0])
    try clients[5].register(schema)
    #expect(sessions() == [1, 2, 0, 0, 4, 3, 0])
    let again = try server.restarted()
    for client in clients[4...] { client.reconnect(to: again) }
    try clients[6].register(schema)
    #expect(clients.map { again.core.session(of: $0.peer.clientID).number } == [1, 0, 0, 0, 4, 3, 2])
  }

  @Test(arguments: [Durability.everySecond, .always])
  func `survives a restart with its results and streams`(_ durability: Durability) throws {
    let server = try TestServer.logged(durability)
    let client = TestClient(server, id: 1)
    try client.register(schema)
    try client.push(one, source: .init(source: 8, offsets: 0..<10))
    try client.push(one, source: .init(source: 8, offsets: 0..<10))
    let wrong = try #require(throws: Refusal.self) { try client.push([.dense(tensor: 7, first: 0, [1])]) }
    let after = try server.restarted()
    #expect(after.core.session(of: client.peer.clientID) == (4, 1))
    client.reconnect(to: after)
    let first = try resend(2, from: client, source: .init(source: 8, offsets: 0..<10))
    #expect(first.isDuplicate && !first.reply.prefix.isIgnored && first.values == [[1, 0, 0, 0], [1]])
    #expect(try resend(3, from: client).reply.prefix.isIgnored)
    #expect(try #require(throws: Refusal.self) { try resend(4, from: client) } == wrong)
    let other = TestClient(after, id: 2)
    try other.register(schema)
    #expect(try other.push(one, source: .init(source: 8, offsets: 0..<10)).reply.prefix.isIgnored)
    #expect(try client.pushPull(one, everything).values == [[2, 0, 0, 0], [2]])
  }
}
