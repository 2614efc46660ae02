public import ArgumentParser
public import PS
import Remote
import Serve
import Wire

/// How servers are reached.
struct ServerAccessOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The file with the key that servers want.", valueName: "PATH"))
  var keyFile: String?

  @OptionGroup var encryption: TLSClientOptions

  @Option(parsing: .unconditional, help: "Wait so long for a server that does not answer, in seconds.")
  var timeout = 60.0

  func validate() throws {
    guard timeout > 0, timeout.isFinite, timeout <= 86_400 else {
      throw ValidationError("--timeout must be positive, and at most a day.")
    }
  }

  /// The options, and whether each is given.
  var given: [GivenOption] { [GivenOption("--key-file", keyFile != nil)] + encryption.given }

  /// Refuses options about servers for `store`, if it is on none.
  func check(for store: StoreSpecification) throws { try Self.refuse(given, for: store) }

  /// Refuses those of `options` that are given for `store`, if it is on no servers.
  static func refuse(_ options: [GivenOption], for store: StoreSpecification) throws {
    if case .servers = store { return }
    try GivenOption.refuse(options, "is for parameter servers; name them with --store ps:HOST:PORT")
  }

  /// The access to a train server; the first key of a file counts.
  func clientOptions() throws -> TrainClient.Options {
    let cluster = try options()
    var options = TrainClient.Options()
    (options.key, options.tls, options.patience) = (cluster.key, cluster.tls, cluster.patience)
    return options
  }

  /// The access; the first key of a file counts.
  func options() throws -> ClusterOptions {
    var options = ClusterOptions()
    options.key = try keyFile.map { (path) throws(KeyFileError) in try KeyFile.read(path)[0] }
    options.tls = try encryption.load()
    options.patience = .seconds(timeout)
    options.notice = { Output.error("onlearn: \($0)") }
    return options
  }
}

/// How a worker takes part in a training on parameter servers.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With parameter servers: how far workers get ahead of each other, asp, ssp:CLOCKS or bsp; by default as the cluster "
        + "has it.",
      valueName: "MODE"))
  var consistency: Consistency?

  @Option(
    parsing: .unconditional,
    help: "With parameter servers: how many workers share the data; by default as the cluster has it.")
  var workers: Int?

  @Option(
    parsing: .unconditional,
    help: "With parameter servers: which of the workers this is, from 0; by default as the scheduler says.")
  var rank: Int?

  @OptionGroup var access: ServerAccessOptions

  func validate() throws {
    if let workers, !(1...ModelSchema.workerLimit).contains(workers) {
      throw ValidationError("--workers must be between 1 and \(ModelSchema.workerLimit).")
    }
    if let rank, rank < 0 { throw ValidationError("--rank must not be negative.") }
  }

  /// Refuses options about servers and other workers for `store`, if it is on no servers.
  func check(for store: StoreSpecification) throws {
    let own = [
      GivenOption("--consistency", consistency != nil), GivenOption("--workers", workers != nil),
      GivenOption("--rank", rank != nil),
    ]
    try ServerAccessOptions.refuse(own + access.given, for: store)
  }

  /// The part that the worker takes.
  func options() throws -> ClusterOptions {
    var options = try access.options()
    options.consistency = consistency
    options.workers = workers
    options.rank = rank
    return options
  }
}

extension Consistency: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
