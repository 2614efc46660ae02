import Kernels
import Logging
import NIOPosix
import Remote
import Serve
import ServiceLifecycle
import Transport
import Web
import Wire

/// A train server and where clients reach it: what `serve` runs, and `up` beside parameter servers.
struct TrainServer {
  /// The models.
  var folder: ModelFolder
  /// How they are served.
  var options: ServiceOptions
  /// The threads to compute with.
  var pool: LanePool
  /// Where to listen for OLP/1, if anywhere.
  var address: Address?
  /// The keys of which clients of OLP/1 must show one.
  var keys: [SharedKey] = []
  /// How the connections of OLP/1 are encrypted, if they are.
  var tls: ServerTLS?
  /// Where to listen for HTTP, if anywhere.
  var web: (host: String, port: Int)?
  /// What clients of HTTP must send, if anything.
  var webToken: String?
  /// The models that are loaded at once.
  var preloaded: [String] = []
  /// The folder of the event files for TensorBoard, if they are wanted.
  var boardFolder: String?
  /// How the log is written.
  var logFormat = LineLogHandler.Format.text
  /// The least important messages to log.
  var logLevel = Logger.Level.info

  /// How many batches of one model may be in training at the same time.
  static let workerRange = 1...64

  /// Serves until a signal comes or a service fails, one of `companions` included.
  func run(until signals: StopSignals, beside companions: [any Service] = []) async throws {
    let (format, level) = (logFormat, logLevel)
    let logger = Logger(label: "onlearn") { _ in LineLogHandler(format: format, level: level) }
    for notice in BLASCore.notices { logger.notice("\(notice)") }
    let registry = PrometheusMetrics(help: ModelService.metricDescriptions)
    let models = ModelService(folder: folder, options: options, pool: pool, metrics: registry, logger: logger)
    let board = try boardFolder.map { (folder) throws(DataError) in try TensorBoardLog(folder: folder) }
    var services = companions + [ModelUpkeep(models: models) { board?.write(models.loaded) }]
    var ready: @Sendable () -> Void = {}
    if let (host, port) = web {
      var webOptions = HTTPListener.Options()
      webOptions.token = webToken
      let listener = HTTPListener(
        models, metrics: registry, group: MultiThreadedEventLoopGroup.singleton, options: webOptions)
      ready = { listener.markReady() }
      services.append(HTTPFrontEnd(listener: listener, host: host, port: port, logger: logger))
    }
    if let address {
      services.append(WireFrontEnd(models: models, address: address, keys: KeyRing(keys), tls: tls, logger: logger))
    }
    services.append(Preloading(models: models, names: preloaded, ready: ready, logger: logger))
    services.append(Reloading(models: models, logger: logger))
    // The group would take no notice of a second signal.
    let group = ServiceGroup(
      services: services,
      logger: Logger(label: "lifecycle") { _ in
        LineLogHandler(format: format, level: .error)
      })
    let stopping = Task { [wish = signals.wish] in
      for await _ in wish {}
      await group.triggerGracefulShutdown()
    }
    defer { stopping.cancel() }
    try await group.run()
    logger.info("stopped")
  }
}
