public import NIOCore
import NIOPosix
public import Transport
public import Wire

/// Connections to the servers of a cluster for those who must not keep a thread waiting, or who encrypt: one session with
/// each server, on one event loop.
///
/// Connections are made when something is first asked, and again after they break.
public final class EventLoopLinks: ServerLinks {
  private let addresses: [Address]
  private let losses: LossCounter
  private let loop: any EventLoop
  private let drivers: NIOLoopBound<[SessionDriver]>

  /// Links to the server at `address`.
  public convenience init(_ address: Address, options: NetworkLinks.Options = NetworkLinks.Options()) {
    self.init([address], options, isCluster: false)
  }

  /// Links to the servers at `addresses`, in the order of their shards.
  init(_ addresses: [Address], _ options: NetworkLinks.Options, isCluster: Bool) {
    var generator = SystemRandomNumberGenerator()
    let (client, losses) = (Identifier(using: &generator), LossCounter(notice: options.notice))
    self.addresses = addresses
    self.losses = losses
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    self.loop = loop
    drivers = try! loop.submit {
      let drivers = addresses.enumerated().map { shard, address in
        SessionDriver(
          address, expectedShard: isCluster ? (shard, addresses.count) : nil, client: client, options: options,
          losses: losses, loop: loop)
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

  /// Asks the servers and waits for their answers, which are not shown before they are whole.
  public func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    precondition(requests.count == addresses.count, "\(requests.count) requests to \(addresses.count) servers")
    let futures = requests.enumerated().map { shard, request in request.map { futureAnswer(to: $0, of: shard) } }
    return try results(futures.map { future in future.map(Self.wait) })
  }

  private static func wait(for future: EventLoopFuture<Frame>) -> Result<Frame, ClientError> {
    do { return .success(try future.wait()) } catch {
      guard let error = error as? ClientError else { preconditionFailure("\(error)") }
      return .failure(error)
    }
  }

  /// Asks a server without keeping a thread waiting.
  public func answer(to request: ServerRequest, of shard: Int = 0) async throws -> Frame {
    try await futureAnswer(to: request, of: shard).get()
  }

  /// Asks a server: what one thread asks is sent in that order.
  public func futureAnswer(to request: ServerRequest, of shard: Int = 0) -> EventLoopFuture<Frame> {
    let promise = loop.makePromise(of: Frame.self)
    let drivers = drivers
    loop.execute { drivers.value[shard].submit(request, promise) }
    return promise.futureResult
  }
}
