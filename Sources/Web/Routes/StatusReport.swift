import GraphDefImport
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
    let entries = names.map { name in
      var text = JSONText()
      text.add("name", name)
      text.add("loaded", models[name] != nil)
      if let model = models[name] {
        text.add("version", model.version)
        text.add("frozen", model.isFrozen)
      }
      return text.text
    }
    return "{\"models\": [\(entries.joined(separator: ", "))]}"
  }

  /// Everything about the models that are loaded, and about the parameter servers.
  var json: String {
    let all = loaded.map { Self.status(of: $0.model, $0.figures).text }.joined(separator: ", ")
    let servers = servers.map { Self.status(of: $0).text }.joined(separator: ", ")
    return "{\"models\": [\(all)], \"servers\": [\(servers)]}"
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

  private static func status(of model: ServedModel, _ figures: ModelFigures) -> JSONText {
    let load = model.load
    var text = JSONText()
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
    var refusals = JSONText()
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
    text.add("staleness_ms", model.staleness / .milliseconds(1))
    text.add("history", raw: history(figures.history))
    return text
  }

  private static func status(of server: ServerHealth) -> JSONText {
    var text = JSONText()
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

  private static func summary(_ summary: MetricsSummary) -> JSONText {
    var text = JSONText()
    text.add("examples", summary.examples)
    guard summary.examples > 0 else { return text }
    text.add("loss", summary.loss)
    for (name, value) in summary.named { text.add(name, value) }
    return text
  }

  private static func percentiles(_ percentiles: ModelFigures.Percentiles) -> JSONText {
    var text = JSONText()
    for (name, value) in [("p50", percentiles.p50), ("p95", percentiles.p95), ("p99", percentiles.p99)] {
      if let value { text.add(name, value / .milliseconds(1)) }
    }
    return text
  }

  /// `[[seconds, version, loss, score, examples per second], …]`
  private static func history(_ samples: [ModelFigures.Sample]) -> String {
    let rows = samples.map { sample in
      let numbers = [sample.seconds, Double(sample.version), sample.loss, sample.score, sample.rate]
      return "[" + numbers.map { $0.isFinite ? ReadableNumber.fixed($0, 5) : "null" }.joined(separator: ", ") + "]"
    }
    return "[" + rows.joined(separator: ", ") + "]"
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
