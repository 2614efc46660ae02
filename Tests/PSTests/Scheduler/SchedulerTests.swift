import PS
import Testing
import Wire

/// A scheduler of two servers.
private struct SmallCluster {
  private var core = SchedulerCore(servers: 2, defaults: TrainingDefaults(), now: Instant())
  /// The time since its start.
  var time = SchedulerCore.lease

  /// What the server number `member` is answered.
  private mutating func ask(
    _ type: MessageType, _ member: UInt8, _ index: Int?, _ address: String
  ) throws -> ShardMapReply {
    let id = Identifier(bytes: [UInt8](repeating: member, count: 16))
    let request = JoinRequest(role: .server, index: index, address: address, member: id)
    let answer = core.answer(Frame(type, requestID: 1, payload: request.payload), role: .server, now: Instant() + time)
    if answer.header.flags.contains(.error) { throw try Refusal(reading: answer.payload) }
    return try ShardMapReply(reading: answer.payload)
  }

  @discardableResult
  mutating func join(_ member: UInt8, _ index: Int? = nil, at address: String = "") throws -> ShardMapReply {
    try ask(.join, member, index, address)
  }

  mutating func leave(_ member: UInt8) throws -> ShardMapReply { try ask(.leave, member, nil, "") }
}

@Suite struct `A scheduler` {
  @Test func `deals out shards when those that have one had time to say so, and only what is left`() throws {
    var cluster = SmallCluster()
    cluster.time = .seconds(1)
    let error = #expect(throws: Refusal.self) { try cluster.join(3) }
    #expect(error?.code == .busy && error?.retryAfterMilliseconds == 9001)
    cluster.time = .seconds(8)
    #expect(try cluster.join(1, 1, at: "a:1").index == 1)
    #expect(throws: Refusal.self) { try cluster.join(3) }
    cluster.time = SchedulerCore.lease
    #expect(try cluster.join(3).index == 0)
    #expect(throws: Refusal.self) { try cluster.join(4) }
    // Who has a shard need not say which.
    #expect(try cluster.join(1).index == 1)
  }

  @Test func `lets a server wait for a shard that is another's, unless it runs as that shard`() throws {
    var cluster = SmallCluster()
    try cluster.join(1, 0)
    let waiting = #expect(throws: Refusal.self) { try cluster.join(2, 0) }
    #expect(waiting?.code.retry == .sameRequest)
    let running = #expect(throws: Refusal.self) { try cluster.join(2, 0, at: "b:1") }
    #expect(running?.code == .wrongShard)
  }

  @Test func `gives a server one place, and the one that it had before to others`() throws {
    var cluster = SmallCluster()
    #expect(try cluster.join(1, 0).index == 0)
    #expect(try cluster.join(1, 1).index == 1)
    #expect(try cluster.join(2, 0).index == 0)
  }

  @Test func `tells a server that comes back where it was`() throws {
    var cluster = SmallCluster()
    try cluster.join(1, 0)
    try cluster.join(1, 0, at: "a:1")
    #expect(try cluster.join(1, 0).servers[0].address == "a:1")
    #expect(try cluster.join(2, 1).servers[1].address.isEmpty)
  }

  @Test func `gives away the place of a server whose data is no more`() throws {
    var cluster = SmallCluster()
    let before = try cluster.join(1, 0, at: "a:1")
    #expect(before.servers[0].address == "a:1")
    let after = try cluster.leave(1)
    #expect(after.servers[0].address.isEmpty && after.epoch == before.epoch + 1)
    #expect(try cluster.join(2, 0).index == 0)
  }
}
