import ArgumentParser
import GraphDefImport
import Kernels
import Parameters
import Remote
import Serve
import Transport

/// Scores examples with a trained model.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score examples: a line each, and how well the scores fit.",
    discussion: """
      Example: onlearn score Models/mlp.json --store file:mlp.safetensors --data fashion-mnist:test --limit 10
               onlearn score -m mlp --server 127.0.0.1:7072 --data fashion-mnist:test --limit 10

      A line has a class and its probability, the probability of label 1, or what a regression predicts. Dropout is off.
      Metrics follow if the source has labels.
      """)

  @OptionGroup var model: ServedModelOptions
  @OptionGroup var runtime: RuntimeOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("Where examples come from, as for train.", valueName: "SOURCE"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "Where parameters are: file:PATH, ps:HOST:PORT[,…], or memory for untrained ones.", valueName: "STORE"))
  var store: String?

  @OptionGroup var cluster: ServerAccessOptions

  @Option(parsing: .unconditional, help: "Score at most so many examples.")
  var limit: UInt64?

  @Option(help: "Examples scored together.")
  var batch = 1024

  @Flag(help: "Run the graph exactly as exported, dropout included.")
  var exact = false

  @Flag(help: "Print JSON objects, one per line.")
  var json = false

  func validate() throws {
    try BatchOptions.check(batch)
    guard (store == nil) == (model.server != nil) else {
      throw ValidationError("Name the parameters with --store, or a train server with --server.")
    }
    if model.server != nil {
      guard !exact else { throw ValidationError("--exact is not for train servers.") }
      guard runtime.threads == nil else { throw ValidationError("--threads is not for train servers.") }
    }
  }

  func run() async throws {
    try await CommandError.reporting {
      if let (model, address) = model.remote { try await score(model, at: address) } else { try score() }
    }
  }

  /// Lets a train server score.
  private func score(_ name: String, at address: Address) async throws {
    let signals = StopSignals()
    let specification = try SourceSpecification(parsing: data)
    let client = TrainClient(to: address, options: try cluster.clientOptions())
    var run = try await RemoteScoring(name, client, batch: batch, limit: limit ?? .max) { width in
      try specification.open(width: width, until: signals.stop)
    }
    var lines = ScoreLines(isJSON: json)
    let summary = try await run.run(until: signals.stop) { lines.add($0) }
    lines.finish(summary.map { ScoringRun.Fit($0) })
  }

  private func score() throws {
    let signals = StopSignals()
    let specification = try StoreSpecification(parsing: store!)
    try cluster.check(for: specification)
    let model = try model.load()
    var options = Model.StoreOptions()
    options.seed = runtime.seed
    options.cluster = try cluster.options()
    let (store, notices) = try model.openStoreForScoring(specification, options: options)
    for notice in notices { Output.error("onlearn: \(notice)") }
    let source = try SourceSpecification(parsing: data)
      .open(width: model.config.inputSize.dropFirst().reduce(1, *), until: signals.stop)
    var run = try ScoringRun(
      model, source: source, store: store, pool: runtime.makePool(), batch: batch, limit: limit ?? .max, isExact: exact,
      seed: runtime.seed)
    for notice in run.notices { Output.error("onlearn: \(notice)") }
    var lines = ScoreLines(isJSON: json)
    let fit = try run.run(until: signals.stop) { lines.add($0) }
    lines.finish(fit)
  }
}
