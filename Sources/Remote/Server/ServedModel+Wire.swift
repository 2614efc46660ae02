import GraphDefImport
import PS
import Parameters
import Serve

extension ServedModel {
  /// What a client has to know.
  var wireDescription: ModelDescription {
    ModelDescription(
      version: version, features: inputWidth, labels: labelWidth, logits: current.logitsPerExample,
      batchSize: current.config.batchSize)
  }

  /// How the model does.
  var wireFigures: [(name: String, value: Double)] {
    let figures = figures
    let load = load
    var all: [(name: String, value: Double)] = [
      ("version", Double(version)), ("frozen", isFrozen ? 1 : 0), ("waiting", Double(load.waiting)),
      ("training", Double(load.training)), ("batches", Double(figures.counts.batches)),
      ("examples", Double(figures.counts.examples)), ("duplicates", Double(figures.counts.duplicates)),
      ("unobserved", Double(figures.counts.unobserved)),
      ("scored_examples", Double(figures.counts.scoredExamples)), ("examples_per_s", figures.rate),
      ("loss", figures.lastLoss),
    ]
    for (stretch, summary) in [("all", figures.all), ("window", figures.window), ("decayed", figures.decayed)]
    where summary.examples > 0 {
      all.append(("\(stretch).loss", summary.loss))
      all += summary.named.map { ("\(stretch).\($0.name)", $0.value) }
    }
    for (name, percentiles) in [("step", figures.steps), ("score", figures.scores), ("freshness", figures.freshness)] {
      for (share, value) in [("p50", percentiles.p50), ("p95", percentiles.p95), ("p99", percentiles.p99)] {
        if let value { all.append(("\(name)_ms.\(share)", value / .milliseconds(1))) }
      }
    }
    return all
  }
}

extension TrainReply {
  /// The same as a message.
  var wireReply: TrainBatchReply {
    TrainBatchReply(
      version: version, loss: loss, isDuplicate: isDuplicate, stepMicroseconds: stepMicroseconds,
      figures: metrics.map { FiguresReply.Figure(name: $0.name, value: $0.value) })
  }
}
