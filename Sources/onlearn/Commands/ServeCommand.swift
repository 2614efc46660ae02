public import ArgumentParser
import Foundation
public import Logging
import Parameters
import Serve
import Transport
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
      ends; a second one ends at once. SIGHUP reads the models' files again. http://127.0.0.1:8080/ shows how the models
      do.
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

  @OptionGroup var places: ListeningOptions

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
    guard TrainServer.workerRange.contains(workers) else { throw ValidationError("-n must be between 1 and 64.") }
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
  }

  func run() async throws { try await CommandError.reporting(serve) }

  private func serve() async throws {
    let signals = StopSignals()
    var server = TrainServer(folder: try ModelFolder(models), options: try serviceOptions(), pool: runtime.makePool())
    server.address = try places.wireAddress()
    server.keys = try keyFile.map { (path) throws(KeyFileError) in try KeyFile.read(path) } ?? []
    server.tls = try encryption.load()
    server.web = try places.webAddress()
    server.webToken = try httpTokenFile.map(Self.token)
    server.preloaded = load
    server.boardFolder = logDir
    (server.logFormat, server.logLevel) = (logFormat, logLevel)
    try await server.run(until: signals)
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
