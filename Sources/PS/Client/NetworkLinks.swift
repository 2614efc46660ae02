public import Transport
public import Wire

/// Connections to the servers of a cluster, one session with each.
///
/// Connections are made when something is first asked, and again after they break.
public final class NetworkLinks: ServerLinks {
  /// Who a client is, and how patient.
  public struct Options: Sendable {
    /// What the client wants to be allowed.
    public var role = Role.worker
    /// The key, if the servers want one.
    public var key: SharedKey?
    /// How connections are encrypted, if they are.
    public var tls: ClientTLS?
    /// How the client deals with failures.
    public var patience = ClientSession.Patience()
    /// How long connections may take, and when silence is asked about.
    public var limits = Limits()
    /// Told what a user should know: servers are waited for or have lost acknowledged updates, or a place in the cluster
    /// is another one's.
    public var notice: @Sendable (String) -> Void = { _ in }

    /// The defaults.
    public init() {}
  }

  private let links: any ServerLinks
  private let waiting: WaitingNotice

  /// Links to the servers at `addresses`, in the order of their shards.
  ///
  /// - Parameter isCluster: Whether each server has to be the shard that its place says.
  public convenience init(_ addresses: [Address], options: Options = Options(), isCluster: Bool = true) {
    self.init(ServerDirectory(addresses, options: options), options, isCluster: isCluster)
  }

  /// Links to the servers of `cluster`, to other addresses as well if its scheduler says that a server is there now.
  public convenience init(_ cluster: Cluster, options: Options = Options()) {
    self.init(
      ServerDirectory(cluster.servers, scheduler: cluster.scheduler, options: options), options, isCluster: true)
  }

  private init(_ directory: ServerDirectory, _ options: Options, isCluster: Bool) {
    let links: any ServerLinks =
      options.tls == nil
      ? SocketLinks(directory, options, isCluster: isCluster)
      : EventLoopLinks(directory, options, isCluster: isCluster)
    self.links = links
    waiting = WaitingNotice {
      let names = (0..<links.count).map(links.name).joined(separator: ", ")
      options.notice("waiting for \(names): a server may be away, or keep its answer back for workers that are behind")
    }
  }

  public var count: Int { links.count }

  public func name(of shard: Int) -> String { links.name(of: shard) }

  public var lostUpdates: UInt64 { links.lostUpdates }

  public var payloadLimit: Int { links.payloadLimit }

  public func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    try waiting.during { () throws(ClientError) in try links.call(requests, showing: arriving) }
  }
}

extension NetworkLinks.Options {
  /// What `client` says first on a new connection.
  func hello(of client: Identifier) -> Hello {
    var generator = SystemRandomNumberGenerator()
    return Hello(
      role: role, clientID: client, nonce: generator.bytes(32), keyID: key?.id ?? "",
      receiveLimit: Limits.payloadCap)
  }
}
