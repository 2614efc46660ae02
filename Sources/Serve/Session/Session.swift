import Graph
public import GraphDefImport
public import Kernels
import Parameters

/// Runs parts of a graph on given arrays, as TensorFlow's `Session.run` does; trains the graph first if asked.
///
/// Only what the fetches need is imported, fed and computed.
public final class Session {
  /// What a run does beside computing its fetches.
  public struct Options: Hashable, Sendable {
    /// How many times the parameters are trained on the fed arrays before the fetches.
    public var trainingSteps = 0
    /// The learning rate, instead of the graph's.
    public var learningRate: Double?
    /// The seed of initial values and of random nodes.
    public var seed: UInt64 = 0
    /// Whether the steps also compute what the configuration observes, and the fetches see the state that leaves.
    public var keepsMetricState = false
    /// Whether `d-NAME` is the graph's node instead of our gradient.
    public var usesGraphGradients = false

    /// A run that only computes its fetches.
    public init() {}
  }

  /// What a run gives.
  public struct Result: Hashable, Sendable {
    /// The loss before each training step.
    public var losses: [Float]
    /// The fetches, in order.
    public var arrays: [NpyArray]
    /// What a user should know about the run.
    public var notices: [String]
  }

  /// The configuration.
  public let config: ModelConfig
  let importer: GraphDefImporter
  let pool: LanePool

  /// A session of the model with the configuration at `configPath` and its graph, or the one at `graphPath`.
  ///
  /// - Throws: `ModelConfigError`, `GraphNotFoundError`, `GraphFileError` or `GraphImportError`.
  public convenience init(configPath: String, graphPath: String? = nil, pool: LanePool) throws {
    let config = try ModelConfig(contentsOf: configPath)
    let file = try GraphFile.read(config.resolveGraphPath(override: graphPath))
    try self.init(file.graph, config: config, pool: pool)
  }

  /// A session of `graph`, exported with `config`, on the threads of `pool`.
  public init(_ graph: GraphDef, config: ModelConfig, pool: LanePool) throws {
    self.config = config
    self.pool = pool
    importer = try GraphDefImporter(graph, config: config)
  }

  /// Computes `fetches` from `feeds`, after the training steps that `options` ask for.
  ///
  /// - Parameters:
  ///   - feeds: Arrays by tensor. A variable starts with what it is fed; any other tensor is not computed, and no
  ///     gradient flows through it.
  ///   - fetches: Names of tensors, and `d-NAME` for the gradient of the loss with respect to the parameter `NAME`.
  /// - Throws: ``SessionError``, `GraphImportError`, `PlanError`, `ExecutionFailure`, ``NonFiniteError`` or
  ///   ``ModelError``.
  public func run(
    feeds: [(name: String, array: NpyArray)], fetches: [String], options: Options = Options()
  ) throws -> Result {
    let feeds = try SessionFeeds(feeds, importer)
    let names = fetches.map { (InputReference(parsing: $0) ?? InputReference($0)).description }
    let program = try importer.program(request(names, feeds, usesGraphGradients: options.usesGraphGradients))
    var training: SessionTraining?
    if options.trainingSteps > 0 { training = try SessionTraining(self, feeds, options) }
    let programs = [program] + (training.map { [$0.program] } ?? [])
    let batch = try feeds.batch(of: programs) ?? config.batchSize
    var variables = SessionVariables(feeds: feeds, reader: InitialValueReader(importer, seed: options.seed))

    let losses = try training?.run(batch: batch, &variables) ?? []
    let executor = try Executor(Plan(program, batch: batch, options: Plan.Options(lanes: pool.laneCount)), pool: pool)
    let bound = try bind(executor, feeds, &variables)
    try withExtendedLifetime(bound) { try executor.run(seed: options.seed, step: UInt64(options.trainingSteps)) }
    var notices = training?.notices ?? []
    let arrays = withExtendedLifetime(bound) {
      names.map { NpyArray(copying: executor.output(program.output($0)!)) }
    }
    for (name, array) in zip(names, arrays) {
      guard let (position, value) = array.firstNonFinite else { continue }
      notices.append("'\(name)' has values that are not finite: element \(position) is \(value)")
    }
    return Result(losses: losses, arrays: arrays, notices: notices)
  }

  /// What is imported for the tensors `names`.
  private func request(
    _ names: [String], _ feeds: SessionFeeds, usesGraphGradients: Bool
  ) -> GraphDefImporter.Request {
    var request = GraphDefImporter.Request(fetches: [])
    request.feeds = feeds.types
    request.densifiesGradients = true
    var seen: Set<String> = []
    for name in names where seen.insert(name).inserted {
      if !usesGraphGradients, let parameter = parameter(ofGradient: name) {
        request.gradients.append(parameter)
      } else {
        request.fetches.append(name)
      }
    }
    // Sizes may be written into the graph's gradients, which are right for no others.
    request.fixesBatch = usesGraphGradients && feeds.haveExamples(config.batchSize)
    return request
  }

  /// The parameter whose gradient is called `name`.
  private func parameter(ofGradient name: String) -> String? {
    config.dense.first { GraphDefImporter.gradientName(of: $0) == name }
  }

  /// Binds the inputs that `executor` needs, and returns what has to stay alive meanwhile.
  func bind(
    _ executor: Executor, _ feeds: SessionFeeds, _ variables: inout SessionVariables
  ) throws -> [OwnedTensor] {
    let (program, batch) = (executor.plan.program, executor.plan.batch)
    var bound: [OwnedTensor] = []
    for (number, isUsed) in program.usedInputs.enumerated() where isUsed {
      let tensor =
        program.inputs[number].role == .data
        ? try feeds.tensor(number, of: program, batch: batch) : try variables.value(number, of: program)
      try executor.bind(tensor.view, to: number)
      bound.append(tensor)
    }
    return bound
  }
}
