public import Files
import NIOCore
import NIOPosix
import Synchronization
public import Transport
public import Wire

/// A parameter server that listens: the only shard, one of several, or one that a scheduler gives its shard.
public final class ParameterServer: Sendable {
  /// How a server is started.
  public struct Options: Sendable {
    /// Where it listens; with a scheduler, port 0 is first the port that the server had before.
    public var address: Address
    /// Which shard it is; with a scheduler it may be `nil`, for that of its folder or any that is free.
    public var shard: Int?
    /// The number of shards.
    public var shards = 1
    /// The scheduler of its cluster.
    public var scheduler: Address?
    /// The address by which clients reach it, if that is another one than ``address``; with a scheduler, which tells them,
    /// one of the two has to name a host.
    public var advertisedAddress: Address?
    /// How those train who name no scheduler and do not say otherwise.
    public var defaults = TrainingDefaults()
    /// What clients may ask for.
    public var limits = Limits()
    /// The keys of which clients have to show one.
    public var keys: [SharedKey] = []
    /// How connections of clients are encrypted, if they are.
    public var tls: ServerTLS?
    /// How the connection to the scheduler is encrypted, if it is.
    public var schedulerTLS: ClientTLS?
    /// The most bytes that models may have in memory, their rows included.
    public var memoryLimit = Int.max
    /// The folder that keeps what is learned, for one server alone; without one it goes with the process.
    public var dataFolder: String?
    /// When a change is acknowledged, if there is a folder.
    public var durability = Durability.everySecond
    /// The bytes of a file of the log, which are taken from the disk in advance.
    public var segmentByteCount = Store.segmentByteCount
    /// Told what a user should know while it runs.
    public var notice: @Sendable (String) -> Void = { _ in }
    /// How long the client that brings a new model's values may pause.
    package var leaseTime = Duration.seconds(30)

    /// A server at `address`.
    public init(address: Address) { self.address = address }
  }

  /// Where it listens.
  public var address: Address { listener.address }
  /// Which shard it is.
  public let shard: Int
  /// The number of shards.
  public let shards: Int
  /// Whether its disk had no room when it started: it only reads until there is.
  public let startedFull: Bool

  /// Fails when the disk does, after which nothing is kept any more and the process had better end.
  public let diskFailures: AsyncStream<FileError>

  private let listener: Listener<ParameterService>
  private let membership: Membership?
  private let folder: SystemFolder?
  private let isHurried = Mutex(false)

  private init(
    shard: Int, of shards: Int, startedFull: Bool, listener: Listener<ParameterService>, membership: Membership?,
    folder: SystemFolder?, diskFailures: AsyncStream<FileError>
  ) {
    (self.shard, self.shards, self.startedFull) = (shard, shards, startedFull)
    self.listener = listener
    self.membership = membership
    self.folder = folder
    self.diskFailures = diskFailures
  }

  /// Starts a server.
  ///
  /// - Throws: ``ClientError`` if the scheduler has no place for it, `ListenError` if it cannot listen,
  ///   ``StoreFolderError`` if what it has learned before cannot be used.
  public static func start(_ options: Options) async throws -> ParameterServer {
    let folder = try options.dataFolder.map { (path) in try SystemFolder(path) }
    do { return try await start(options, in: folder) } catch {
      folder?.unlock()
      throw error
    }
  }

  private static func start(_ options: Options, in folder: SystemFolder?) async throws -> ParameterServer {
    let kept = try identity(in: folder)
    var generator = SystemRandomNumberGenerator()
    let storeID = kept?.id ?? Identifier(using: &generator)
    var configuration = ServerCore.Configuration()
    (configuration.shard, configuration.shards) = (options.shard ?? 0, options.shards)
    configuration.bootID = generator.next()
    configuration.durability = folder == nil ? .none : options.durability
    configuration.payloadLimit = options.limits.payload
    configuration.memoryLimit = options.memoryLimit
    configuration.leaseTime = options.leaseTime
    guard let scheduler = options.scheduler else {
      return try await listen(options, configuration, storeID, in: folder)
    }
    let announced = options.advertisedAddress ?? options.address
    guard !announced.isWildcard else { throw ListenError(address: announced, reason: .wildcard) }
    if let kept, let shard = options.shard, shard != kept.shard {
      let path = options.dataFolder ?? ""
      throw StoreFolderError.foreign(
        problem: "'\(path)' has shard \(kept.shard) of \(kept.shards), but the server is to be shard \(shard)")
    }
    var linkOptions = NetworkLinks.Options()
    linkOptions.role = .server
    linkOptions.key = options.keys.first
    linkOptions.tls = options.schedulerTLS
    linkOptions.notice = options.notice
    // Nobody is sent here before the address is announced.
    let (member, map) = try await Membership.join(
      scheduler, as: .server, member: storeID, wanted: options.shard ?? kept?.shard, options: linkOptions)
    (configuration.shard, configuration.shards) = (member.index, map.servers.count)
    // Clients look for it where it was.
    let before = try? Address(map.servers[member.index].address)
    let port: Int? = if case .tcp(_, let number)? = before { number } else { nil }
    let server: ParameterServer
    do {
      server = try await listen(options, configuration, storeID, in: folder, as: member, preferring: port)
    } catch {
      // The place is the store's if there is one for it; otherwise nobody will ever come for it again.
      let place = StoreIdentity(id: storeID, shard: configuration.shard, shards: configuration.shards)
      if (try? identity(in: folder)) != place { await member.leave() }
      throw error
    }
    member.renew(address: "\(options.advertisedAddress ?? server.address)")
    return server
  }

  /// Which store is in `folder`; nil for none.
  private static func identity(in folder: SystemFolder?) throws -> StoreIdentity? {
    guard let folder else { return nil }
    return try Store.identity(in: folder)
  }

  /// Listens as the shard that `configuration` says, with what is in `folder`.
  private static func listen(
    _ options: Options, _ configuration: ServerCore.Configuration, _ storeID: Identifier, in folder: SystemFolder?,
    as membership: Membership? = nil, preferring port: Int? = nil
  ) async throws -> ParameterServer {
    let (diskFailures, failures) = AsyncStream.makeStream(of: FileError.self)
    let listener = try await Listener.start(
      at: options.address, preferring: port, limits: options.limits, keys: KeyRing(options.keys), tls: options.tls,
      on: MultiThreadedEventLoopGroup.singleton.next()
    ) { loop in
      let store = try folder.map {
        try Store.open($0, configuration, newID: storeID, segmentByteCount: options.segmentByteCount)
      }
      return ParameterService(
        configuration, storeID: storeID, store: store, defaults: options.defaults, on: loop
      ) { failures.yield($0) }
    }
    return ParameterServer(
      shard: configuration.shard, of: configuration.shards,
      startedFull: try await listener.withService { $0.isFull }, listener: listener, membership: membership,
      folder: folder, diskFailures: diskFailures)
  }

  /// Answers what was asked, asks clients to leave, and stops; what was learned is then on the disk.
  ///
  /// - Parameters:
  ///   - time: How long clients may take.
  ///   - snapshotTime: How long after that a last snapshot may take; the log has everything without it.
  /// - Throws: `FileError` if what was learned is not on the disk.
  public func stop(within time: Duration = .seconds(5), snapshotWithin snapshotTime: Duration = .seconds(20))
    async throws
  {
    let snapshotEnd = try await listener.withService { $0.endSnapshots() }
    // What was only in memory is no more, so that another server may take its place.
    if folder == nil { await membership?.leave() } else { membership?.stopRenewing() }
    await listener.drain(within: time)
    let alarm = Task {
      try await Task.sleep(for: snapshotTime)
      await hurry()
    }
    defer { alarm.cancel() }
    try await snapshotEnd.get()
    try await listener.withService { [self] service in
      try service.close { isHurried.withLock { $0 } }
    }
    // Threads of the disk may hold it for a moment longer; after a failure, they may still write.
    folder?.unlock()
  }

  /// Calls `body` on the thread that owns the tables.
  package func withThread(_ body: @escaping @Sendable () -> Void) async throws {
    try await listener.withService { _ in body() }
  }

  /// Makes ``stop(within:snapshotWithin:)`` wait for no client and write no snapshot.
  public func hurry() async {
    isHurried.withLock { $0 = true }
    await listener.closeConnections()
    try? await listener.withService { $0.cancelSnapshots() }
  }
}
