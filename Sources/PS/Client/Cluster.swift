import Glibc
public import Transport
import Wire

/// The servers of a cluster, and how it is trained on.
public struct Cluster: Sendable {
  /// The servers, in the order of their shards.
  public let servers: [Address]
  /// The scheduler, if there is one.
  public let scheduler: Address?
  /// How those train who do not say otherwise.
  public let defaults: TrainingDefaults

  /// Finds the cluster that is reached by `addresses`.
  ///
  /// One address may be a scheduler's, which is asked until all servers have joined; otherwise `addresses` are the
  /// servers themselves.
  ///
  /// - Throws: ``ClientError``, also if servers are still missing when patience ends.
  public static func find(
    _ addresses: [Address], options: NetworkLinks.Options = NetworkLinks.Options()
  ) throws -> Cluster {
    precondition(!addresses.isEmpty, "a cluster without an address")
    guard addresses.count <= ShardMap.slotCount else { throw ClientError.tooManyServers(addresses.count) }
    let links = NetworkLinks([addresses[0]], options: options, isCluster: false)
    let start = ContinuousClock.now
    var isTold = false
    while true {
      let answer = try links.call(0, ServerRequest(reading: .shardMap))
      let map = try links.reading(0) { () throws(Refusal) in try ShardMapReply(reading: answer.payload) }
      guard !map.servers.isEmpty else { return Cluster(servers: addresses, scheduler: nil, defaults: map.defaults) }
      guard addresses.count == 1 else {
        throw ClientError.rejected(server: links.name(of: 0), problem: "it is a scheduler; name it alone")
      }
      if map.isComplete {
        return Cluster(
          servers: try map.servers.map { try Address($0.address) }, scheduler: addresses[0], defaults: map.defaults)
      }
      let joined = map.servers.count { !$0.address.isEmpty }
      guard ContinuousClock.now - start < options.patience.total else {
        throw ClientError.incompleteMap(joined: joined, of: map.servers.count)
      }
      if !isTold, ContinuousClock.now - start >= .seconds(1) {
        isTold = true
        options.notice("waiting for parameter servers: \(joined) of \(map.servers.count) have joined")
      }
      usleep(200_000)
    }
  }

  /// What the server at `address` has counted.
  public static func statistics(
    of address: Address, options: NetworkLinks.Options = NetworkLinks.Options()
  ) throws -> [FiguresReply.Figure] {
    let links = NetworkLinks([address], options: options, isCluster: false)
    let answer = try links.call(0, ServerRequest(reading: .stats))
    return try links.reading(0) { () throws(Refusal) in try FiguresReply(reading: answer.payload) }.figures
  }

  /// Lets the server at `address` write a snapshot.
  ///
  /// - Parameter waits: Whether to return when it is in place, not when it is begun.
  public static func snapshot(
    of address: Address, waits: Bool, options: NetworkLinks.Options
  ) throws -> SnapshotReply {
    let links = NetworkLinks([address], options: options, isCluster: false)
    let request = SnapshotRequest(waits: waits)
    let answer = try links.call(0, ServerRequest(reading: .snapshot, request.payload))
    return try links.reading(0) { () throws(Refusal) in try SnapshotReply(reading: answer.payload) }
  }
}
