public import NIOCore
import NIOPosix
public import Transport
public import Wire

/// Connections to the servers of a cluster for those who must not keep a thread waiting, or who encrypt: one session with
/// each server, on one event loop.
///
/// Connections are made when something is first asked, and again after they break.
public final class EventLoopLinks: ServerLinks {
  private let directory: ServerDirectory
  private let losses: LossCounter
  private let loop: any EventLoop
  private let drivers: NIOLoopBound<[SessionDriver]>

  /// Links to the server at `address`.
  public convenience init(_ address: Address, options: NetworkLinks.Options = NetworkLinks.Options()) {
    self.init(ServerDirectory([address], options: options), options, isCluster: false)
  }

  /// Links to the servers of `directory`.
  init(_ directory: ServerDirectory, _ options: NetworkLinks.Options, isCluster: Bool) {
    var generator = SystemRandomNumberGenerator()
    let (client, losses) = (Identifier(using: &generator), LossCounter(notice: options.notice))
    self.directory = directory
    self.losses = losses
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    self.loop = loop
    drivers = try! loop.submit {
      let drivers = (0..<directory.count).map { shard in
        SessionDriver(
          shard, of: directory, expectedShard: isCluster ? (shard, directory.count) : nil, client: client,
          options: options, losses: losses, loop: loop)
      }
      return NIOLoopBound(drivers, eventLoop: loop)
    }.wait()
  }

  deinit {
    let drivers = drivers
    loop.execute { for driver in drivers.value { driver.close() } }
  }

  public var count: Int { directory.count }

  public func name(of shard: Int) -> String { "\(directory.address(of: shard))" }

  public var lostUpdates: UInt64 { losses.count }

  public var payloadLimit: Int {
    let drivers = drivers
    let limit = try! loop.submit { drivers.value.compactMap(\.payloadLimit).min() }.wait()
    return limit ?? Limits().payload
  }

  /// Asks the servers and waits for their answers, which are not shown before they are whole.
  public func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    precondition(requests.count == count, "\(requests.count) requests to \(count) servers")
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
