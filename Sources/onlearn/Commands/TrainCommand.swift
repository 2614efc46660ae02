public import ArgumentParser
import GraphDefImport
import Kernels
import Parameters
import Remote
public import Serve
import Transport

/// Trains a model from a stream of examples.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model, reporting its score on each batch before it learns from it.",
    discussion: """
      Example: onlearn train Models/mlp.json --data fashion-mnist --epochs 3 --store file:mlp.safetensors
               onlearn train -m mlp --server 127.0.0.1:7072 --data fashion-mnist --epochs 3

      Sources of examples:
      \(SourceSpecification.help.map { "  " + $0 }.joined(separator: "\n"))
      """)

  @OptionGroup var model: ServedModelOptions
  @OptionGroup var runtime: RuntimeOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("Where examples come from.", valueName: "SOURCE"))
  var data: String

  @OptionGroup var batching: BatchOptions

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: "Passes over a finite source: by default one, or as many as --steps needs.")
  var epochs: UInt64?

  @Option(parsing: .unconditional, help: "Stop after so many steps in all.")
  var steps: UInt64?

  @OptionGroup var optimization: OptimizationOptions

  @Option(
    help: ArgumentHelp(
      "Where parameters are kept: memory, the default, file:PATH or ps:HOST:PORT[,…].", valueName: "STORE"))
  var store: String?

  @Flag(
    help: ArgumentHelp(
      "Continue an earlier run.",
      discussion: """
        From its file; with parameter servers or a train server, where the last run with --resume on the same data ended. \
        All lines on standard input are new.
        """))
  var resume = false

  @OptionGroup var worker: WorkerOptions

  @OptionGroup var saving: SavingOptions

  @Option(help: "How parameters start: graph, the default, uniform:LOW,HIGH or orthogonal.")
  var `init`: String?

  @Option(help: "Report metrics from before the update, the default, or from after it.")
  var metrics: TrainingRun.MetricsTime?

  @Flag(inversion: .prefixedNo, help: "Shuffle the examples of a finite source in each pass, if it has no order.")
  var shuffle: Bool?

  @Option(parsing: .unconditional, help: "Examples per tile; by default chosen from the working set.")
  var tile: Int?

  @Option(parsing: .unconditional, help: "Report every so many steps; by default once a second.")
  var reportEvery: UInt64?

  @Option(
    parsing: .unconditional,
    help: "With --server: how many connections, by default one, send batches that are trained beside each other.")
  var connections: Int?

  @Flag(help: "Report JSON objects, one per line.")
  var json = false

  func validate() throws {
    if let tile, tile < 1 { throw ValidationError("--tile must be positive.") }
    if let reportEvery, reportEvery < 1 { throw ValidationError("--report-every must be positive.") }
    if let epochs, epochs < 1 { throw ValidationError("--epochs must be positive.") }
    try checkConnections()
    if model.server != nil { try refuseOptionsOfTheServer() }
  }

  private func checkConnections() throws {
    guard let connections else { return }
    guard model.server != nil else { throw ValidationError("--connections is for train servers.") }
    guard (1...256).contains(connections) else { throw ValidationError("--connections must be between 1 and 256.") }
    guard connections == 1 || !resume else {
      throw ValidationError("--resume goes on with one stream; leave --connections out.")
    }
  }

  /// How parameters are kept and trained is the train server's to say: options about it are refused, not ignored.
  private func refuseOptionsOfTheServer() throws {
    let options = [
      ("--store", store != nil), ("--init", `init` != nil), ("--metrics", metrics != nil), ("--tile", tile != nil),
      ("--threads", runtime.threads != nil), ("--save-every", saving.saveEvery != nil),
      ("--learning-rate", optimization.learningRate != nil), ("--optimizer", optimization.optimizer != nil),
      ("--consistency", worker.consistency != nil), ("--workers", worker.workers != nil),
      ("--rank", worker.rank != nil),
    ]
    guard let (name, _) = options.first(where: { $0.1 }) else { return }
    throw ValidationError("\(name) is not for train servers; how they train is said to 'onlearn serve'.")
  }

  func run() async throws {
    try await CommandError.reporting {
      if let (model, address) = model.remote { try await train(model, at: address) } else { try await train() }
    }
  }

  private func train() async throws {
    let signals = StopSignals()
    let specification = try StoreSpecification(parsing: store ?? "memory")
    try worker.check(for: specification)
    guard !resume || specification != .memory else {
      throw ValidationError("--resume goes on with what is kept; say where with --store.")
    }
    let model = try model.load()
    let source = try open(
      SourceSpecification(parsing: data), width: model.config.inputSize.dropFirst().reduce(1, *), until: signals.stop)
    let choice = try optimization.choose(for: model, .training)
    var storeOptions = Model.StoreOptions()
    storeOptions.isResuming = resume
    storeOptions.saveInterval = saving.interval
    storeOptions.initialization = try Initialization(parsing: `init` ?? "graph")
    storeOptions.seed = runtime.seed
    storeOptions.order = source.keepsOrder ? nil : isShuffling ? "--seed \(runtime.seed)" : "--no-shuffle"
    let pool = runtime.makePool()
    storeOptions.pool = pool
    if case .servers(let addresses) = specification {
      storeOptions.place = try await ClusterPlace.take(at: addresses, options: worker.options())
    }
    let place = storeOptions.place
    let (store, notices) = try model.openStore(
      specification, optimizers: choice.optimizers, frozen: choice.frozen, options: storeOptions)
    for notice in choice.notices + notices + source.notices + BLASCore.notices { Output.error("onlearn: \(notice)") }

    var options = TrainingRun.Options(batch: batching.batch ?? model.config.batchSize)
    options.epochs = epochs ?? (steps == nil ? 1 : .max)
    options.steps = steps
    options.seed = runtime.seed
    options.isShuffling = isShuffling
    options.metrics = metrics ?? .before
    options.tile = tile
    options.part = place?.part(isContinued: resume)
    var run = try TrainingRun(
      model, source: source, store: store, schedule: choice.makeSchedule(), pool: pool, options: options)
    for notice in run.notices { Output.error("onlearn: \(notice)") }
    let output = SavingOutput(orRequesting: signals.stop)
    var reporter = reporter(to: output, goal: run.exampleGoal, from: run.start)
    let end = try run.run(reporter: &reporter, until: signals.stop)
    reporter.finish(end, at: .now, isStopped: signals.stop.isRequested)
    if !run.hasLearned, !signals.stop.isRequested { Output.error("onlearn: \(run.nothingLeft)") }
    // Who had nothing to train keeps its place for a while: with it the others could not begin, were they still coming.
    if end.step > run.start.step { await place?.leave() }
    if case .file(let path) = specification, run.hasLearned, !json {
      output.write("parameters saved in \(path)\n")
    }
    output.finish()
  }

  /// Sends the examples to a train server.
  private func train(_ name: String, at address: Address) async throws {
    let signals = StopSignals()
    var options = RemoteTraining.Options()
    options.batch = batching.batch
    options.epochs = epochs ?? (steps == nil ? 1 : .max)
    options.steps = steps
    options.seed = isShuffling ? runtime.seed : nil
    options.isResuming = resume
    options.connections = connections ?? 1
    options.client = try worker.access.clientOptions()
    let specification = try SourceSpecification(parsing: data)
    var run = try await RemoteTraining(name, at: address, options: options) { width in
      try open(specification, width: width, until: signals.stop)
    }
    let output = SavingOutput(orRequesting: signals.stop)
    var reporter = reporter(to: output, goal: run.exampleGoal, from: run.start)
    let end = try await run.run(reporter: &reporter, until: signals.stop)
    reporter.finish(end, at: .now, isStopped: signals.stop.isRequested)
    output.finish()
  }

  private var isShuffling: Bool { shuffle ?? true }

  /// Opens the source, if what was asked of its passes is possible.
  private func open(
    _ specification: SourceSpecification, width: Int, until stop: StopRequest
  ) throws(DataError) -> any DataSource {
    let source = try specification.open(width: width, until: stop)
    guard epochs == nil || source.isFinite else {
      throw DataError(source.name, .usage("it never ends, so --epochs is nothing to it; use --steps"))
    }
    guard shuffle != true || !source.keepsOrder else {
      throw DataError(source.name, .usage("its examples come in their order, so they cannot be shuffled"))
    }
    return source
  }

  private func reporter(
    to output: SavingOutput, goal: UInt64?, from start: (step: UInt64, examples: UInt64)
  ) -> ProgressReporter {
    let style: ProgressReporter.Style = json ? .json : Output.isTerminal ? .live(columns: Output.columns) : .lines
    return ProgressReporter(
      style: style, cadence: reportEvery.map { .steps($0) } ?? .time(.seconds(1)), goal: goal, at: .now, from: start
    ) { output.write($0) }
  }
}

extension TrainingRun.MetricsTime: ExpressibleByArgument {}
