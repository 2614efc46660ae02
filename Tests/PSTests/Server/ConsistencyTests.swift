import Kernels
import NIOCore
import PS
import Parameters
import Testing
import Wire

/// Workers that keep in step, by ranks and clocks.
@Suite struct `Workers of a model` {
  private let push: [TestPush] = [.dense(tensor: 0, first: 0, [1])]
  private let wanted: [TestPull] = [.dense(tensor: 0, first: 0, count: 1)]

  private func workers(
    _ count: Int, _ schema: ModelSchema, on server: TestServer, first: UInt64 = 1
  ) throws -> [TestClient] {
    let clients = (0..<count).map { TestClient(server, id: first + UInt64($0)) }
    for (rank, client) in clients.enumerated() { try client.register(schema, rank: rank) }
    return clients
  }

  /// Lets workers push `clocks` clocks each under BSP, in an order of arrival that `seed` gives, and restarts the server
  /// once in the middle of a clock.
  private func train(_ schema: ModelSchema, clocks: Int, order seed: UInt64) throws -> [[UInt32]] {
    var server = try TestServer.logged()
    var generator = SplitMix64(seed: seed)
    let clients = try workers(schema.workers, schema, on: server)
    var gradients = SplitMix64(seed: 77)
    let pushes = clients.map { _ in (0..<clocks).map { _ in schema.randomPush(&gradients) } }
    var requests = [UInt64?](repeating: nil, count: clients.count)
    let restart = Int.random(in: 1..<clients.count * clocks, using: &generator)
    var sent = 0
    while true {
      // Whose last push was answered, because its clock is over, goes on.
      for (rank, client) in clients.enumerated() {
        if let request = requests[rank], try client.answerIfAny(to: request) != nil {
          requests[rank] = nil
          client.clock += 1
        }
      }
      let ready = clients.indices.filter { requests[$0] == nil && clients[$0].clock < clocks }
      guard let rank = ready.randomElement(using: &generator) else { break }
      requests[rank] = clients[rank].sendPush(pushes[rank][Int(clients[rank].clock)], flags: .clock)
      sent += 1
      if sent == restart {
        server = try server.restarted()
        for (rank, client) in clients.enumerated() {
          let isWaiting = try requests[rank].map { try client.answerIfAny(to: $0) == nil } ?? false
          if !isWaiting, requests[rank] != nil { client.clock += 1 }
          client.reconnect(to: server)
          guard isWaiting else {
            requests[rank] = nil
            continue
          }
          // It hears of the push that is recorded only when it sends it again.
          client.sequence -= 1
          requests[rank] = client.sendPush(pushes[rank][Int(client.clock)], flags: .clock)
        }
      }
    }
    #expect(clients.allSatisfy { $0.clock == clocks })
    #expect(try clients[0].pull([], isUnordered: true).reply.prefix.version == UInt64(clocks))
    return try server.contents(of: schema, model: 1)
  }

  @Test func `in lockstep learn the same bits in 100 orders of arrival`() throws {
    var schema = TestModels.optimizers(rowLength: 3)
    schema.consistency = .synchronous
    schema.workers = 4
    let expected = try train(schema, clocks: 3, order: 0)
    for seed in 1..<100 as Range<UInt64> { #expect(try train(schema, clocks: 3, order: seed) == expected, "\(seed)") }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `never read values that lack more clocks of anybody than the staleness`(_ seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let staleness = Int.random(in: 0...3, using: &generator)
    let server = try TestServer()
    let schema = TestModels.counters(8, .stale(staleness), workers: 4)
    let clients = try workers(4, schema, on: server)
    var waiting = [UInt64?](repeating: nil, count: 4)
    var answered = 0
    for _ in 0..<400 {
      let rank = Int.random(in: 0..<4, using: &generator)
      let client = clients[rank]
      if let request = waiting[rank] {
        guard let reply = try? client.values(request, [.dense(tensor: 1, first: 0, count: 1)]) else { continue }
        waiting[rank] = nil
        answered += 1
        let slowest = clients.map(\.clock).min() ?? 0
        #expect(Int(slowest) >= Int(client.clock) - staleness)
        #expect(Int(reply.reply.prefix.minimumClock) >= Int(client.clock) - staleness)
        // Every push of a clock that is completed counts.
        #expect(reply.values[0][0] >= Float(4 * max(0, Int(client.clock) - staleness)))
      } else {
        try client.push([.dense(tensor: 1, first: 0, [-1])])
        try client.completeClock()
        waiting[rank] = client.sendPull([.dense(tensor: 1, first: 0, count: 1)], wait: 30_000)
      }
    }
    #expect(answered > 50)
  }

  @Test(arguments: [Consistency.synchronous, .stale(0)])
  func `wait for one that is gone for ten seconds and then go on without it`(_ consistency: Consistency) throws {
    let server = try TestServer()
    let schema = TestModels.small(consistency, workers: 2)
    let clients = try workers(2, schema, on: server)
    let request = clients[0].sendPush(push, wanted, flags: .clock)
    #expect(try clients[0].answerIfAny(to: request) == nil)
    clients[1].disconnect()
    server.pass(.seconds(10) - .nanoseconds(1))
    #expect(try clients[0].answerIfAny(to: request) == nil)
    server.pass(.nanoseconds(1))
    #expect(try clients[0].values(request, wanted).values == [[-1]])
    clients[0].clock += 1
    // The one that comes back goes on where the others are.
    clients[1].reconnect()
    let late = try #require(throws: Refusal.self) { try clients[1].push(push, flags: .clock) }
    #expect(late.code == .clockRegression && late.detail == 1)
    clients[1].clock = UInt32(late.detail)
    let next = clients[0].sendPush(push, wanted, flags: .clock)
    _ = clients[1].sendPush(push, wanted, flags: .clock)
    #expect(try clients[0].values(next, wanted).values == [[-3]])
  }

  @Test func `that waited for another one to register are answered when it has`() throws {
    let server = try TestServer()
    let schema = TestModels.small(.stale(0), workers: 2)
    let (first, second) = (TestClient(server, id: 1), TestClient(server, id: 2))
    try first.register(schema, rank: 0)
    let request = first.sendPull(wanted, wait: 30_000)
    #expect(try first.answerIfAny(to: request) == nil)
    try second.register(schema, rank: 1)
    #expect(try first.values(request, wanted).values == [[0]])
  }

  @Test(arguments: [Consistency.asynchronous, .stale(2), .synchronous])
  func `cannot harm a server by a clock that has no next one`(_ consistency: Consistency) throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(TestModels.small(consistency), rank: 0)
    try client.push(push, flags: .clock)
    client.clock = .max
    // Sent again, with another clock than the first time.
    client.sequence -= 1
    _ = client.sendPush(push, wanted, flags: .clock)
    _ = client.sendPush(push, wanted, flags: .clock)
    client.disconnect()
    let restarted = try server.restarted()
    client.reconnect(to: restarted)
    client.clock = 1
    #expect(try restarted.figure("model.m.rows") == 0)
  }

  @Test func `are waited for from when their server serves, however long it read its log`() throws {
    let before = try TestServer.logged()
    let schema = TestModels.small(.synchronous, workers: 2)
    let clients = try workers(2, schema, on: before)
    let server = try before.restarted(after: .seconds(60))
    clients[0].reconnect(to: server)
    let request = clients[0].sendPush(push, wanted, flags: .clock)
    server.pass(.seconds(9))
    #expect(try clients[0].answerIfAny(to: request) == nil)
    server.pass(.seconds(1))
    #expect(try clients[0].values(request, wanted).values == [[-1]])
  }

  @Test func `wait for one that is gone for no longer, though something else is to be done before`() throws {
    let server = try TestServer()
    let clients = try workers(3, TestModels.small(.synchronous, workers: 3), on: server)
    _ = clients[2].sendPush(push, wanted, flags: .clock)
    clients[0].clock = 1
    _ = clients[0].sendPull(wanted, wait: 5_000)
    clients[0].clock = 0
    let request = clients[0].sendPush(push, wanted, flags: .clock)
    clients[1].disconnect()
    server.pass(.seconds(10))
    #expect(try clients[0].values(request, wanted).values == [[-2]])
  }

  @Test func `that come back hear which clock they go on with, though they had been ahead`() throws {
    let server = try TestServer()
    let schema = TestModels.small(.stale(3), workers: 2)
    let clients = try workers(2, schema, on: server)
    for _ in 0..<2 { try clients[0].completeClock() }
    clients[0].disconnect()
    let next = TestClient(server, id: 9)
    next.clock = try next.register(schema, rank: 0).prefix.minimumClock
    #expect(next.clock == 2)
    try next.push(push, flags: .clock)
  }

  @Test func `that wait too long are told so, and may ask again`() throws {
    let server = try TestServer()
    let clients = try workers(2, TestModels.small(.synchronous, workers: 2), on: server)
    let request = clients[0].sendPush(push, wanted, flags: .clock)
    server.pass(.seconds(30))
    let refusal = try #require(throws: Refusal.self) { try clients[0].answer(to: request) }
    #expect(refusal.code == .clockWaitTimeout && refusal.code.retry == .sameRequest)
    clients[0].sequence -= 1
    let again = clients[0].sendPush(push, wanted, flags: .clock)
    #expect(try clients[0].answerIfAny(to: again) == nil)
    _ = clients[1].sendPush(push, wanted, flags: .clock)
    let reply = try clients[0].values(again, wanted)
    #expect(reply.isDuplicate && reply.values == [[-2]])
    clients[0].clock = 1
    let pull = clients[0].sendPull(wanted, wait: 100)
    #expect(try clients[0].answerIfAny(to: pull) != nil)
  }

  @Test func `have ranks: no two that are connected the same, and none to push without`() throws {
    let server = try TestServer()
    let schema = TestModels.small(.stale(1), workers: 2)
    let clients = try workers(2, schema, on: server)
    let other = TestClient(server, id: 9)
    let taken = try #require(throws: Refusal.self) { try other.register(schema, rank: 1) }
    #expect(taken.code == .busy && taken.code.retry == .sameRequest)
    other.sequence -= 1
    try other.register(schema)
    #expect(try #require(throws: Refusal.self) { try other.push(push) }.code == .forbidden)
    other.sequence -= 1
    clients[1].disconnect()
    try other.register(schema, rank: 1)
    try other.push(push)
    clients[1].reconnect()
    #expect(try #require(throws: Refusal.self) { try clients[1].push(push) }.code == .forbidden)
    #expect(
      try #require(throws: Refusal.self) { try TestClient(server, id: 10).register(schema, rank: 2) }.code == .limit)
  }
}

/// What a server with a log does while the log cannot be written.
@Suite struct `A server whose log` {
  private let schema = TestModels.counters(2)
  private let one: [TestPush] = [.dense(tensor: 1, first: 0, [-1])]
  private let sum: [TestPull] = [.dense(tensor: 1, first: 0, count: 1)]

  @Test func `has not taken a push yet neither applies nor answers it`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    server.logs = false
    let requests = (0..<3).map { _ in client.sendPush(one, sum) }
    #expect(try client.answerIfAny(to: requests[0]) == nil)
    #expect(try client.pull(sum).values == [[0]])
    server.logs = true
    server.write()
    #expect(try requests.map { try client.values($0, sum).values } == [[[1]], [[2]], [[3]]])
  }

  @Test func `is full refuses what is not in it, reads, and takes the same again when there is room`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    try client.push(one)
    server.logs = false
    let lost = (0..<2).map { _ in client.sendPush(one, sum) }
    server.fail(.full)
    for request in lost {
      let refusal = try #require(throws: Refusal.self) { try client.answer(to: request) }
      #expect(refusal.code == .readOnlyDiskFull && refusal.code.retry == .sameRequest)
    }
    client.sequence -= 2
    #expect(try #require(throws: Refusal.self) { try client.push(one) }.code == .readOnlyDiskFull)
    client.sequence -= 1
    #expect(try client.pull(sum).values == [[1]])
    server.logs = true
    server.step(.logAvailable)
    #expect(try client.pushPull(one, sum).values == [[2]])
    #expect(try server.restarted().contents(of: schema, model: 1) == server.contents(of: schema, model: 1))
  }

  @Test func `is full ends no clock before there is room, and then at once`() throws {
    let server = try TestServer.logged()
    let schema = TestModels.small(.synchronous, workers: 3)
    let clients = (0..<3).map { TestClient(server, id: $0 + 1) }
    for (rank, client) in clients.enumerated() { try client.register(schema, rank: rank) }
    let push: [TestPush] = [.dense(tensor: 0, first: 0, [1])]
    let wanted: [TestPull] = [.dense(tensor: 0, first: 0, count: 1)]
    let request = clients[0].sendPush(push, wanted, flags: .clock)
    server.logs = false
    let lost = clients[1].sendPush(push, wanted, flags: .clock)
    server.fail(.full)
    #expect(try #require(throws: Refusal.self) { try clients[1].answer(to: lost) }.code == .readOnlyDiskFull)
    // The clock could end without them now, but that would be a record.
    for client in clients.dropFirst() { client.disconnect() }
    server.pass(.seconds(11))
    #expect(server.unwritten.isEmpty)
    #expect(try clients[0].answerIfAny(to: request) == nil)
    server.logs = true
    server.step(.logAvailable)
    #expect(try clients[0].values(request, wanted).values == [[-1]])
    #expect(try server.restarted().contents(of: schema, model: 1) == server.contents(of: schema, model: 1))
  }

  @Test func `ends where a clock had only to be ended ends it when it starts again`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(TestModels.small(.synchronous), rank: 0)
    try client.push([.dense(tensor: 0, first: 0, [1])], flags: .clock)
    #expect(server.log.last?.kind == .closeClock)
    func open(_ folder: MemoryFolder) throws -> Store {
      try Store.open(folder, server.configuration, now: server.now, newID: client.peer.clientID, time: { 0 })
    }
    let folder = MemoryFolder()
    let log = try open(folder).log
    for record in server.log.dropLast() { try log.append(record) }
    let (loop, store) = (SimulatedLoop(World(seed: 1), slowness: 0...0.001), try open(folder.afterKill))
    let driver = ServerDriver(server.configuration, store: store, on: loop, perform: { _ in }, failed: { _ in })
    driver.start()
    #expect(store.log.lastLSN == server.log.last?.lsn)
  }

  @Test func `is broken never takes anything again`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    server.logs = false
    let lost = client.sendPush(one)
    server.fail(.broken)
    let refusal = try #require(throws: Refusal.self) { try client.answer(to: lost) }
    // The record may be on the disk nevertheless: only the same mutation may follow, to the server that comes after.
    #expect(refusal.code == .storageFailed && refusal.code.retry == .reconnect)
    #expect(server.closed[client.connection] == refusal)
    server.step(.logAvailable)
    client.sequence -= 1
    #expect(try #require(throws: Refusal.self) { try client.push(one) }.code == .storageFailed)
    #expect(try client.pull(sum).values == [[0]])
  }

  @Test func `is synced now and then answers at once, but who asks for the disk when it is there`() throws {
    let server = try TestServer.logged(.everySecond)
    let client = TestClient(server, id: 1)
    try client.register(schema)
    server.logs = false
    let (plain, durable) = (client.sendPush(one, sum), client.sendPush(one, sum, flags: .needsDurability))
    server.write(isDurable: false)
    #expect(try client.values(plain, sum).values == [[1]])
    #expect(try client.answerIfAny(to: durable) == nil)
    server.write()
    let reply = try client.values(durable, sum)
    #expect(reply.values == [[2]] && reply.reply.prefix.durableLSN == server.log.last?.lsn)
  }

  @Test func `is synced now and then answers again when it is on the disk, whatever was promised before`() throws {
    let server = try TestServer.logged(.everySecond)
    let client = TestClient(server, id: 1)
    try client.register(schema)
    server.logs = false
    _ = client.sendPush(one, sum, flags: .needsDurability)
    server.write(isDurable: false)
    client.reconnect()
    client.sequence -= 1
    let again = client.sendPush(one, sum, flags: .needsDurability)
    #expect(try client.answerIfAny(to: again) == nil)
    server.write()
    #expect(try client.values(again, sum).values == [[1]])
  }

  @Test func `is synced now and then has the first batch of a stream on the disk before it is acknowledged`() throws {
    let server = try TestServer.logged(.everySecond)
    let client = TestClient(server, id: 1)
    try client.register(schema)
    server.logs = false
    func send(_ batch: UInt64) -> UInt64 {
      client.sendPush(one, sum, source: TestSource(source: 7, offsets: batch..<batch + 1))
    }
    let first = send(0)
    server.write(isDurable: false)
    #expect(try client.answerIfAny(to: first) == nil)
    server.write()
    #expect(try client.values(first, sum).values == [[1]])
    let second = send(1)
    server.write(isDurable: false)
    #expect(try client.values(second, sum).values == [[2]])
    // Who asks how far the stream is hears it when it stays so.
    let offsets = client.sendOffsets()
    #expect(try client.answerIfAny(to: offsets) == nil)
    server.write()
    #expect(try OffsetsReply(reading: client.answer(to: offsets).payload).offsets == [7: 2])
  }

  @Test func `does not follow from what is there is refused as a whole`() throws {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    try client.push(one)
    let log = server.log
    for index in log.indices.dropLast() {
      var hole = log
      hole.remove(at: index)
      #expect(throws: Refusal.self) { try TestServer(server.configuration, log: hole) }
    }
    var wrong = log
    wrong[wrong.count - 1].sequence += 1
    #expect(throws: Refusal.self) { try TestServer(server.configuration, log: wrong) }
  }
}
