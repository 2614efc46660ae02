import Kernels
import NIOCore
import PS
import Parameters
import Synchronization
import TestSupport
import Testing
import Wire

/// Snapshots of the core, taken while it goes on, and of a store.
@Suite struct `A snapshot` {
  /// A server that begins a snapshot after some pushes, and gives its chunks away between others.
  private func snapshot(
    _ schema: ModelSchema, seed: UInt64
  ) throws -> (server: TestServer, chunks: [ByteBuffer], expected: [[UInt32]], lsn: UInt64) {
    var generator = SplitMix64(seed: seed)
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1, role: .admin)
    try client.register(schema, rank: schema.workers > 1 ? 0 : nil)
    for _ in 0..<20 { try client.push(schema.randomPush(&generator)) }
    try client.setHyperparameters(SetHyperparametersRequest(tensor: 0, values: [(.rate, 0.25)]))
    let expected = try server.contents(of: schema, model: 1)
    let lsn = try #require(server.beginSnapshot())
    var chunks: [ByteBuffer] = []
    while true {
      for _ in 0..<Int.random(in: 0...2, using: &generator) { try client.push(schema.randomPush(&generator)) }
      guard let chunk = server.nextSnapshotChunk() else { break }
      chunks.append(chunk)
    }
    server.endSnapshot()
    return (server, chunks, expected, lsn)
  }

  private func restored(_ chunks: [ByteBuffer], _ configuration: ServerCore.Configuration) throws -> ServerCore {
    var core = ServerCore(configuration, now: Instant())
    for chunk in chunks { try core.restore(chunk) }
    try core.checkRestored()
    return core
  }

  @Test func `ends though there are rows without numbers`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(
      ModelSchema(
        name: "m", parameters: [ParameterSpec(name: "t", shape: [5, 0], kind: .table, optimizer: .sgd(rate: 1))]))
    try client.push([.rows(tensors: [0], keys: [1, 3], [[]])])
    #expect(server.beginSnapshot() == server.log.last?.lsn)
    var chunks: [ByteBuffer] = []
    while chunks.count < 100, let chunk = server.nextSnapshotChunk() { chunks.append(chunk) }
    #expect(chunks.count < 100)
    let core = try restored(chunks, server.configuration)
    #expect(try TestServer(core, server.configuration).figure("model.m.rows") == 2)
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `is the server as it was when it began, and with the log behind it as it is`(_ seed: UInt64) throws {
    let schema = TestModels.optimizers(rowLength: [1, 8, 17][Int(seed % 3)])
    let (server, chunks, expected, lsn) = try snapshot(schema, seed: seed)
    var core = try restored(chunks, server.configuration)
    #expect(try TestServer(core, server.configuration).contents(of: schema, model: 1) == expected)
    core = try restored(chunks, server.configuration)
    for record in server.log where record.lsn > lsn { try core.replay(record) }
    let again = TestServer(core, server.configuration)
    #expect(try again.contents(of: schema, model: 1) == server.contents(of: schema, model: 1))
    let client = Identifier(bytes: (0..<16).map { $0 % 8 == 0 ? 1 : 0 })
    #expect(again.core.session(of: client) == server.core.session(of: client))
  }

  @Test func `has sessions, streams, clocks and the gradients of an open clock`() throws {
    let server = try TestServer.logged()
    let schema = TestModels.counters(8, .synchronous, workers: 2)
    let clients = (0..<2).map { TestClient(server, id: UInt64($0) + 1) }
    for (rank, client) in clients.enumerated() { try client.register(schema, rank: rank) }
    let push: [TestPush] = [.dense(tensor: 1, first: 0, [-1]), .rows(tensors: [0], keys: [3], [[-1]])]
    let source = TestSource(source: 7, offsets: 0..<5)
    let request = clients[0].sendPush(push, source: source, flags: .clock)
    #expect(try clients[0].answerIfAny(to: request) == nil)
    _ = server.beginSnapshot()
    var chunks: [ByteBuffer] = []
    while let chunk = server.nextSnapshotChunk() { chunks.append(chunk) }
    let again = TestServer(try restored(chunks, server.configuration), server.configuration)
    for client in clients { client.reconnect(to: again) }
    // The same push is known, and the clock ends with the other worker's.
    clients[0].sequence -= 1
    let repeated = clients[0].sendPush(push, [.rows(tensors: [0], keys: [3])], source: source, flags: .clock)
    _ = clients[1].sendPush(push, flags: .clock)
    let reply = try clients[0].values(repeated, [.rows(tensors: [0], keys: [3])])
    #expect(reply.isDuplicate && reply.values == [[2]])
    #expect(try clients[0].offsets() == [7: 5])
  }

  @Test func `has a model that is dropped while it is written`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1, role: .admin)
    let schema = TestModels.small()
    try client.register(schema)
    try client.push([.rows(tensors: [1], keys: [4], [[-3]])])
    _ = server.beginSnapshot()
    _ = try client.answer(to: client.send(.dropModel, client.nextMutation().payload))
    var chunks: [ByteBuffer] = []
    while let chunk = server.nextSnapshotChunk() { chunks.append(chunk) }
    let again = TestClient(TestServer(try restored(chunks, server.configuration), server.configuration), id: 2)
    try again.register(schema)
    #expect(try again.pull([.rows(tensors: [1], keys: [4])]).values == [[3]])
  }

  @Test func `that lacks values of a dense tensor, or has them twice, is refused`() throws {
    let schema = ModelSchema(
      name: "m", parameters: [ParameterSpec(name: "w", shape: [600_000], optimizer: .sgd(rate: 1))])
    let (server, chunks, _, _) = try snapshot(schema, seed: 1)
    #expect(chunks.count == 4)
    for index in 1..<chunks.count {
      var changed = chunks
      changed.remove(at: index)
      #expect(throws: Refusal.self) { try restored(changed, server.configuration) }
      changed.insert(contentsOf: [chunks[index], chunks[index]], at: index)
      #expect(throws: Refusal.self) { try restored(changed, server.configuration) }
    }
    #expect(throws: Refusal.self) { try restored(Array(chunks.prefix(1)), server.configuration) }
  }

  @Test func `that is changed in any chunk is refused or taken, and never crashes`() throws {
    let (server, chunks, _, _) = try snapshot(TestModels.optimizers(rowLength: 1), seed: 3)
    var generator = SplitMix64(seed: 1)
    var refused = 0
    let count = Soak.volume(2000, soak: 100_000)
    for _ in 0..<count {
      var changed = chunks
      let index = Int.random(in: 0..<chunks.count, using: &generator)
      let position = Int.random(in: 0..<min(400, chunks[index].readableBytes), using: &generator)
      changed[index].setInteger(UInt8.random(in: 0...255, using: &generator), at: position)
      if (try? restored(changed, server.configuration)) == nil { refused += 1 }
    }
    #expect(refused > count / 4)
  }
}
