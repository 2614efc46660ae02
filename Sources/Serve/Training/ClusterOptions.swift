public import PS
import Parameters
public import Transport
public import Wire

/// How a process takes part in a training on parameter servers.
public struct ClusterOptions: Sendable {
  /// How far workers may get ahead of each other.
  public var consistency = Consistency.asynchronous
  /// How many workers train the model.
  public var workers = 1
  /// The worker's number among them, from 0; `nil` for one that a scheduler gives.
  public var rank: Int?
  /// The key, if the servers want one.
  public var key: SharedKey?
  /// How long a server that does not answer is waited for.
  public var patience = Duration.seconds(60)
  /// Told what a user should know.
  public var notice: @Sendable (String) -> Void = { _ in }

  /// A worker that trains alone.
  public init() {}
}

extension ClusterOptions {
  private func linkOptions(_ role: Role) -> NetworkLinks.Options {
    var options = NetworkLinks.Options()
    options.role = role
    options.key = key
    options.patience.total = patience
    options.notice = notice
    return options
  }

  /// The same with a rank: the one that was given, or else one that the scheduler at `addresses` gives, if several
  /// workers share the work.
  ///
  /// - Throws: ``RankError`` if a rank is needed and nobody gives one.
  public func ranked(_ addresses: [Address]) throws -> ClusterOptions {
    var options = self
    if workers > 1, rank == nil {
      var generator = SystemRandomNumberGenerator()
      guard addresses.count == 1,
        let rank = try Cluster.rank(
          from: addresses[0], member: Identifier(using: &generator), options: linkOptions(.worker))
      else { throw RankError(workers: workers) }
      options.rank = rank
    }
    return options
  }

  /// Registers a model with parameter servers, or finds it there.
  func register(
    _ parameters: [ParameterSpec], as name: String, on addresses: [Address], values: [(name: String, values: [Float])]
  ) throws -> ParameterClient {
    let servers = try Cluster.servers(reachedBy: addresses, options: linkOptions(.worker))
    var options = ParameterClient.Options()
    options.consistency = consistency
    options.workers = workers
    options.rank = rank
    return try ParameterClient(
      parameters, name: name, links: NetworkLinks(servers, options: linkOptions(.worker)), options: options,
      values: values)
  }

  /// Finds a model that somebody else registered with parameter servers, to read it.
  func open(_ name: String, on addresses: [Address]) throws -> ParameterClient {
    let servers = try Cluster.servers(reachedBy: addresses, options: linkOptions(.reader))
    return try ParameterClient(reading: name, links: NetworkLinks(servers, options: linkOptions(.reader)))
  }
}

/// Several workers share the work, and nobody says which of them this one is.
public struct RankError: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many workers there are.
  public var workers: Int

  public var description: String {
    "\(workers) workers share the work, and no scheduler says which one this is; add --rank 0…\(workers - 1)"
  }
}
