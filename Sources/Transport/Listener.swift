import Foundation
public import NIOCore
import NIOPosix
public import Wire

/// A service that clients can reach.
///
/// The service and all of its connections live on one event loop:
///
///     let listener = try await Listener.start(at: Address("127.0.0.1:7070"), on: group.next()) { loop in Shard(loop) }
///     …
///     await listener.drain(within: .seconds(5))
public final class Listener<Service: FrameService>: Sendable {
  /// Where clients connect; with the port that was given if any free one was asked for.
  public let address: Address

  private let channel: any Channel
  private let hub: NIOLoopBound<ServiceHub>
  private let service: NIOLoopBound<Service>

  private init(
    address: Address, channel: any Channel, hub: NIOLoopBound<ServiceHub>, service: NIOLoopBound<Service>
  ) {
    self.address = address
    self.channel = channel
    self.hub = hub
    self.service = service
  }

  /// Starts to listen at `address`.
  ///
  /// - Parameters:
  ///   - port: The port to take if that is free and `address` is at any free one.
  ///   - keys: The keys of which clients have to show one; if there are none, only this machine may reach the address.
  ///   - tls: How connections are encrypted, if they are.
  ///   - makeService: Makes the service, on `loop`.
  /// - Throws: ``ListenError``, `LimitsError`, or what `makeService` throws.
  public static func start(
    at address: Address, preferring port: Int? = nil, limits: Limits = Limits(), keys: KeyRing = KeyRing(),
    tls: ServerTLS? = nil, on loop: any EventLoop,
    makeService: @escaping @Sendable (any EventLoop) throws -> Service
  ) async throws -> Listener {
    try limits.check()
    let socketAddress: SocketAddress
    do { socketAddress = try address.resolved() } catch {
      throw ListenError(address: address, reason: .unusable(ConnectionError.words(error)))
    }
    guard !keys.isEmpty || socketAddress.isLocal else { throw ListenError(address: address, reason: .openWithoutKey) }
    if case .unix(let path) = address { try await removeStaleSocket(path, at: socketAddress, address, on: loop) }
    let (hub, service) = try await loop.submit {
      let service = try makeService(loop)
      let hub = ServiceHub(service: service, limits: limits, keys: keys)
      return (NIOLoopBound(hub, eventLoop: loop), NIOLoopBound(service, eventLoop: loop))
    }.get()
    func bind(to place: SocketAddress) async throws -> any Channel {
      try await loop.flatSubmit {
        let bootstrap = ServerBootstrap(group: loop)
          .serverChannelOption(.backlog, value: 1024)
          .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
              try tls?.secure(channel, at: address)
              let handler = try hub.value.accept(channel)
              try channel.pipeline.syncOperations.addHandler(handler)
              if tls == nil { try SocketOptions.lend(by: handler, to: channel) }
            }
          }
        return SocketOptions.apply(to: bootstrap, for: place, limits: limits).bind(to: place)
          // On the loop, so that it comes before the first connection is accepted.
          .map { channel in
            service.value.started()
            return channel
          }
      }.get()
    }
    var preferred = socketAddress
    if let port, socketAddress.port == 0 { preferred.port = port }
    let channel: any Channel
    do { channel = try await bind(to: preferred) } catch {
      guard preferred != socketAddress else {
        throw ListenError(address: address, reason: .unusable(ConnectionError.words(error)))
      }
      do { channel = try await bind(to: socketAddress) } catch {
        throw ListenError(address: address, reason: .unusable(ConnectionError.words(error)))
      }
    }
    let bound = channel.localAddress.map { Address($0, else: address) } ?? address
    return Listener(address: bound, channel: channel, hub: hub, service: service)
  }

  /// Lets `body` use the service, on its event loop.
  public func withService<Result: Sendable>(
    _ body: @escaping @Sendable (Service) throws -> Result
  ) async throws -> Result {
    try await channel.eventLoop.submit { [service] in try body(service.value) }.get()
  }

  /// Accepts no more connections, asks all clients to leave, answers what is in flight, and closes what is left after
  /// `time`.
  public func drain(within time: Duration, _ goAway: GoAway = GoAway()) async {
    try? await channel.close().get()
    if case .unix(let path) = address { try? FileManager.default.removeItem(atPath: path) }
    let loop = channel.eventLoop
    try? await loop.flatSubmit { [hub] in
      let emptied = loop.makePromise(of: Void.self)
      let alarm = loop.scheduleTask(in: .nanoseconds(time.nanoseconds)) { hub.value.closeAll() }
      hub.value.drain(goAway, emptied: emptied)
      return emptied.futureResult.always { _ in alarm.cancel() }
    }.get()
  }

  /// Closes all connections that there are.
  public func closeConnections() async { try? await channel.eventLoop.submit { [hub] in hub.value.closeAll() }.get() }

  /// Removes a socket that a server left behind which did not end well.
  private static func removeStaleSocket(
    _ path: String, at socketAddress: SocketAddress, _ address: Address, on loop: any EventLoop
  ) async throws(ListenError) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeSocket else { return }
    if let other = try? await ClientBootstrap(group: loop).connect(to: socketAddress).get() {
      try? await other.close().get()
      throw ListenError(address: address, reason: .unusable("another server listens there"))
    }
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// Why a service cannot listen.
public struct ListenError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with an address.
  public enum Reason: Hashable, Sendable {
    /// Other machines could connect, and nobody has to show a key.
    case openWithoutKey
    /// Clients are to be sent there, and cannot be.
    case wildcard
    /// The system does not let us listen there.
    case unusable(String)
  }

  /// Where it should listen.
  public var address: Address
  /// What is wrong with it.
  public var reason: Reason

  /// That a service cannot listen at `address`.
  package init(address: Address, reason: Reason) {
    self.address = address
    self.reason = reason
  }

  public var description: String {
    switch reason {
    case .openWithoutKey:
      "\(address) can be reached from other machines: name a key file, or listen at 127.0.0.1 or a Unix socket"
    case .wildcard:
      "\(address) is all of this machine's addresses, and clients have to know one: name it with --advertise"
    case .unusable(let text): "cannot listen at \(address): \(text)"
    }
  }
}
