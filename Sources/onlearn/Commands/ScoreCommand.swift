import ArgumentParser
import GraphDefImport
import Kernels
import Parameters
import Serve

/// Scores examples with a trained model.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score examples: a class and its probability, or a probability, per line; then how well they fit.",
    discussion: """
      Example: onlearn score Models/mlp.json --store file:mlp.safetensors --data fashion-mnist:test --limit 10

      Dropout is off. Metrics follow if the source has labels.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var runtime: RuntimeOptions

  @Option(help: ArgumentHelp("Where examples come from, as for train.", valueName: "SOURCE"))
  var data: String

  @Option(help: ArgumentHelp("Where parameters are: file:PATH, or memory for untrained ones.", valueName: "STORE"))
  var store: String

  @Option(help: "Score at most so many examples.")
  var limit: UInt64?

  @Option(help: "Examples scored together.")
  var batch = 1024

  @Flag(help: "Run the graph exactly as exported, dropout included.")
  var exact = false

  @Flag(help: "Print JSON objects, one per line.")
  var json = false

  func validate() throws {
    guard (1...(1 << 24)).contains(batch) else { throw ValidationError("--batch must be positive.") }
  }

  func run() throws { try CommandError.reporting(score) }

  private func score() throws {
    let signals = StopSignals()
    let model = try model.load()
    var options = Model.StoreOptions()
    options.seed = runtime.seed
    let (store, notices) = try model.openStoreForScoring(StoreSpecification(parsing: store), options: options)
    for notice in notices { Output.error("onlearn: \(notice)") }
    let source = try SourceSpecification(parsing: data)
      .open(width: model.config.inputSize.dropFirst().reduce(1, *), until: signals.stop)
    var run = try ScoringRun(
      model, source: source, store: store, pool: runtime.makePool(), batch: batch, limit: limit ?? .max, isExact: exact,
      seed: runtime.seed)
    var lines = ""
    let summary = try run.run(until: signals.stop) { score in
      lines += (json ? Self.object(score) : Self.line(score)) + "\n"
      if lines.utf8.count > 1 << 16 {
        Output.write(lines)
        lines = ""
      }
    }
    Output.write(lines)
    if let summary { Output.write(json ? Self.object(summary) : Self.line(summary)) }
  }

  private static func line(_ score: ScoringRun.Score) -> String {
    switch score {
    case .probability(let probability): "\(probability)"
    case .classification(let best, let probability): "\(best) \(probability)"
    }
  }

  private static func object(_ score: ScoringRun.Score) -> String {
    var object = JSONText()
    switch score {
    case .probability(let probability): object.add("probability", Double(probability))
    case .classification(let best, let probability):
      object.add("class", best)
      object.add("probability", Double(probability))
    }
    return object.text
  }

  private static func line(_ summary: MetricsSummary) -> String {
    let figures = summary.named.map { "\($0.name) \(ReadableNumber.fixed($0.value, 4))" }.joined(separator: ", ")
    return "\(UInt64(summary.examples)) examples: \(figures)\n"
  }

  private static func object(_ summary: MetricsSummary) -> String {
    var metrics = JSONText()
    for (name, value) in summary.named { metrics.add(name, value) }
    var object = JSONText()
    object.add("metrics", metrics)
    return object.text + "\n"
  }
}
