package import Files
package import NIOCore
public import Transport
public import Wire

/// A ``ServerCore`` on a listener: requests come in, effects go out, all on one event loop, which owns the tables.
public final class ParameterService: FrameService {
  public let identity: ServerIdentity
  private let loop: any EventLoop
  private let defaults: TrainingDefaults
  private var connections: [ConnectionID: ServiceConnection] = [:]
  private var alarm: Alarm
  private var driver: ServerDriver!

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
    var identity = ServerIdentity(storeID: storeID, bootID: configuration.bootID)
    identity.epoch = configuration.epoch
    identity.shard = UInt16(configuration.shard)
    identity.shards = UInt16(configuration.shards)
    self.identity = identity
    self.defaults = defaults
    self.loop = loop
    let loop = loop.assumeIsolated()
    alarm = Alarm(on: loop)
    driver = ServerDriver(
      configuration, store: store, on: ThreadedLoop(on: loop), perform: { [unowned self] in perform($0) },
      failed: failed)
  }

  public func started() { driver.start() }

  public func session(of client: ClientIdentity) -> SessionState { driver.session(of: client.id) }

  public func connected(_ connection: ServiceConnection) {
    let client = connection.client
    connections[connection.id] = connection
    driver.step(
      .connected(connection.id, Peer(clientID: client.id, role: client.role, receiveLimit: client.receiveLimit)))
  }

  public func received(_ request: Frame, on connection: ServiceConnection) {
    switch request.header.type {
    // A server without a scheduler knows of no other: its clients name all servers themselves.
    case .shardMap: return connection.reply(map(for: request))
    case .snapshot: return writeSnapshot(request, on: connection)
    default: break
    }
    let start = Instant.now()
    driver.step(.request(request, from: connection.id))
    driver.step(.measured(request.header.type, .now() - start))
  }

  public func disconnected(_ connection: ServiceConnection) {
    connections[connection.id] = nil
    driver.step(.disconnected(connection.id))
  }

  /// Whether the disk has no room, so that the server only reads.
  package var isFull: Bool { driver.isFull }

  /// Begins no more snapshots; succeeds when none is being written any more.
  package func endSnapshots() -> EventLoopFuture<Void> {
    let promise = loop.makePromise(of: Void.self)
    driver.endSnapshots { promise.succeed() }
    return promise.futureResult
  }

  /// Begins no more snapshots, and gives up the one that is being written.
  package func cancelSnapshots() { driver.cancelSnapshots() }

  /// Makes everything that was acknowledged durable, as a snapshot too, and ends the log; after ``endSnapshots()``.
  ///
  /// - Parameter isHurried: Whether to do without the snapshot; it is asked again and again.
  package func close(isHurried: () -> Bool) throws(FileError) { try driver.close(isHurried: isHurried) }

  private func perform(_ effect: Effect) {
    switch effect {
    case .reply(let frame, let connection): connections[connection]?.reply(frame)
    case .stream(var reply, let connection):
      connections[connection]?.reply(reply.header) { driver.nextPart(of: &reply) }
    case .close(let connection, let refusal): connections[connection]?.close(refusal)
    case .wake(let time): alarm.set(time) { [weak self] in self?.ring() }
    case .append: preconditionFailure("a record that the driver did not write")
    }
  }

  private func ring() {
    alarm.clear()
    driver.step(.timer)
  }

  private func map(for request: Frame) -> Frame {
    let map = ShardMapReply(epoch: 0, defaults: defaults, servers: [])
    return Frame(.shardMap, flags: .response, requestID: request.header.requestID, payload: map.payload)
  }

  /// Answers an administrator who wants a snapshot.
  private func writeSnapshot(_ request: Frame, on connection: ServiceConnection) {
    func refuse(_ refusal: Refusal) { connection.refuse(refusal, answering: request.header) }
    do throws(Refusal) {
      guard connection.client.role.includes(.admin) else {
        throw Refusal(.forbidden, "a client that is no administrator may not do this")
      }
      try driver.snapshot(waits: SnapshotRequest(reading: request.payload).waits) { [identity] result in
        switch result {
        case .success(let reply):
          connection.reply(
            Frame(
              .snapshot, flags: .response, epoch: identity.epoch, requestID: request.header.requestID,
              payload: reply.payload))
        case .failure(let refusal): refuse(refusal)
        }
      }
    } catch {
      refuse(error)
    }
  }
}
