import NIOCore
import NIOPosix
public import Transport
public import Wire

/// A parameter server that listens: the only shard, one of several, or one that a scheduler gives its shard.
public final class ParameterServer: Sendable {
  /// How a server is started.
  public struct Options: Sendable {
    /// Where it listens.
    public var address: Address
    /// Which shard it is; with a scheduler it may be `nil`, for any that is free.
    public var shard: Int?
    /// The number of shards.
    public var shards = 1
    /// The scheduler of its cluster.
    public var scheduler: Address?
    /// The address by which clients reach it, if that is another one than ``address``.
    public var advertisedAddress: Address?
    /// What clients may ask for.
    public var limits = Limits()
    /// The keys of which clients have to show one.
    public var keys: [SharedKey] = []

    /// A server at `address`.
    public init(address: Address) { self.address = address }
  }

  /// Where it listens.
  public var address: Address { listener.address }
  /// Which shard it is.
  public let shard: Int

  private let listener: Listener<ParameterService>
  private let membership: Membership?

  private init(shard: Int, listener: Listener<ParameterService>, membership: Membership?) {
    self.shard = shard
    self.listener = listener
    self.membership = membership
  }

  /// Starts a server.
  ///
  /// - Throws: ``ClientError`` if the scheduler has no place for it, `ListenError` if it cannot listen.
  public static func start(_ options: Options) async throws -> ParameterServer {
    var generator = SystemRandomNumberGenerator()
    let storeID = Identifier(using: &generator)
    var configuration = ServerCore.Configuration()
    configuration.shards = options.shards
    configuration.payloadLimit = options.limits.payload
    let membership = options.scheduler.map { scheduler in
      Membership(scheduler, storeID: storeID, key: options.keys.first)
    }
    let place = try await membership?.reserve(options.shard)
    configuration.shard = place?.shard ?? options.shard ?? 0
    configuration.shards = place?.shards ?? options.shards
    let listener = try await Listener.start(
      at: options.address, limits: options.limits, keys: KeyRing(options.keys),
      on: MultiThreadedEventLoopGroup.singleton.next()
    ) { [configuration] loop in ParameterService(configuration, storeID: storeID, on: loop) }
    await membership?.announce("\(options.advertisedAddress ?? listener.address)", shard: configuration.shard)
    return ParameterServer(shard: configuration.shard, listener: listener, membership: membership)
  }

  /// Answers what was asked, asks clients to leave, and stops.
  public func stop(within time: Duration = .seconds(5)) async {
    membership?.stop()
    await listener.drain(within: time)
  }
}
