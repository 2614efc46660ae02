import Kernels
import NIOCore
import NIOPosix
import Synchronization
public import Transport

/// A proxy between clients and a server that does to their bytes what networks do; what it does follows from a seed and
/// from the order in which bytes come.
public final class FaultProxy: Sendable {
  /// What goes wrong.
  public struct Faults: Hashable, Sendable {
    /// How long bytes are on their way.
    public var delay = Duration.zero
    /// The bytes that pass in a second, each way; 0 for any number.
    public var bytesPerSecond = 0
    /// Whether bytes come one at a time.
    public var isSplit = false
    /// Whether bytes vanish on their way to the server, and nobody is told; and on their way back.
    public var swallowsRequests = false
    public var swallowsReplies = false
    /// Whether they vanish both ways.
    public var isBlackHole: Bool {
      get { swallowsRequests && swallowsReplies }
      set { (swallowsRequests, swallowsReplies) = (newValue, newValue) }
    }
    /// The share of pieces of which one bit is another one.
    public var flips = 0.0
    /// The share of replies that vanish together with their connection, after the server has done what was asked.
    public var lostReplies = 0.0
    /// The share of connections that are reset somewhere in their first 4 KiB.
    public var resets = 0.0
    /// The share of connections whose replies end somewhere in their first 4 KiB.
    public var halfCloses = 0.0

    /// Nothing.
    public init() {}
  }

  /// What has gone wrong so far.
  public struct Counts: Hashable, Sendable {
    public var connections = 0
    public var lostReplies = 0
    public var resets = 0
    public var halfCloses = 0
    public var flips = 0
  }

  /// Where clients connect.
  public let address: Address

  private let channel: any Channel
  private let state: State

  private init(_ address: Address, _ channel: any Channel, _ state: State) {
    self.address = address
    self.channel = channel
    self.state = state
  }

  /// Starts a proxy to the server at `address`, a port.
  public static func start(to address: Address, _ faults: Faults, seed: UInt64) async throws -> FaultProxy {
    guard case .tcp(let host, let port) = address else { preconditionFailure("a proxy to \(address)") }
    let state = State(faults, seed: seed)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { client in
        ClientBootstrap(group: client.eventLoop)
          .channelOption(.tcpOption(.tcp_nodelay), value: 1)
          .connect(host: host, port: port)
          .assumeIsolated()
          .flatMapThrowing { server in try FaultyLine.join(client, server, state) }
          .nonisolated()
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return FaultProxy(.tcp(host: "127.0.0.1", port: channel.localAddress!.port!), channel, state)
  }

  /// What goes wrong from now on; connections that are there keep their fate.
  public func set(_ faults: Faults) { state.values.withLock { $0.faults = faults } }

  /// What has gone wrong so far.
  public var counts: Counts { state.values.withLock { $0.counts } }

  /// Ends all connections that there are, at both ends.
  public func breakConnections() {
    for channel in state.values.withLock({ $0.clients }).values { channel.close(promise: nil) }
  }

  /// Accepts no more connections.
  public func stop() async { try? await channel.close().get() }

  /// What all connections share.
  final class State: Sendable {
    struct Values {
      var faults: Faults
      var counts = Counts()
      var random: SplitMix64
      /// The clients' ends of the connections that there are.
      var clients: [ObjectIdentifier: any Channel] = [:]
    }

    let values: Mutex<Values>

    init(_ faults: Faults, seed: UInt64) { values = Mutex(Values(faults: faults, random: SplitMix64(seed: seed))) }
  }
}
