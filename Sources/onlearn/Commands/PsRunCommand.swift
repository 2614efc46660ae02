import ArgumentParser
import Files
import NIOPosix
import PS
import Parameters
import Transport
import UnixSignals
import Wire

/// Runs a parameter server, or the scheduler of several.
struct PsRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a parameter server, or the scheduler of several (what 'onlearn ps' does by itself).",
    discussion: """
      SIGTERM or SIGINT: what was asked is answered, clients are asked to leave, what was learned is saved, as a snapshot
      too, and the process ends within 30 seconds. A second signal: without waiting for clients, and without a snapshot,
      which only makes the next start slower.
      """)

  /// What a process does in a cluster.
  enum ProcessRole: String, CaseIterable, ExpressibleByArgument {
    case scheduler, server
  }

  @Option(name: [.short, .long], help: "What to run.")
  var role = ProcessRole.server

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: "How many servers share the parameters; servers with a scheduler ask it.")
  var servers: Int?

  @Option(
    name: [.short, .long], parsing: .unconditional, help: "How many workers train together, unless they say otherwise.")
  var workers = 1

  @Option(
    help: ArgumentHelp(
      "How far workers get ahead of each other, unless they say otherwise: asp, ssp:CLOCKS or bsp.", valueName: "MODE"))
  var consistency = Consistency.asynchronous

  @Option(
    help: ArgumentHelp(
      "Where to listen, unix:PATH included. By default 127.0.0.1 with port 7070 for a scheduler, 7071 and the shard for a "
        + "server; for a server with a scheduler any free port, if it can the one that the scheduler knows.",
      valueName: "HOST:PORT"))
  var listen: Address?

  @Option(help: ArgumentHelp("The scheduler that gives a server its shard.", valueName: "HOST:PORT"))
  var scheduler: Address?

  @Option(
    parsing: .unconditional,
    help: "Which of the servers this is, from 0; with a scheduler by default that of --data, or any that is missing.")
  var shard: Int?

  @Option(
    help: ArgumentHelp(
      "The address by which clients reach this server, if it is another one than --listen; needed with a scheduler if that "
        + "is 0.0.0.0.",
      valueName: "HOST:PORT"))
  var advertise: Address?

  @Option(
    help: ArgumentHelp(
      "The keys of which clients must show one, a line each: NAME ROLE HEX; needed beyond this machine.",
      valueName: "PATH"))
  var keyFile: String?

  @OptionGroup var encryption: TLSServerOptions
  @OptionGroup var schedulerEncryption: TLSClientOptions

  @Option(
    help: ArgumentHelp(
      "The folder in which a server keeps what it learns, so that it goes on from there; by default nothing is kept.",
      valueName: "FOLDER"))
  var data: String?

  @OptionGroup var durability: DurabilityOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --data: the size of a file of the log, by default \(Store.segmentByteCount >> 20); two are reserved.",
      valueName: "MIB"))
  var logSegment: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The most memory that a server gives to models, their rows included; by default three quarters of the machine's.",
      valueName: "MIB"))
  var maxMemory: Int?

  @Option(parsing: .unconditional, help: "Connections at a time.")
  var maxConnections = Limits().connections

  @Option(parsing: .unconditional, help: "The largest payload of a message, in MiB.")
  var maxPayload = Limits().payload >> 20

  func validate() throws {
    if let servers, !(1...ShardMap.slotCount).contains(servers) {
      throw ValidationError("--servers must be between 1 and \(ShardMap.slotCount).")
    }
    guard (1...ModelSchema.workerLimit).contains(workers) else {
      throw ValidationError("--workers must be between 1 and \(ModelSchema.workerLimit).")
    }
    guard (1...Limits.payloadCap >> 20).contains(maxPayload) else {
      throw ValidationError("--max-payload must be between 1 and \(Limits.payloadCap >> 20).")
    }
    try MachineMemory.check(maxMemory)
    try durability.check(data: data)
    if let logSegment, !(1...1024).contains(logSegment) {
      throw ValidationError("--log-segment must be between 1 and 1024.")
    }
    try refuseWhatIsForOthers()
    guard let shard else {
      guard scheduler != nil || servers ?? 1 == 1 || role == .scheduler else {
        throw ValidationError("One of several servers needs --shard, or --scheduler.")
      }
      return
    }
    guard shard >= 0, scheduler != nil || shard < servers ?? 1 else {
      throw ValidationError("--shard must be between 0 and --servers less one.")
    }
  }

  /// Refuses options that would change nothing.
  private func refuseWhatIsForOthers() throws {
    let log = GivenOption("--log-segment", logSegment != nil)
    let place = [GivenOption("--advertise", advertise != nil)] + schedulerEncryption.given
    switch role {
    case .scheduler:
      let ofServers = [
        GivenOption("--scheduler", scheduler != nil), GivenOption("--shard", shard != nil),
        GivenOption("--data", data != nil), GivenOption("--max-memory", maxMemory != nil), log,
      ]
      try GivenOption.refuse(ofServers + place, "is for servers")
    case .server:
      if data == nil { try GivenOption.refuse([log], "is of what is kept; say where with --data") }
      if scheduler == nil { try GivenOption.refuse(place, "is for servers with a scheduler") }
    }
  }

  func run() async throws { try await CommandError.reporting(serve) }

  private func serve() async throws {
    var limits = Limits()
    limits.connections = maxConnections
    limits.payload = maxPayload << 20
    limits.requestBytesInFlight = max(limits.requestBytesInFlight, limits.payload)
    try limits.check()
    let keys = try keyFile.map { (path) throws(KeyFileError) in try KeyFile.read(path) } ?? []
    var defaults = TrainingDefaults()
    (defaults.workers, defaults.consistency) = (workers, consistency)
    switch role {
    case .scheduler: try await runScheduler(limits, keys, defaults)
    case .server: try await runServer(limits, keys, defaults)
    }
  }

  private func runScheduler(_ limits: Limits, _ keys: [SharedKey], _ defaults: TrainingDefaults) async throws {
    let servers = servers ?? 1
    let listener = try await Listener.start(
      at: listen ?? .tcp(host: "127.0.0.1", port: 7070), limits: limits, keys: KeyRing(keys), tls: encryption.load(),
      on: MultiThreadedEventLoopGroup.singleton.next()
    ) { _ in SchedulerService(servers: servers, defaults: defaults) }
    let greeting = "the scheduler of \(servers) servers and \(workers) workers listens at \(listener.address)\n"
    try await runUntilSignalled(greeting) {
      await listener.drain(within: .seconds(1))
    } hurry: {
      await listener.closeConnections()
    }
  }

  private func runServer(_ limits: Limits, _ keys: [SharedKey], _ defaults: TrainingDefaults) async throws {
    let port = scheduler == nil ? 7071 + (shard ?? 0) : 0
    var options = ParameterServer.Options(address: listen ?? .tcp(host: "127.0.0.1", port: port))
    options.shard = shard
    options.shards = servers ?? 1
    options.scheduler = scheduler
    options.advertisedAddress = advertise
    options.defaults = defaults
    options.limits = limits
    options.memoryLimit = MachineMemory.forModels(mebibytes: maxMemory)
    options.keys = keys
    options.tls = try encryption.load()
    options.schedulerTLS = try schedulerEncryption.load()
    options.dataFolder = data
    options.durability = durability.policy
    options.segmentByteCount = logSegment.map { $0 << 20 } ?? Store.segmentByteCount
    options.notice = { Output.error("onlearn: \($0)") }
    let server = try await ParameterServer.start(options)
    if server.startedFull {
      Output.error("onlearn: the disk of '\(data ?? "")' is full: the server only reads until there is room")
    }
    let greeting = "server \(server.shard) of \(server.shards) listens at \(server.address)\n"
    try await runUntilSignalled(greeting, server.diskFailures) {
      try await server.stop()
    } hurry: {
      await server.hurry()
    }
  }

  /// Listens for signals and says `greeting`; then waits for SIGTERM or SIGINT and for `stop`, which a second signal
  /// makes `hurry`. Throws the first of `failures`.
  private func runUntilSignalled(
    _ greeting: String, _ failures: AsyncStream<FileError>? = nil, stop: @escaping @Sendable () async throws -> Void,
    hurry: @escaping @Sendable () async -> Void
  ) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    Output.write(greeting)
    try await withThrowingTaskGroup { group in
      if let failures { group.addTask { for await failure in failures { throw failure } } }
      group.addTask {
        var signals = signals.makeAsyncIterator()
        guard await signals.next() != nil else { return }
        let second = Task { while await signals.next() != nil { await hurry() } }
        defer { second.cancel() }
        try await stop()
      }
      try await group.next()
      group.cancelAll()
    }
  }
}
