import ArgumentParser
import FoundationEssentials
import Kernels
import NIOPosix
import PS
import Serve
import Transport
import Wire

/// Runs a scheduler, parameter servers and a train server on this machine, in one process.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Run a whole system on this machine: scheduler, parameter servers and train server, in one process.",
    discussion: """
      Example: onlearn up --servers 2 --workers 2 --models Models --data Parameters
      Then:    onlearn train -m mlp --server 127.0.0.1:7072 --data fashion-mnist
               onlearn score -m mlp --server 127.0.0.1:7072 --data fashion-mnist:test
      Or:      onlearn train Models/mlp.json --data fashion-mnist --store ps:127.0.0.1:7070

      SIGTERM or SIGINT ends it: batches that wait are trained first, and what was learned is saved. A second one ends
      it at once.
      """)

  @Option(help: "The folder of the models, as for serve.")
  var models: String

  @Option(name: [.short, .long], help: "How many parameter servers share the parameters.")
  var servers = 1

  @Option(name: [.short, .long], help: "Batches of one model in training at the same time.")
  var workers = 2

  @Option(
    help: ArgumentHelp(
      "The folder in which the parameter servers keep what they learn, so that it goes on from there; by default nothing "
        + "is kept.", valueName: "FOLDER"))
  var data: String?

  @OptionGroup var durability: DurabilityOptions

  @Option(
    help: ArgumentHelp(
      "The most memory that each parameter server gives to models, their rows included; by default three quarters of the "
        + "machine's, divided among them.", valueName: "MIB"))
  var maxMemory: Int?

  @Option(help: ArgumentHelp("Where the scheduler listens.", valueName: "HOST:PORT"))
  var scheduler = Address.tcp(host: "127.0.0.1", port: 7070)

  @OptionGroup var places: ListeningOptions

  func validate() throws {
    guard (1...64).contains(servers) else { throw ValidationError("--servers must be between 1 and 64.") }
    guard TrainServer.workerRange.contains(workers) else {
      throw ValidationError("--workers must be between 1 and 64.")
    }
    try MachineMemory.check(maxMemory)
    try durability.check(data: data)
  }

  func run() async throws { try await CommandError.reporting(serve) }

  private func serve() async throws {
    let signals = StopSignals()
    // Signals are listened to until the parameter servers have stopped as well.
    defer { withExtendedLifetime(signals) {} }
    let folder = try ModelFolder(models)
    let count = servers
    let listener = try await Listener.start(
      at: scheduler, limits: Limits(), keys: KeyRing([]), on: MultiThreadedEventLoopGroup.singleton.next()
    ) { _ in SchedulerService(servers: count, defaults: TrainingDefaults()) }
    if let data { try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true) }
    var running: [ParameterServer] = []
    do {
      for shard in 0..<servers {
        var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
        options.shard = shard
        options.scheduler = listener.address
        options.dataFolder = data.map { "\($0)/server-\(shard)" }
        options.durability = durability.policy
        options.memoryLimit = MachineMemory.forModels(servers: servers, mebibytes: maxMemory)
        running.append(try await ParameterServer.start(options))
      }
      let addresses = running.map { "\($0.address)" }.joined(separator: ",")
      Output.write("scheduler: \(listener.address); parameter servers: \(addresses)\n")
      var service = ServiceOptions()
      service.store = .servers([listener.address])
      service.workers = workers
      var trainServer = TrainServer(folder: folder, options: service, pool: LanePool(lanes: LanePool.coreCount))
      trainServer.address = try places.wireAddress()
      trainServer.web = try places.webAddress()
      try await trainServer.run(until: signals, beside: running.map { DiskWatch(failures: $0.diskFailures) })
    } catch {
      for server in running { try? await server.stop() }
      throw error
    }
    for server in running { try await server.stop() }
    await listener.drain(within: .seconds(1))
  }
}
