import Glibc
import NIOCore
public import Transport
public import Wire

/// Finds the servers of a cluster.
public enum Cluster {
  /// The servers of the cluster that is reached by `addresses`, in the order of their shards.
  ///
  /// One address may be a scheduler's, which is asked until all servers have joined; otherwise `addresses` are the
  /// servers themselves.
  ///
  /// - Throws: ``ClientError``, also if servers are still missing when patience ends.
  public static func servers(
    reachedBy addresses: [Address], options: NetworkLinks.Options = NetworkLinks.Options()
  ) throws -> [Address] {
    guard addresses.count == 1 else { return addresses }
    let links = NetworkLinks(addresses, options: options, isCluster: false)
    let start = ContinuousClock.now
    while true {
      let map = try map(of: links)
      guard !map.servers.isEmpty else { return addresses }
      if map.isComplete { return try map.servers.map { try Address($0.address) } }
      guard ContinuousClock.now - start < options.patience.total else {
        throw ClientError.incompleteMap(
          joined: map.servers.count { !$0.address.isEmpty }, of: map.servers.count)
      }
      usleep(200_000)
    }
  }

  /// The rank that a scheduler gives to a worker called `member`, or `nil` if `address` is no scheduler.
  public static func rank(
    from address: Address, member: Identifier, wanted: Int? = nil, options: NetworkLinks.Options
  ) throws -> Int? {
    let links = NetworkLinks([address], options: options, isCluster: false)
    guard !(try map(of: links)).servers.isEmpty else { return nil }
    let request = JoinRequest(role: .worker, index: wanted, address: "", member: member)
    let answer = try links.call(0, ServerRequest(reading: .join, request.payload))
    return try links.reading(0) { () throws(Refusal) in try ShardMapReply(reading: answer.payload).index }
  }

  private static func map(of links: NetworkLinks) throws -> ShardMapReply {
    let answer = try links.call(0, ServerRequest(reading: .shardMap))
    return try links.reading(0) { () throws(Refusal) in try ShardMapReply(reading: answer.payload) }
  }
}
