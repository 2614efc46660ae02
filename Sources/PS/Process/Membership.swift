import NIOCore
import Synchronization
import Transport
import Wire

/// A server's place in a cluster: it takes a shard from the scheduler, and says every few seconds that it is there.
///
/// A scheduler that is away is no reason to stop: clients have the map, and the place is announced again when it is back.
final class Membership: Sendable {
  private let links: NetworkLinks
  private let storeID: Identifier
  private let renewals: Mutex<Task<Void, Never>?>

  init(_ scheduler: Address, storeID: Identifier, key: SharedKey?) {
    var options = NetworkLinks.Options()
    options.role = .server
    options.key = key
    links = NetworkLinks([scheduler], options: options, isCluster: false)
    self.storeID = storeID
    renewals = Mutex(nil)
  }

  /// Takes the shard number `wanted`, or any that is free; nobody is sent there before ``announce(_:shard:)``.
  func reserve(_ wanted: Int?) async throws -> (shard: Int, shards: Int) {
    let map = try await join(wanted, "")
    guard let shard = map.index, shard < map.servers.count else {
      throw ClientError.invalidAnswer(server: links.name(of: 0), problem: "it gives a server no shard")
    }
    return (shard, map.servers.count)
  }

  /// Tells the scheduler, now and from now on, that the server of `shard` is reached by `address`.
  func announce(_ address: String, shard: Int) async {
    _ = try? await join(shard, address)
    renewals.withLock { task in
      task = Task { [self] in
        while !Task.isCancelled {
          try? await Task.sleep(for: SchedulerCore.renewal)
          _ = try? await join(shard, address)
        }
      }
    }
  }

  /// Says no more.
  func stop() { renewals.withLock { $0?.cancel() } }

  private func join(_ shard: Int?, _ address: String) async throws -> ShardMapReply {
    let request = JoinRequest(role: .server, index: shard, address: address, member: storeID)
    let answer = try await links.answer(to: ServerRequest(reading: .join, request.payload), of: 0)
    return try links.reading(0) { () throws(Refusal) in try ShardMapReply(reading: answer.payload) }
  }
}
