public import PS
import Parameters
public import Transport
public import Wire

/// How a process takes part in a training on parameter servers.
public struct ClusterOptions: Sendable {
  /// How far workers may get ahead of each other; `nil` for as the cluster has it.
  public var consistency: Consistency?
  /// How many workers train the model; `nil` for as many as the cluster is for.
  public var workers: Int?
  /// The worker's number among them, from 0; `nil` for one that the scheduler gives.
  public var rank: Int?
  /// The key, if the servers want one.
  public var key: SharedKey?
  /// How connections are encrypted, if they are.
  public var tls: ClientTLS?
  /// How long a server that does not answer is waited for.
  public var patience = Duration.seconds(60)
  /// Told what a user should know.
  public var notice: @Sendable (String) -> Void = { _ in }

  /// A worker as the cluster wants it.
  public init() {}

  /// How connections are made by who wants to do what `role` may.
  public func linkOptions(_ role: Role) -> NetworkLinks.Options {
    var options = NetworkLinks.Options()
    options.role = role
    options.key = key
    options.tls = tls
    options.patience.total = patience
    options.notice = notice
    return options
  }
}

/// A worker's place among those that train a model on parameter servers.
public struct ClusterPlace: Sendable {
  /// Which worker it is, from 0.
  public let rank: Int
  /// How many workers there are.
  public let workers: Int

  private let cluster: Cluster
  private let consistency: Consistency
  private let options: ClusterOptions
  private let membership: Membership?

  /// Finds the cluster at `addresses`, and takes a place there.
  ///
  /// - Throws: `ClientError` if servers do not answer, ``RankError`` if a rank is needed and nobody gives one.
  public static func take(at addresses: [Address], options: ClusterOptions) async throws -> ClusterPlace {
    let cluster = try Cluster.find(addresses, options: options.linkOptions(.worker))
    let workers = options.workers ?? cluster.defaults.workers
    if let rank = options.rank, !(0..<workers ~= rank) { throw RankError(rank: rank, workers: workers) }
    var membership: Membership?
    if let scheduler = cluster.scheduler, workers == cluster.defaults.workers {
      var generator = SystemRandomNumberGenerator()
      membership = try await Membership.join(
        scheduler, as: .worker, member: Identifier(using: &generator), wanted: options.rank,
        options: options.linkOptions(.worker)
      ).member
      membership?.renew()
    }
    guard let rank = membership?.index ?? options.rank ?? (workers == 1 ? 0 : nil) else {
      throw RankError(rank: nil, workers: workers)
    }
    return ClusterPlace(
      rank: rank, workers: workers, cluster: cluster,
      consistency: options.consistency ?? cluster.defaults.consistency, options: options, membership: membership)
  }

  /// The place of one who trains when it likes, whatever others do.
  ///
  /// - Throws: `ClientError` if servers do not answer.
  public init(aloneAt addresses: [Address], options: ClusterOptions) throws {
    self.init(
      rank: 0, workers: 1, cluster: try Cluster.find(addresses, options: options.linkOptions(.worker)),
      consistency: .asynchronous, options: options, membership: nil)
  }

  private init(
    rank: Int, workers: Int, cluster: Cluster, consistency: Consistency, options: ClusterOptions,
    membership: Membership?
  ) {
    (self.rank, self.workers) = (rank, workers)
    (self.cluster, self.consistency, self.options, self.membership) = (cluster, consistency, options, membership)
  }

  /// The part of the examples that falls to this worker.
  ///
  /// - Parameter isContinued: Whether the stream goes on where the last continued one of the same source ended; otherwise
  ///   it is a new one.
  public func part(isContinued: Bool) -> WorkerPart {
    WorkerPart(rank: rank, of: workers, run: isContinued ? nil : String(UInt64.random(in: 0...(.max)), radix: 16))
  }

  /// Gives the place back, for another worker to take at once.
  public func leave() async { await membership?.leave() }

  /// Registers a model with the servers, or finds it there.
  func register(
    _ parameters: [ParameterSpec], as name: String, values: [(name: String, values: [Float])]
  ) throws -> ParameterClient {
    var clientOptions = ParameterClient.Options()
    clientOptions.consistency = consistency
    clientOptions.workers = workers
    clientOptions.rank = rank
    return try ParameterClient(
      parameters, name: name, links: NetworkLinks(cluster, options: options.linkOptions(.worker)),
      options: clientOptions, values: values)
  }
}

/// Several workers share the work, and it is unclear which of them this one is.
public struct RankError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The rank that was asked for.
  public var rank: Int?
  /// How many workers there are.
  public var workers: Int

  public var description: String {
    let problem = rank.map { "there is no worker \($0) of \(workers)" }
    return (problem ?? "\(workers) workers share the work, and no scheduler says which one this is")
      + "; add --rank and a number from 0 to \(workers - 1)"
  }
}
