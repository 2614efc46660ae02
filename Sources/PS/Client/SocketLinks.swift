import Dispatch
import Synchronization
import Transport
import Wire

/// Connections to the servers of a cluster by the threads that ask: who asks does the work itself, so that no other thread
/// has to be woken.
///
/// While nobody asks, a look now and then shows the servers that the client lives, and makes connections again that are
/// gone.
final class SocketLinks: ServerLinks {
  private let directory: ServerDirectory
  private let losses: LossCounter
  private let links: Mutex<[SocketLink]>
  /// How often connections are looked at that nobody uses.
  private let rest: Duration
  /// Where that is done: on a thread that may wait, as the name of a server's host may have to be looked up, and that is
  /// there however many others wait.
  private let keeper = DispatchQueue(label: "onlearn.links")

  /// How often they are looked at, at least.
  private static let longestRest = Duration.seconds(1)
  /// How often while one of them is being made.
  private static let shortRest = Duration.milliseconds(20)

  /// Links to the servers of `directory`.
  init(_ directory: ServerDirectory, _ options: NetworkLinks.Options, isCluster: Bool) {
    var generator = SystemRandomNumberGenerator()
    let (client, losses) = (Identifier(using: &generator), LossCounter(notice: options.notice))
    self.directory = directory
    self.losses = losses
    links = Mutex(
      (0..<directory.count).map { shard in
        SocketLink(
          shard, of: directory, expectedShard: isCluster ? (shard, directory.count) : nil, client: client,
          options: options, losses: losses)
      })
    rest = min(Self.longestRest, options.limits.pingTime / 2)
    tend(after: rest)
  }

  var count: Int { directory.count }

  func name(of shard: Int) -> String { "\(directory.address(of: shard))" }

  var lostUpdates: UInt64 { losses.count }

  var payloadLimit: Int { links.withLock { $0.compactMap(\.payloadLimit).min() } ?? Limits().payload }

  func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    precondition(requests.count == count, "\(requests.count) requests to \(count) servers")
    return try results(links.withLock { SocketLink.call(&$0, requests, arriving) })
  }

  /// Looks at the connections after `pause` and from then on, unless they are used: answers for a client that does
  /// something else, and finds servers again that left, before they take the client for gone.
  private func tend(after pause: Duration) {
    keeper.asyncAfter(deadline: .now() + .nanoseconds(Int(pause.nanoseconds))) { [weak self] in
      guard let self else { return }
      let isConnecting = links.withLockIfAvailable { links in
        SocketLink.advance(&links, waitingUntil: .now())
        return links.contains(where: \.isConnecting)
      }
      tend(after: isConnecting == true ? Self.shortRest : rest)
    }
  }
}
