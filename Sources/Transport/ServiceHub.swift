import NIOCore
import Wire

/// A service and all of its channels, on its event loop.
final class ServiceHub {
  let service: any FrameService
  /// What the channels take together.
  var load: ServerLoad

  private let keys: KeyRing
  private var channels: [UInt64: ServerChannel] = [:]
  /// The channel of each client that is connected.
  private var clients: [Identifier: (connection: ServiceConnection, channel: ServerChannel)] = [:]
  /// Those whose next request waits for memory, in the order in which they came.
  private var waiting: [ServerChannel] = []
  private var isResuming = false
  private var nextID: UInt64 = 1
  private var generator = SystemRandomNumberGenerator()
  private var emptied: EventLoopPromise<Void>?

  /// How many connections above the limit may be told so at a time; more are closed without a word.
  private static let excess = 64

  init(service: any FrameService, limits: Limits, keys: KeyRing) {
    self.service = service
    self.keys = keys
    load = ServerLoad(limits: limits)
  }

  /// A handler for a channel that was accepted.
  ///
  /// - Throws: That there are far too many.
  func accept(_ channel: any Channel) throws(Refusal) -> ServerChannel {
    let tooMany = Refusal(
      .tooManyConnections, detail: UInt64(load.limits.connections), "there are too many connections")
    guard emptied == nil, channels.count < load.limits.connections + Self.excess else { throw tooMany }
    let nonce = generator.bytes(32)
    var machine = ServerConnection(limits: load.limits, keys: keys, nonce: nonce, now: .now())
    if channels.count >= load.limits.connections { machine.end(tooMany) }
    defer { nextID += 1 }
    let handler = ServerChannel(id: nextID, channel: channel, hub: self, machine: machine)
    channels[nextID] = handler
    return handler
  }

  /// Lets a client in; its older connection, if there is one, is closed.
  func admit(_ connection: ServiceConnection, on channel: ServerChannel) throws(Refusal) -> SessionState {
    let client = connection.client
    let older = clients[client.id]
    if let older, older.connection.client.keyID != client.keyID {
      throw Refusal(.forbidden, closing: true, "this client identifier is in use with another key")
    }
    let session = try service.session(of: client)
    older?.channel.endNow(Refusal(.fenced, "a newer connection of this client has taken over"))
    clients[client.id] = (connection, channel)
    return session
  }

  /// A client is not connected any more.
  func depart(_ connection: ServiceConnection) {
    if clients[connection.client.id]?.connection === connection { clients[connection.client.id] = nil }
  }

  /// A channel is closed.
  func remove(_ channel: ServerChannel) {
    channels[channel.id] = nil
    resume()
    if channels.isEmpty { emptied?.succeed() }
  }

  /// Steps `channel` again when memory is given back.
  func wait(_ channel: ServerChannel) {
    if !waiting.contains(where: { $0 === channel }) { waiting.append(channel) }
  }

  /// Lets requests in that waited for memory.
  func resume() {
    guard !isResuming, !waiting.isEmpty else { return }
    isResuming = true
    defer { isResuming = false }
    var before: Int
    repeat {
      before = load.requestBytes
      let channels = waiting
      waiting = []
      for channel in channels { channel.step() }
    } while load.requestBytes < before && !waiting.isEmpty
  }

  /// Asks all clients to leave; `emptied` succeeds when they have left.
  func drain(_ goAway: GoAway, emptied: EventLoopPromise<Void>) {
    self.emptied = emptied
    for channel in channels.values.sorted(by: { $0.id < $1.id }) { channel.drain(goAway) }
    if channels.isEmpty { emptied.succeed() }
  }

  /// Closes all sockets.
  func closeAll() {
    for channel in channels.values.sorted(by: { $0.id < $1.id }) { channel.close() }
  }
}
