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
  private let directory: ServerDirectory
  private let losses: LossCounter
  private let links: Mutex<[SocketLink]>

  /// How often connections are looked at that nobody uses, at least.
  private static let longestRest = Duration.seconds(1)

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
    tend(every: min(Self.longestRest, options.limits.pingTime / 2))
  }

  var count: Int { directory.count }

  func name(of shard: Int) -> String { "\(directory.address(of: shard))" }

  var lostUpdates: UInt64 { losses.count }

  func call(
    _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
  ) throws(ClientError) -> [Frame?] {
    precondition(requests.count == count, "\(requests.count) requests to \(count) servers")
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
