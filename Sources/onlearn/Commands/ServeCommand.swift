public import ArgumentParser
import Foundation
import Kernels
public import Logging
import NIOPosix
import Parameters
import Remote
import Serve
import ServiceLifecycle
import Transport
import UnixSignals
import Web
import Wire

/// Trains and scores models for clients on the network.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the models of a folder: train them on batches that clients send, and score.",
    discussion: """
      Example: onlearn serve --models Models --store file:Parameters --http 127.0.0.1:8080
      Then:    onlearn train -m mlp --server 127.0.0.1:7072 --data fashion-mnist
      Or:      curl -d '{"x": [[…]], "y": [1]}' -H 'Content-Type: application/json' \\
                 http://127.0.0.1:8080/v1/models/mlp:train

      A model is loaded when it is first asked for. SIGTERM takes no more batches, trains those that wait, saves and
      ends; SIGHUP reads the models' files again. http://127.0.0.1:8080/ shows how the models do.
      """)

  @Option(help: "The folder of the models: NAME.json with NAME.pb, or model_conf/NAME.json with model_pb/NAME.pb.")
  var models: String

  @Option(
    help: ArgumentHelp("Where parameters are kept: memory, file:FOLDER, or ps:HOST:PORT[,…].", valueName: "STORE"))
  var store: String?

  @Option(
    name: .short,
    help: ArgumentHelp(
      "As in the reference system: io keeps parameters in files in ./Parameters, ps on the servers of 127.0.0.1:7070.",
      valueName: "io|ps"))
  var p: String?

  @Option(name: [.customShort("n"), .long], help: "Batches of one model in training at the same time.")
  var workers = 1

  @Option(
    help: ArgumentHelp("Where to listen for OLP/1, unix:PATH included; none for nowhere.", valueName: "HOST:PORT"))
  var listen = "127.0.0.1:7072"

  @Option(
    help: ArgumentHelp(
      "The keys of which clients of OLP/1 must show one, a line each: NAME ROLE HEX; needed beyond this machine.",
      valueName: "PATH"))
  var keyFile: String?

  @OptionGroup var encryption: TLSServerOptions

  @Option(
    help: ArgumentHelp("With --store ps:…: the file with the key that parameter servers want.", valueName: "PATH"))
  var storeKeyFile: String?

  @OptionGroup var storeEncryption: TLSClientOptions

  @Option(help: ArgumentHelp("Where to listen for HTTP; none for nowhere.", valueName: "HOST:PORT"))
  var http = "127.0.0.1:8080"

  @Option(help: "A file with a token that clients of HTTP must send; needed beyond this machine.")
  var httpTokenFile: String?

  @Option(help: "Load a model at once; may be repeated. Ready means that all these are loaded.")
  var load: [String] = []

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var optimization: OptimizationOptions

  @Option(help: "How parameters start: graph, uniform:LOW,HIGH or orthogonal.")
  var `init` = "graph"

  @Option(help: "Reply with metrics from before the update, or with what the graph observes after it.")
  var metrics = TrainingRun.MetricsTime.before

  @Option(help: "How old scored parameters may be, in milliseconds.")
  var maxStaleness = 200

  @Option(help: "Batches of one model that may wait.")
  var queue = 32

  @Option(help: "How long a request waits for its turn at most, in milliseconds.")
  var deadline = 30_000

  @Option(help: "The longest gradient of a batch; longer ones are shortened.")
  var gradientNorm: Float?

  @OptionGroup var saving: SavingOptions

  @Option(help: ArgumentHelp("Write TensorBoard event files below this folder.", valueName: "FOLDER"))
  var logDir: String?

  @Option(help: "How the log is written: text or json.")
  var logFormat = LineLogHandler.Format.text

  @Option(help: "The least important messages to log: debug, info, notice, warning or error.")
  var logLevel = Logger.Level.info

  func validate() throws {
    guard workers >= 1, workers <= 64 else { throw ValidationError("-n must be between 1 and 64.") }
    guard (1...86_400_000).contains(maxStaleness) else {
      throw ValidationError("--max-staleness must be positive, and at most a day.")
    }
    guard (1...1_000_000).contains(queue) else { throw ValidationError("--queue must be between 1 and 1,000,000.") }
    guard (1...86_400_000).contains(deadline) else {
      throw ValidationError("--deadline must be positive, and at most a day.")
    }
    if let gradientNorm, !(gradientNorm > 0 && gradientNorm.isFinite) {
      throw ValidationError("--gradient-norm must be a positive number.")
    }
    guard store == nil || p == nil else { throw ValidationError("Use --store or -p, not both.") }
    if let p, p != "io", p != "ps" { throw ValidationError("-p takes io or ps.") }
    if listen != "none" {
      do throws(AddressError) { _ = try Address(listen) } catch { throw ValidationError("--listen: \(error).") }
    }
    _ = try webAddress()
  }

  func run() async throws { try await CommandError.reporting { try await serve() } }

  /// Serves until a signal comes or a service fails, one of `companions` included.
  func serve(beside companions: [any Service] = []) async throws {
    let (format, level) = (logFormat, logLevel)
    let logger = Logger(label: "onlearn") { _ in LineLogHandler(format: format, level: level) }
    for notice in BLASCore.notices { logger.notice("\(notice)") }
    let registry = PrometheusMetrics(help: ModelService.metricDescriptions)
    let pool = runtime.makePool { logger.notice("\($0)") }
    let models = ModelService(
      folder: try ModelFolder(models), options: try serviceOptions(), pool: pool, metrics: registry, logger: logger)
    let board = try logDir.map { (folder) throws(DataError) in try TensorBoardLog(folder: folder) }
    var services = companions + [ModelUpkeep(models: models) { board?.write(models.loaded) }]
    var ready: @Sendable () -> Void = {}
    if let (host, port) = try webAddress() {
      var options = HTTPListener.Options()
      options.token = try httpTokenFile.map(Self.token)
      let listener = HTTPListener(
        models, metrics: registry, group: MultiThreadedEventLoopGroup.singleton, options: options)
      ready = { listener.markReady() }
      services.append(HTTPFrontEnd(listener: listener, host: host, port: port, logger: logger))
    }
    if listen != "none" {
      let keys = try keyFile.map { (path) throws(KeyFileError) in try KeyFile.read(path) } ?? []
      services.append(
        WireFrontEnd(
          models: models, address: try Address(listen), keys: KeyRing(keys), tls: try encryption.load(), logger: logger)
      )
    }
    services.append(Preloading(models: models, names: load, ready: ready, logger: logger))
    services.append(Reloading(models: models, logger: logger))
    try await ServiceGroup(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "lifecycle") { _ in
        LineLogHandler(format: format, level: .error)
      }
    ).run()
    logger.info("stopped")
  }

  /// Where to listen for HTTP, if anywhere.
  private func webAddress() throws -> (host: String, port: Int)? {
    guard http != "none" else { return nil }
    guard case .tcp(let host, let port) = try? Address(http) else {
      throw ValidationError("--http takes HOST:PORT or none.")
    }
    return (host, port)
  }

  private func serviceOptions() throws -> ServiceOptions {
    var options = ServiceOptions()
    options.store = try StoreSpecification(parsing: store ?? Self.store(p))
    options.cluster.key = try storeKeyFile.map { (path) throws(KeyFileError) in try KeyFile.read(path)[0] }
    options.cluster.tls = try storeEncryption.load()
    options.workers = workers
    options.queuedBatches = queue
    options.patience = .milliseconds(deadline)
    options.maximumStaleness = .milliseconds(maxStaleness)
    options.gradientNormLimit = gradientNorm
    options.metrics = metrics
    options.optimizer = try optimization.options(.training)
    options.initialization = try Initialization(parsing: `init`)
    options.seed = runtime.seed
    options.saveInterval = saving.interval
    return options
  }

  /// What the reference system's `-p` means here.
  private static func store(_ p: String?) -> String {
    switch p {
    case "io": "file:Parameters"
    case "ps": "ps:127.0.0.1:7070"
    default: "memory"
    }
  }

  /// The first line of the file at `path`.
  private static func token(_ path: String) throws(DataError) -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw DataError(path, .unreadable("the token cannot be read", hint: "write it there, one line"))
    }
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard token.count >= 16 else {
      throw DataError(
        path, .disagreement(what: "the token", found: "\(token.count) characters", expected: "16 or more"))
    }
    return token
  }
}

extension LineLogHandler.Format: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
