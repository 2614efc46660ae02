import NIOCore
import NIOPosix
import Synchronization
import Transport
import Wire

/// Connections to the servers of a cluster by the threads that ask: who asks does the work itself, so that no other thread
/// has to be woken.
///
/// While nobody asks, a look now and then shows the servers that the client lives.
final class SocketLinks: ServerLinks {
  private let addresses: [Address]
  private let losses: LossCounter
  private let links: Mutex<[SocketLink]>

  /// How often connections are looked at that nobody uses, at least.
  private static let longestRest = Duration.seconds(1)

  /// Links to the servers at `addresses`, in the order of their shards.
  init(_ addresses: [Address], _ options: NetworkLinks.Options, isCluster: Bool) {
    var generator = SystemRandomNumberGenerator()
    let (client, losses) = (Identifier(using: &generator), LossCounter(notice: options.notice))
    self.addresses = addresses
    self.losses = losses
    links = Mutex(
      addresses.enumerated().map { shard, address in
        SocketLink(
          address, expectedShard: isCluster ? (shard, addresses.count) : nil, client: client, options: options,
          losses: losses)
      })
    tend(every: min(Self.longestRest, options.limits.pingTime / 2))
  }

  var count: Int { addresses.count }

  func name(of shard: Int) -> String { "\(addresses[shard])" }

  var lostUpdates: UInt64 { losses.count }

  func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    precondition(requests.count == addresses.count, "\(requests.count) requests to \(addresses.count) servers")
    return try results(links.withLock { SocketLink.call(&$0, requests, arriving) })
  }

  /// Looks at the connections every `pause`, unless they are used: answers for a client that does something else, and
  /// notices servers that left.
  private func tend(every pause: Duration) {
    let pause = TimeAmount.nanoseconds(pause.nanoseconds)
    MultiThreadedEventLoopGroup.singleton.next().scheduleRepeatedTask(initialDelay: pause, delay: pause) {
      [weak self] task in
      guard let self else { return task.cancel() }
      links.withLockIfAvailable { SocketLink.advance(&$0, waitingUntil: .now()) }
    }
  }
}
