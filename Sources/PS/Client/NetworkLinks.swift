package import NIOCore
import NIOPosix
import Synchronization
public import Transport
public import Wire

/// Connections to the servers of a cluster: one session with each, on one event loop.
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
    /// What is told when servers lose acknowledged updates.
    public var notice: @Sendable (String) -> Void = { _ in }

    /// The defaults.
    public init() {}
  }

  private let addresses: [Address]
  private let loop: any EventLoop
  private let drivers: NIOLoopBound<[SessionDriver]>
  private let losses: LossCounter

  /// Links to the servers at `addresses`, in the order of their shards.
  ///
  /// - Parameter isCluster: Whether each server has to be the shard that its place says.
  public convenience init(_ addresses: [Address], options: Options = Options(), isCluster: Bool = true) {
    var generator = SystemRandomNumberGenerator()
    self.init(addresses, options: options, isCluster: isCluster, client: Identifier(using: &generator))
  }

  /// The same for a client that was there before.
  package init(_ addresses: [Address], options: Options, isCluster: Bool, client: Identifier) {
    self.addresses = addresses
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let counter = LossCounter(notice: options.notice)
    self.loop = loop
    losses = counter
    drivers = try! loop.submit {
      let drivers = addresses.enumerated().map { shard, address in
        SessionDriver(
          address, expectedShard: isCluster ? (shard, addresses.count) : nil, client: client, options: options,
          losses: counter, loop: loop)
      }
      return NIOLoopBound(drivers, eventLoop: loop)
    }.wait()
  }

  deinit {
    let drivers = drivers
    loop.execute { for driver in drivers.value { driver.close() } }
  }

  public var count: Int { addresses.count }

  public func name(of shard: Int) -> String { "\(addresses[shard])" }

  public var lostUpdates: UInt64 { losses.count }

  public func call(_ requests: [ServerRequest?]) throws(ClientError) -> [Frame?] {
    precondition(requests.count == addresses.count, "\(requests.count) requests to \(addresses.count) servers")
    let promises = requests.map { $0 == nil ? nil : loop.makePromise(of: Frame.self) }
    let drivers = drivers
    loop.execute {
      for (shard, request) in requests.enumerated() {
        if let request, let promise = promises[shard] { drivers.value[shard].submit(request, promise) }
      }
    }
    // All answers are waited for, also after a failure: what they are about is used again.
    let results = promises.map { promise in promise.map { promise in Result { try promise.futureResult.wait() } } }
    var answers: [Frame?] = []
    for result in results {
      switch result {
      case nil: answers.append(nil)
      case .success(let frame): answers.append(frame)
      case .failure(let error as ClientError): throw error
      case .failure(let error): preconditionFailure("\(error)")
      }
    }
    return answers
  }
}

extension NetworkLinks {
  /// Asks one server without keeping a thread waiting.
  package func answer(to request: ServerRequest, of shard: Int) async throws -> Frame {
    try await futureAnswer(to: request, of: shard).get()
  }

  /// Asks one server: what one thread asks is sent in that order.
  package func futureAnswer(to request: ServerRequest, of shard: Int) -> EventLoopFuture<Frame> {
    let promise = loop.makePromise(of: Frame.self)
    let drivers = drivers
    loop.execute { drivers.value[shard].submit(request, promise) }
    return promise.futureResult
  }
}

/// How many acknowledged updates servers have lost.
final class LossCounter: Sendable {
  private let total = Mutex<UInt64>(0)
  private let notice: @Sendable (String) -> Void

  init(notice: @escaping @Sendable (String) -> Void) { self.notice = notice }

  var count: UInt64 { total.withLock { $0 } }

  func add(_ updates: UInt64, lostBy server: String) {
    total.withLock { $0 += updates }
    notice("the parameter server \(server) lost \(updates) acknowledged updates with its power; training goes on")
  }
}
