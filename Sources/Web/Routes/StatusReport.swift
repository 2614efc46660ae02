import GraphDefImport
import JSON
import Serve

/// How all models do, as JSON.
struct StatusReport {
  private let names: [String]
  private let models: [String: ServedModel]
  /// How the parameter servers did a moment ago.
  let servers: [ServerHealth]

  /// The state of `service` now.
  init(_ service: ModelService) {
    names = service.folder.names
    models = Dictionary(uniqueKeysWithValues: service.loaded.map { ($0.name, $0) })
    servers = service.servers
  }

  /// Every model in the folder, loaded ones with their version.
  var list: String {
    let entries = names.map { name -> ObjectText in
      var text = ObjectText()
      text.add("name", name)
      text.add("loaded", models[name] != nil)
      if let model = models[name] {
        text.add("version", model.version)
        text.add("frozen", model.isFrozen)
      }
      return text
    }
    var text = ObjectText()
    text.add("models", entries)
    return text.text
  }

  /// Everything about the models that are loaded, and about the parameter servers.
  var json: String {
    var text = ObjectText()
    text.add("models", loaded.map { Self.status(of: $0.model, $0.figures) })
    text.add("servers", servers.map { Self.status(of: $0) })
    return text.text
  }

  /// The models that are loaded, with their figures.
  var loaded: [(model: ServedModel, figures: ModelFigures)] {
    models.values.sorted { $0.name < $1.name }.map { ($0, $0.figures) }
  }

  /// What a client has to know to use `model`, and how it does.
  static func description(of model: ServedModel) -> String {
    var text = status(of: model, model.figures)
    text.add("features", model.inputWidth)
    text.add("labels", model.labelWidth)
    text.add("logits", model.current.logitsPerExample)
    text.add("batch_size", model.current.config.batchSize)
    return text.text
  }

  private static func status(of model: ServedModel, _ figures: ModelFigures) -> ObjectText {
    let load = model.load
    var text = ObjectText()
    text.add("name", model.name)
    text.add("version", model.version)
    text.add("frozen", model.isFrozen)
    text.add("waiting", load.waiting)
    text.add("training", load.training)
    text.add("batches", figures.counts.batches)
    text.add("examples", figures.counts.examples)
    text.add("duplicates", figures.counts.duplicates)
    text.add("unobserved", figures.counts.unobserved)
    text.add("scores", figures.counts.scores)
    text.add("scored_examples", figures.counts.scoredExamples)
    var refusals = ObjectText()
    for (kind, count) in figures.counts.refusals.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      refusals.add(kind.rawValue, count)
    }
    text.add("refusals", refusals)
    text.add("examples_per_s", figures.rate)
    text.add("loss", figures.lastLoss)
    text.add("all", summary(figures.all))
    text.add("window", summary(figures.window))
    text.add("decayed", summary(figures.decayed))
    text.add("step_ms", percentiles(figures.steps))
    text.add("score_ms", percentiles(figures.scores))
    text.add("freshness_ms", percentiles(figures.freshness))
    text.add("staleness_ms", milliseconds(model.staleness))
    text.add("history", history(figures.history))
    return text
  }

  private static func status(of server: ServerHealth) -> ObjectText {
    var text = ObjectText()
    text.add("address", server.address)
    text.add("well", server.isWell)
    text.add("state", server.state)
    if let problem = server.problem {
      text.add("problem", problem)
      return text
    }
    text.add("requests", server.requests)
    text.add("requests_per_s", server.requestsPerSecond)
    text.add("refusals", server.refusals)
    text.add("updates", server.updates)
    text.add("connections", server.connections)
    text.add("state_bytes", server.stateBytes)
    text.add("state_limit_bytes", server.stateLimit)
    text.add("log", server.log.rawValue)
    text.add("unsynced_records", server.unsyncedRecords)
    text.add("longest_sync_s", server.longestSync)
    text.add("snapshot_age_s", server.snapshotAge)
    return text
  }

  private static func summary(_ summary: MetricsSummary) -> ObjectText {
    var text = ObjectText()
    text.add("examples", summary.examples)
    guard summary.examples > 0 else { return text }
    text.add("loss", summary.loss)
    for (name, value) in summary.named { text.add(name, value) }
    return text
  }

  private static func percentiles(_ percentiles: ModelFigures.Percentiles) -> ObjectText {
    var text = ObjectText()
    for (name, value) in [("p50", percentiles.p50), ("p95", percentiles.p95), ("p99", percentiles.p99)] {
      text.add(name, value.map(milliseconds))
    }
    return text
  }

  private static func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

  /// `[[seconds, version, loss, score, examples per second], …]`
  private static func history(_ samples: [ModelFigures.Sample]) -> [[Double]] {
    samples.map { sample in
      [sample.seconds, Double(sample.version), sample.loss, sample.score, sample.rate].map(rounded)
    }
  }

  /// `value` with five digits behind the point, which is enough for curves.
  private static func rounded(_ value: Double) -> Double {
    let scaled = value * 1e5
    return abs(scaled) < 0x1p53 ? scaled.rounded() / 1e5 : value
  }
}

extension ServerHealth {
  /// How it does, in a few words.
  var state: String {
    switch (problem, log) {
    case (.some, _): "does not answer"
    case (nil, .full): "disk full: reads only"
    case (nil, .broken): "disk failed"
    case (nil, .working), (nil, .none): "well"
    }
  }
}
