import Synchronization
import Transport
import Wire

/// Where the servers of a cluster are: their scheduler is asked again when one is not where it was.
///
/// Nobody waits for the scheduler's answer: who connects after it goes where it says.
final class ServerDirectory: Sendable {
  private struct State {
    /// In the order of the shards.
    var addresses: [Address]
    var isAsking = false
  }

  /// The number of servers.
  let count: Int
  private let scheduler: Address?
  private let options: NetworkLinks.Options
  private let state: Mutex<State>

  /// How long the scheduler may take; who still misses a server then asks again.
  private static let patience = Duration.seconds(5)

  /// The servers at `addresses`, in the order of their shards; without a `scheduler` they stay there.
  init(_ addresses: [Address], scheduler: Address? = nil, options: NetworkLinks.Options) {
    count = addresses.count
    self.scheduler = scheduler
    self.options = options
    state = Mutex(State(addresses: addresses))
  }

  /// Where the server of `shard` is, as far as is known.
  func address(of shard: Int) -> Address { state.withLock { $0.addresses[shard] } }

  /// Asks the scheduler, if there is one and it is not being asked.
  func refresh() {
    guard let scheduler, beginAsking() else { return }
    Task { [self] in
      let links = EventLoopLinks(scheduler, options: options)
      let answer = try? await links.answer(to: ServerRequest(reading: .shardMap, patience: Self.patience))
      take(answer.flatMap { try? ShardMapReply(reading: $0.payload) })
    }
  }

  /// Notes that the scheduler is asked.
  ///
  /// - Returns: Whether it was not before.
  private func beginAsking() -> Bool {
    state.withLock { state in
      defer { state.isAsking = true }
      return !state.isAsking
    }
  }

  /// Notes what the scheduler says, if it answers; of a server that has not come back it may not know where it is.
  private func take(_ map: ShardMapReply?) {
    let servers = map?.servers ?? []
    let addresses: [Address?] = servers.count == count ? servers.map { try? Address($0.address) } : []
    state.withLock { state in
      state.isAsking = false
      for (shard, address) in addresses.enumerated() {
        if let address { state.addresses[shard] = address }
      }
    }
  }
}
