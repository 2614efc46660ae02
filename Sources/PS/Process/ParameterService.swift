package import NIOCore
package import Parameters
public import Transport
public import Wire

/// A ``ServerCore`` on a listener: requests come in, effects go out, all on one event loop, which owns the tables.
public final class ParameterService: FrameService {
  public let identity: ServerIdentity
  private let defaults: TrainingDefaults
  private var core: ServerCore
  private var effects: [Effect] = []
  private var connections: [ConnectionID: ServiceConnection] = [:]
  private var alarm: Alarm
  /// Keeps what is learned; nil if nothing is.
  private var keeper: StoreKeeper?

  /// A service on `loop`, whose thread calls this.
  ///
  /// - Parameters:
  ///   - store: What the server knew when it ended, and the log that goes on; nil to keep nothing.
  ///   - defaults: What it answers those who take it for a scheduler.
  ///   - failed: Is told when the disk of the store failed.
  package init(
    _ configuration: ServerCore.Configuration, storeID: Identifier, store: Store? = nil,
    defaults: TrainingDefaults = TrainingDefaults(), on loop: any EventLoop,
    failed: @escaping (FileError) -> Void = { _ in }
  ) {
    var generator = SystemRandomNumberGenerator()
    var identity = ServerIdentity(storeID: storeID, bootID: generator.next())
    identity.epoch = configuration.epoch
    identity.shard = UInt16(configuration.shard)
    identity.shards = UInt16(configuration.shards)
    self.identity = identity
    self.defaults = defaults
    core = store?.core ?? ServerCore(configuration, now: .now())
    alarm = Alarm(on: loop.assumeIsolated())
    keeper = store.map { store in
      StoreKeeper(
        store, configuration.durability, on: loop.assumeIsolated(), report: { [weak self] in self?.step($0) },
        failed: failed)
    }
  }

  public func session(of client: ClientIdentity) -> SessionState {
    let (last, number) = core.session(of: client.id)
    return SessionState(lastAppliedSequence: last, number: number)
  }

  public func connected(_ connection: ServiceConnection) {
    let client = connection.client
    connections[connection.id] = connection
    step(.connected(connection.id, Peer(clientID: client.id, role: client.role, receiveLimit: client.receiveLimit)))
  }

  public func received(_ request: Frame, on connection: ServiceConnection) {
    // A server without a scheduler knows of no other: its clients name all servers themselves.
    guard request.header.type != .shardMap else { return connection.reply(noMap(request)) }
    let start = Instant.now()
    step(.request(request, from: connection.id), now: start)
    step(.measured(request.header.type, .now() - start))
  }

  public func disconnected(_ connection: ServiceConnection) {
    connections[connection.id] = nil
    step(.disconnected(connection.id))
  }

  /// Makes everything that was acknowledged durable, as a snapshot too, and ends the log.
  package func close() throws(FileError) {
    guard let keeper else { return }
    self.keeper = nil
    if let lsn = core.beginSnapshot() {
      try keeper.writeLastSnapshot(upTo: lsn) { core.nextSnapshotChunk() }
      core.endSnapshot()
    }
    try keeper.close()
  }

  private func writeSnapshot(_ keeper: StoreKeeper) {
    guard keeper.needsSnapshot(stateByteCount: core.stateByteCount), let lsn = core.beginSnapshot() else { return }
    keeper.writeSnapshot(upTo: lsn, next: { [weak self] in self?.core.nextSnapshotChunk() }) { [weak self] in
      self?.core.endSnapshot()
    }
  }

  private func step(_ event: Event, now: Instant = .now()) {
    var next: Event? = event
    while let event = next {
      core.step(event, now: now, into: &effects)
      for effect in effects { perform(effect) }
      effects.removeAll(keepingCapacity: true)
      next = keeper?.outcome()
    }
    if let keeper { writeSnapshot(keeper) }
  }

  private func perform(_ effect: Effect) {
    switch effect {
    case .reply(let frame, let connection): connections[connection]?.reply(frame)
    case .close(let connection, let refusal): connections[connection]?.close(refusal)
    case .append(let record): keeper?.append(record)
    case .wake(let time): alarm.set(time) { [weak self] in self?.ring() }
    }
  }

  private func ring() {
    alarm.clear()
    step(.timer)
  }

  private func noMap(_ request: Frame) -> Frame {
    let map = ShardMapReply(epoch: 0, defaults: defaults, servers: [])
    return Frame(.shardMap, flags: .response, requestID: request.header.requestID, payload: map.payload)
  }
}
