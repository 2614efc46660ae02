import Kernels
import NIOCore
import PS
import Parameters
import Synchronization
import Wire

/// Links to servers in memory, by a network that may lose everything: a simulation of one client and its servers with a
/// clock of its own.
final class CoreLinks: ServerLinks {
  /// What goes wrong, as shares of the frames. Of a reply that is lost a part may come, with wrong bytes.
  struct Faults {
    var lostRequests = 0.0
    var lostReplies = 0.0
  }

  private struct Server {
    var core: ServerCore
    var session: ClientSession
    let store: Identifier
    var boot: UInt64 = 1
    var connection: ConnectionID?
  }

  private struct World {
    var servers: [Server]
    var now = Instant(nanoseconds: 1)
    var random: SplitMix64
    var lastConnection: ConnectionID = 0
    var lastTicket: UInt64 = 0
    var lost: UInt64 = 0
    var results: [UInt64: Result<Frame, ClientError>] = [:]
    var arriving: [ArrivingAnswer] = []
  }

  private let world: Mutex<World>
  private let client: Identifier
  private let role: Role
  private let faults: Faults
  let count: Int
  let payloadLimit: Int

  init(
    shards: Int = 1, seed: UInt64 = 1, role: Role = .admin, faults: Faults = Faults(),
    payloadLimit: Int = Limits().payload
  ) {
    var random = SplitMix64(seed: seed)
    client = Identifier(using: &random)
    let servers = (0..<shards).map { shard in
      var configuration = ServerCore.Configuration()
      configuration.shard = shard
      configuration.shards = shards
      configuration.payloadLimit = payloadLimit
      return Server(
        core: ServerCore(configuration, now: Instant(nanoseconds: 1)),
        session: ClientSession(server: "server \(shard)", expectedShard: (shard, shards), seed: random.next()),
        store: Identifier(using: &random))
    }
    world = Mutex(World(servers: servers, random: random))
    count = shards
    self.role = role
    self.faults = faults
    self.payloadLimit = payloadLimit
  }

  func name(of shard: Int) -> String { "server \(shard)" }

  var lostUpdates: UInt64 { world.withLock { $0.lost } }

  /// Starts the server anew, without anything that it knew; a log would have kept it.
  func forget(_ shard: Int) {
    world.withLock { world in
      var configuration = ServerCore.Configuration()
      configuration.shard = shard
      configuration.shards = count
      world.servers[shard].core = ServerCore(configuration, now: world.now)
      world.servers[shard].boot += 1
      disconnect(shard, &world)
    }
  }

  func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    let results = world.withLock { world in
      func show() {
        for piece in world.arriving { arriving(piece) }
        world.arriving = []
      }
      var tickets: [UInt64?] = []
      for (shard, request) in requests.enumerated() {
        guard let request else {
          tickets.append(nil)
          continue
        }
        world.lastTicket += 1
        tickets.append(world.lastTicket)
        step(shard, .submit(request, world.lastTicket), &world)
        show()
      }
      while tickets.contains(where: { $0.map { world.results[$0] == nil } ?? false }) {
        passTime(&world)
        show()
      }
      return tickets.map { $0.flatMap { world.results.removeValue(forKey: $0) } }
    }
    return try self.results(results)
  }

  private func passTime(_ world: inout World) {
    let next = world.servers.compactMap(\.session.deadline).min()!
    world.now = max(next, world.now + .milliseconds(1))
    for shard in world.servers.indices
    where world.servers[shard].session.deadline ?? world.now + .seconds(1) <= world.now {
      step(shard, .timer, &world)
    }
    for shard in world.servers.indices { tell(shard, .timer, &world) }
  }

  private func step(_ shard: Int, _ event: ClientSession.Event, _ world: inout World) {
    var effects: [ClientSession.Effect] = []
    world.servers[shard].session.step(event, now: world.now, into: &effects)
    for effect in effects {
      switch effect {
      case .connect: connect(shard, &world)
      case .disconnect: leave(shard, &world)
      case .send(let frame): send(frame.joined, shard, &world)
      case .complete(let ticket, let result): world.results[ticket] = result
      case .lost(let updates): world.lost += updates
      }
    }
  }

  private func connect(_ shard: Int, _ world: inout World) {
    world.lastConnection += 1
    world.servers[shard].connection = world.lastConnection
    var limits = Limits()
    limits.payload = payloadLimit
    var challenge = Challenge(
      storeID: world.servers[shard].store, bootID: world.servers[shard].boot, nonce: [UInt8](repeating: 0, count: 32),
      limits: limits)
    challenge.shard = UInt16(shard)
    challenge.shards = UInt16(count)
    let (last, number) = world.servers[shard].core.session(of: client)
    let peer = Peer(clientID: client, role: role, receiveLimit: 64 << 20)
    tell(shard, .connected(world.lastConnection, peer), &world)
    step(shard, .connected(challenge, SessionState(lastAppliedSequence: last, number: number)), &world)
  }

  private func disconnect(_ shard: Int, _ world: inout World) {
    guard world.servers[shard].connection != nil else { return }
    leave(shard, &world)
    step(shard, .disconnected(.closedByServer), &world)
  }

  private func leave(_ shard: Int, _ world: inout World) {
    guard let connection = world.servers[shard].connection else { return }
    world.servers[shard].connection = nil
    tell(shard, .disconnected(connection), &world)
  }

  private func send(_ frame: Frame, _ shard: Int, _ world: inout World) {
    guard let connection = world.servers[shard].connection else { return }
    if Double.random(in: 0..<1, using: &world.random) < faults.lostRequests { return disconnect(shard, &world) }
    tell(shard, .request(frame, from: connection), &world)
  }

  private func tell(_ shard: Int, _ event: Event, _ world: inout World) {
    var effects: [Effect] = []
    world.servers[shard].core.step(event, now: world.now, into: &effects)
    for effect in effects {
      switch effect {
      case .reply(let frame, let connection): reply(frame, connection, shard, &world)
      case .stream(let answer, let connection):
        reply(world.servers[shard].core.joined(answer), connection, shard, &world)
      case .close(let connection, _): if connection == world.servers[shard].connection { disconnect(shard, &world) }
      case .append, .wake: continue
      }
    }
  }

  private func reply(_ frame: Frame, _ connection: ConnectionID, _ shard: Int, _ world: inout World) {
    guard connection == world.servers[shard].connection else { return }
    if Double.random(in: 0..<1, using: &world.random) < faults.lostReplies {
      arrive(frame, isWrong: Bool.random(using: &world.random), shard, &world)
      disconnect(shard, &world)
    } else {
      arrive(frame, isWrong: false, shard, &world)
      step(shard, .received(frame), &world)
    }
  }

  /// Shows some beginnings of a reply, perhaps with wrong bytes.
  private func arrive(_ frame: Frame, isWrong: Bool, _ shard: Int, _ world: inout World) {
    guard !frame.header.flags.contains(.error) else { return }
    var bytes = Array(frame.payload.readableBytesView)
    if isWrong {
      for place in bytes.indices where Int.random(in: 0..<20, using: &world.random) == 0 {
        bytes[place] = UInt8.random(in: 0...255, using: &world.random)
      }
    }
    for count in (0..<3).map({ _ in Int.random(in: 0...bytes.count, using: &world.random) }).sorted() {
      world.arriving.append(
        ArrivingAnswer(shard: shard, requestID: frame.header.requestID, payload: ByteBuffer(bytes: bytes[..<count])))
    }
  }
}
