import PS
import Testing
import Wire

/// A scheduler of two servers and one worker.
private struct SmallCluster {
  private var core = SchedulerCore(servers: 2, defaults: TrainingDefaults())
  var now = Instant()

  /// What the server number `member` is answered.
  private mutating func ask(
    _ type: MessageType, _ member: UInt8, _ index: Int?, _ address: String
  ) throws -> ShardMapReply {
    let id = Identifier(bytes: [UInt8](repeating: member, count: 16))
    let request = JoinRequest(role: .server, index: index, address: address, member: id)
    let answer = core.answer(Frame(type, requestID: 1, payload: request.payload), role: .server, now: now)
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
  @Test func `gives a server one place, and the one that it had before to others`() throws {
    var cluster = SmallCluster()
    #expect(try cluster.join(1, 0).index == 0)
    #expect(try cluster.join(1, 1).index == 1)
    #expect(try cluster.join(2, 0).index == 0)
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
