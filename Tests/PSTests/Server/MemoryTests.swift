import PS
import Parameters
import Testing
import Wire

/// A server that gives models 1 MiB, for rows of 1 KiB.
@Suite struct `A server whose memory is full` {
  private static func server(_ durability: Durability = .none, besides gradients: Int = 0) throws -> TestServer {
    var configuration = ServerCore.Configuration()
    configuration.memoryLimit = 1 << 20 + gradients * (4 * 128 + 8)
    configuration.durability = durability
    return try TestServer(configuration)
  }

  private static func schema(
    _ name: String = "m", _ consistency: Consistency = .asynchronous, workers: Int = 1
  ) -> ModelSchema {
    ModelSchema(
      name: name, consistency: consistency, workers: workers,
      parameters: [
        ParameterSpec(name: "t", shape: [1 << 20, 128], kind: .table, optimizer: Optimizer(.adagrad(Adagrad())))
      ])
  }

  /// A model of a tensor of so many KiB.
  private static func denseSchema(_ size: Int = 512) -> ModelSchema {
    ModelSchema(name: "d", parameters: [ParameterSpec(name: "w", shape: [size << 8], optimizer: .sgd(rate: 1))])
  }

  private static func push(_ keys: Range<Int64>) -> [TestPush] {
    [.rows(tensors: [0], keys: Array(keys), [[Float](repeating: 1, count: 128 * keys.count)])]
  }

  /// Checks that `body` is refused for want of memory.
  private static func expectRefusal(_ text: String = "new rows need", _ body: () throws -> Void) throws {
    let refusal = try #require(throws: Refusal.self) { try body() }
    #expect(refusal.code == .limit && refusal.text.contains(text) && refusal.text.contains("--max-memory"))
  }

  @Test func `takes no new rows, and goes on with those that it has`() throws {
    let server = try Self.server()
    let client = TestClient(server, id: 1, role: .admin)
    try client.register(Self.schema())
    try client.push(Self.push(0..<500))
    try client.push(Self.push(500..<1000))
    try Self.expectRefusal { try client.push(Self.push(1000..<1100)) }
    #expect(try server.figure("state.bytes") == Double(1000 << 10))
    // What was refused has changed nothing, and the session goes on.
    try client.push(Self.push(0..<1000))
    try client.push(Self.push(900..<1024))
    #expect(try server.figure("state.bytes") == Double(1 << 20))
    try Self.expectRefusal { try client.push(Self.push(1023..<1025)) }
    try Self.expectRefusal {
      try client.putValues([(0, .rows(tensor: 0, [2000]), [Float](repeating: 1, count: 128))], isLast: false)
    }
    try client.push(Self.push(0..<1024))
    #expect(try server.figure("model.m.rows") == 1024)
  }

  @Test func `takes rows again when a model is gone`() throws {
    let server = try Self.server()
    let (client, other) = (TestClient(server, id: 1, role: .admin), TestClient(server, id: 2))
    try client.register(Self.schema("a"))
    try other.register(Self.schema("b"))
    try client.push(Self.push(0..<1024))
    try Self.expectRefusal { try other.push(Self.push(0..<1)) }
    _ = try client.answer(to: client.send(.dropModel, client.nextMutation().payload))
    try other.push(Self.push(0..<1024))
    try Self.expectRefusal { try other.push(Self.push(1024..<1025)) }
  }

  @Test func `counts what it has accepted and not applied yet`() throws {
    let server = try Self.server(.always)
    let client = TestClient(server, id: 1)
    try client.register(Self.schema())
    server.logs = false
    let first = client.sendPush(Self.push(0..<1000))
    // Nor is the record of this model written.
    let other = TestClient(server, id: 2)
    let registration = other.sendRegistration(Self.denseSchema())
    let second = client.sendPush(Self.push(1000..<1100))
    server.write()
    _ = try client.answer(to: first)
    try Self.expectRefusal("dense tensors need") { _ = try other.answer(to: registration) }
    try Self.expectRefusal { _ = try client.answer(to: second) }
    // What was accepted once is not refused when it is read from the log.
    #expect(try server.restarted().figure("state.bytes") == Double(1000 << 10))
  }

  @Test func `counts what waits for the end of a clock, gradients and rows`() throws {
    let server = try Self.server(besides: 1024)
    let clients = (0..<2).map { TestClient(server, id: 1 + UInt64($0)) }
    for (rank, client) in clients.enumerated() {
      try client.register(Self.schema("m", .synchronous, workers: 2), rank: rank)
    }
    try clients[0].push(Self.push(0..<1000))
    try Self.expectRefusal("clock's end need") { try clients[1].push(Self.push(1000..<1100)) }
    try clients[1].push(Self.push(1000..<1024))
    for client in clients { try client.completeClock() }
    #expect(try server.figure("state.bytes") == Double(1 << 20))
    // The gradients are applied, and their memory is free.
    try clients[1].push(Self.push(0..<1024))
    try Self.expectRefusal("clock's end need") { try clients[1].push(Self.push(0..<1)) }
  }

  @Test func `does not take rows for new that are there`() throws {
    let server = try Self.server(besides: 3 * 512)
    let clients = (0..<2).map { TestClient(server, id: 1 + UInt64($0)) }
    for (rank, client) in clients.enumerated() {
      try client.register(Self.schema("m", .synchronous, workers: 2), rank: rank)
    }
    try clients[0].push(Self.push(0..<512))
    for client in clients { try client.completeClock() }
    // These wait for the end of the clock.
    for _ in 0..<2 { try clients[0].push(Self.push(0..<512)) }
    try clients[1].push(Self.push(512..<1024))
    try Self.expectRefusal("clock's end need") { try clients[1].push(Self.push(1024..<1025)) }
  }

  @Test(arguments: [Durability.none, .always])
  func `keeps a model that comes in between in mind`(_ durability: Durability) throws {
    let server = try Self.server(durability)
    let (client, other) = (TestClient(server, id: 1), TestClient(server, id: 2))
    try client.register(Self.schema())
    try client.push(Self.push(0..<1))
    // With a log it is accepted, and not there yet.
    server.logs = false
    // Where there may be snapshots, it counts twice.
    let registration = other.sendRegistration(Self.denseSchema(durability == .none ? 512 : 256))
    let push = client.sendPush(Self.push(1..<600))
    server.logs = true
    server.write()
    _ = try other.registerReply(registration)
    try Self.expectRefusal { _ = try client.answer(to: push) }
    try client.push(Self.push(1..<512))
  }
}
