import NIOCore
public import Wire

/// A scheduler without its sockets and clock: it deals shards to servers and ranks to workers, and keeps the map.
///
/// While anybody trains it is asked only where a server is that cannot be reached any more. It remembers nothing across a
/// restart: servers join again every few seconds, with the shard that they have, so the map is soon whole again. Until they
/// had time to do so, no server gets a shard that does not say which: it might have no data, and take the place of one that
/// has.
public struct SchedulerCore: Sendable {
  private struct Member: Sendable {
    var id: Identifier
    var address: String
    var lastSeen: Instant
  }

  /// How long a place is kept for a member that says nothing.
  public static let lease = Duration.seconds(10)
  /// How often members say that they are there.
  public static let renewal = Duration.seconds(3)

  private var servers: [Member?] {
    didSet { if servers.map({ $0?.address }) != oldValue.map({ $0?.address }) { epoch += 1 } }
  }
  private var workers: [Member?]
  private let defaults: TrainingDefaults
  private let start: Instant
  private var epoch: UInt32 = 1

  /// A scheduler of a cluster of `servers` servers that starts `now`.
  public init(servers: Int, defaults: TrainingDefaults, now: Instant) {
    precondition((1...ShardMap.slotCount).contains(servers), "\(servers) servers")
    self.servers = [Member?](repeating: nil, count: servers)
    workers = [Member?](repeating: nil, count: defaults.workers)
    self.defaults = defaults
    start = now
  }

  /// The answer to `request` of a client with `role`.
  public mutating func answer(_ request: Frame, role: Role, now: Instant) -> Frame {
    let header = request.header
    do throws(Refusal) {
      let reply: ShardMapReply
      switch header.type {
      case .shardMap: reply = map(index: nil)
      case .join:
        let index = try join(JoinRequest(reading: request.payload), role, now)
        reply = map(index: index)
      case .leave:
        try leave(JoinRequest(reading: request.payload), role)
        reply = map(index: nil)
      case .stats: return respond(to: request, statistics(now).payload)
      default: throw Refusal(.unknownType, "a scheduler does not know the request \(header.type)")
      }
      return respond(to: request, reply.payload)
    } catch {
      return error.frame(answering: header.type, requestID: header.requestID)
    }
  }

  private func respond(to request: Frame, _ payload: ByteBuffer) -> Frame {
    Frame(request.header.type, flags: .response, epoch: epoch, requestID: request.header.requestID, payload: payload)
  }

  private func map(index: Int?) -> ShardMapReply {
    let nobody = Identifier(bytes: [UInt8](repeating: 0, count: 16))
    return ShardMapReply(
      epoch: epoch, index: index, defaults: defaults,
      servers: servers.map { .init(address: $0?.address ?? "", storeID: $0?.id ?? nobody) })
  }

  private func statistics(_ now: Instant) -> FiguresReply {
    func alive(_ members: [Member?]) -> Double {
      Double(members.count { $0.map { now - $0.lastSeen < Self.lease } ?? false })
    }
    return FiguresReply([
      ("epoch", Double(epoch)), ("servers", Double(servers.count)), ("servers_alive", alive(servers)),
      ("workers", Double(workers.count)), ("workers_alive", alive(workers)),
    ])
  }
}

extension SchedulerCore {
  private mutating func join(_ request: JoinRequest, _ role: Role, _ now: Instant) throws(Refusal) -> Int {
    guard role.includes(request.role) else { throw Refusal(.forbidden, "a \(role) cannot join as \(request.role)") }
    var member = Member(id: request.member, address: request.address, lastSeen: now)
    guard request.role == .server else {
      return try Self.place(member, at: request.index, among: &workers, "worker", now)
    }
    if let own = servers.first(where: { $0?.id == request.member }) {
      // A server that comes back is told where it was, and is best there again.
      if member.address.isEmpty { member.address = own?.address ?? "" }
    } else if request.index == nil {
      try checkIsSettled(now)
    }
    // Who says where it is runs already, and does not wait for a place.
    let refusal: ErrorCode = request.address.isEmpty ? .busy : .wrongShard
    return try Self.place(member, at: request.index, among: &servers, "server", now, refusing: refusal)
  }

  /// Throws while servers that have a shard may not have said so yet.
  private func checkIsSettled(_ now: Instant) throws(Refusal) {
    let rest = start + Self.lease - now
    guard rest > .zero else { return }
    throw Refusal(
      .busy, retryAfterMilliseconds: UInt32(rest / .milliseconds(1)) + 1,
      "the scheduler was started a moment ago and first hears which servers have a shard")
  }

  /// Gives `member` the place that it has, wants, or else the first that is free.
  private static func place(
    _ member: Member, at wanted: Int?, among members: inout [Member?], _ kind: String, _ now: Instant,
    refusing code: ErrorCode = .busy
  ) throws(Refusal) -> Int {
    func isFree(_ index: Int) -> Bool {
      guard let holder = members[index] else { return true }
      // A server's place is its data's: no other store may take it, however long the server is away.
      return kind == "worker" && now - holder.lastSeen >= lease
    }
    let own = members.firstIndex { $0?.id == member.id }
    if let own, wanted ?? own == own {
      members[own] = member
      return own
    }
    if let wanted {
      guard members.indices.contains(wanted) else {
        throw Refusal(.limit, "\(kind) \(wanted) of \(members.count); they count from 0")
      }
      guard isFree(wanted) else {
        throw Refusal(code, "the place of \(kind) \(wanted) belongs to another one")
      }
      // Who has been somewhere else is in one place only.
      if let own { members[own] = nil }
      members[wanted] = member
      return wanted
    }
    guard let free = members.indices.first(where: isFree) else {
      throw Refusal(.busy, "all \(members.count) places for \(kind)s are taken")
    }
    members[free] = member
    return free
  }

  private mutating func leave(_ request: JoinRequest, _ role: Role) throws(Refusal) {
    guard role.includes(request.role) else { throw Refusal(.forbidden, "a \(role) cannot leave as \(request.role)") }
    func rest(of members: [Member?]) -> [Member?] { members.map { $0?.id == request.member ? nil : $0 } }
    if request.role == .server { servers = rest(of: servers) } else { workers = rest(of: workers) }
  }
}
