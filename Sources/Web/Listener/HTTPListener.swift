public import NIOCore
import NIOHTTP1
import NIOPosix
public import Serve
import Synchronization

/// Serves models over HTTP/1.1, with metrics, health, and a page for people.
public final class HTTPListener: Sendable {
  /// How a listener treats its clients.
  public struct Options: Sendable {
    /// The largest body of a request, in bytes.
    public var bodyLimit = 64 << 20
    /// The bytes of bodies that all requests together may hold.
    public var totalBodyLimit = 512 << 20
    /// The most connections at once.
    public var connectionLimit = 1024
    /// How long a request may take to arrive, and a connection may be silent.
    public var patience = TimeAmount.seconds(30)
    /// How long a client may take nothing of an answer; one that is only slow gets all of it.
    public var stallLimit = TimeAmount.seconds(10)
    /// What a client has to know, as a bearer token or as a password; nil where everybody is welcome.
    public var token: String?

    /// The defaults.
    public init() {}
  }

  private let service: WebService
  private let options: Options
  private let group: any EventLoopGroup
  private let budget: RequestBudget
  private let readiness: ReadyFlag
  private let channel = Mutex<(any Channel)?>(nil)
  private let connections = ConnectionList()

  /// A listener for `models` on the threads of `group`; `metrics` is what `/metrics` shows.
  public init(
    _ models: ModelService, metrics: PrometheusMetrics, group: any EventLoopGroup, options: Options = Options()
  ) {
    let ready = ReadyFlag()
    readiness = ready
    service = WebService(models: models, metrics: metrics) { ready.isSet && !models.isDraining }
    self.options = options
    self.group = group
    budget = RequestBudget(limit: options.totalBodyLimit)
  }

  /// Says that the service may be given work: `/readyz` answers 200 from now on.
  public func markReady() { readiness.set() }

  /// Listens at `host` and `port`; 0 for any free port.
  ///
  /// - Returns: The address.
  /// - Throws: `IOError` if the address cannot be used, or ``HTTPListenerError`` if it is not this machine's own and
  ///   no token is asked for.
  @discardableResult
  public func start(host: String, port: Int) async throws -> SocketAddress {
    let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
    guard options.token != nil || address.isLoopback else { throw HTTPListenerError(address: "\(host):\(port)") }
    let (service, options, budget, connections) = (service, options, budget, connections)
    let access = AccessControl(token: options.token, host: host)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 16)
      .childChannelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16384, maximum: 1 << 20)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard connections.add(channel, limit: options.connectionLimit) else {
            throw ChannelError.operationUnsupported
          }
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
          try pipeline.addHandler(
            HTTPRequestHandler(service: service, options: options, budget: budget, access: access))
        }
      }
    let listening = try await bootstrap.bind(to: address).get()
    channel.withLock { $0 = listening }
    return listening.localAddress ?? address
  }

  /// Accepts no more connections, lets requests that have come end, and closes the rest after `patience`.
  public func stop(patience: Duration = .seconds(10)) async {
    let listening = channel.withLock { channel in
      defer { channel = nil }
      return channel
    }
    try? await listening?.close()
    connections.quiesce()
    let end = ContinuousClock.now + patience
    while connections.count > 0, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
    connections.closeAll()
  }
}

/// Why a listener does not start.
public struct HTTPListenerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address.
  public var address: String

  public var description: String {
    "\(address) can be reached from other machines: name a file with a token with --http-token-file, or listen on "
      + "127.0.0.1"
  }
}

extension SocketAddress {
  /// Whether only this machine can reach the address.
  fileprivate var isLoopback: Bool {
    switch self {
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1"
    case .unixDomainSocket: true
    }
  }
}
