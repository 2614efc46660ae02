import PS
import Transport

/// Parameter servers of one cluster, without a scheduler.
enum TestServers {
  static func start(_ count: Int, leaseTime: Duration = .seconds(30)) async throws -> [ParameterServer] {
    var servers: [ParameterServer] = []
    for shard in 0..<count {
      var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
      (options.shard, options.shards) = (shard, count)
      options.leaseTime = leaseTime
      servers.append(try await ParameterServer.start(options))
    }
    return servers
  }
}
