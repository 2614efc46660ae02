public import Files
public import GraphDefImport
public import Parameters

/// Which optimizer trains each parameter of a model: the graph's own, unless the user or the configuration says
/// otherwise.
///
/// A parameter that the graph's `train_step` does not change is frozen. A graph without `train_step` is trained by
/// gradient descent at the configuration's learning rate.
public struct OptimizerChoice: Sendable {
  /// What the user asks for.
  public struct Options: Hashable, Sendable {
    /// What the model is used for.
    public enum Use: Hashable, Sendable {
      /// To do what TensorFlow would do: the graph's learning rate counts.
      case twin
      /// To train: the configuration's learning rate counts where the graph's rule is gradient descent at a constant
      /// rate.
      case training
    }

    /// What the model is used for.
    public var use: Use
    /// The learning rate of all parameters, before anything else that names one.
    public var learningRate: Double?
    /// The optimizer of all parameters, instead of the graph's.
    public var optimizer: Optimizer?

    /// Options for `use`.
    public init(_ use: Use, learningRate: Double? = nil, optimizer: Optimizer? = nil) {
      self.use = use
      self.learningRate = learningRate
      self.optimizer = optimizer
    }
  }

  /// The optimizer of each parameter before the first step, in the configuration's order.
  public let optimizers: [Optimizer]
  /// The parameters that are not trained.
  public let frozen: Set<String>
  /// What the user should be told, a sentence each.
  public let notices: [String]
  /// What the graph's `train_step` does, if it has one.
  public let trainStep: TrainStep?
  private let importer: GraphDefImporter
  private let scheduled: [ScheduledHyperparameter]

  /// Whether a hyper-parameter changes from step to step.
  public var isScheduled: Bool { !scheduled.isEmpty }

  /// The changes of hyper-parameters from step to step, or `nil` if there are none.
  ///
  /// - Throws: What computing them may throw.
  public func makeSchedule() throws -> OptimizerSchedule? {
    guard isScheduled, let trainStep else { return nil }
    return try OptimizerSchedule(importer, optimizers, scheduled, counters: trainStep.counters)
  }

  /// How each parameter learns, in the configuration's order: what a store cannot change once it keeps it.
  var rules: [String] {
    zip(importer.config.dense, optimizers).map { name, optimizer in
      frozen.contains(name) ? "not at all" : "by \(optimizer.name)"
    }
  }

  /// The parameters that have another optimizer than `other` gives them after `step` steps, and theirs.
  ///
  /// - Throws: ``OptimizerChoiceError`` if a hyper-parameter gets a value that it cannot have.
  func changes(from other: OptimizerChoice, afterStep step: UInt64) throws -> [(parameter: Int, optimizer: Optimizer)] {
    let new = try makeSchedule()?.optimizers(afterStep: step) ?? optimizers
    // A value that the other one cannot have may be why there is a new one.
    let old = try? other.makeSchedule()?.optimizers(afterStep: step) ?? other.optimizers
    return new.indices.filter { new[$0] != old?[$0] }.map { ($0, new[$0]) }
  }

  /// Chooses the optimizers of the model that `importer` imports.
  ///
  /// - Parameters:
  ///   - importer: The model's graph and configuration.
  ///   - options: What the user asks for.
  ///   - tables: The parameters whose gradients are rows, to tell where the graph has it otherwise.
  /// - Throws: ``OptimizerChoiceError``, or `GraphImportError` if the graph is damaged.
  public init(_ importer: GraphDefImporter, options: Options, tables: Set<String>? = nil) throws {
    let config = importer.config
    self.importer = importer
    trainStep = try importer.trainStep()
    guard let trainStep else {
      optimizers = try Array(repeating: Self.optimizer(options, config), count: config.dense.count)
      frozen = []
      scheduled = []
      notices =
        options.optimizer == nil
        ? ["the graph has no train_step: parameters learn by gradient descent at the rate \(optimizers[0].rate)"] : []
      return
    }
    let changed = Set(trainStep.updates.map(\.variable) + trainStep.problems.map(\.variable))
    frozen = Set(config.dense).subtracting(changed)
    var notices = config.dense.filter { !changed.contains($0) }.map {
      "train_step does not change the parameter '\($0)': it is frozen"
    }
    if !trainStep.averages.isEmpty {
      notices.append(
        "train_step also changes \(trainStep.averages.map { "'\($0)'" }.joined(separator: ", ")): moving averages and the "
          + "like are not parameters, and keep their initial values")
    }
    if let optimizer = options.optimizer {
      let optimizer = try options.learningRate.map { try optimizer.withRate($0) } ?? optimizer
      optimizers = config.dense.map { _ in optimizer }
      scheduled = []
    } else {
      guard trainStep.problems.isEmpty else { throw OptimizerChoiceError.problems(trainStep.problems) }
      let graph = try GraphOptimizers(importer, trainStep, options)
      optimizers = config.dense.map { graph.optimizers[$0] ?? .sgd(rate: 0) }
      scheduled = graph.scheduled
      notices += graph.notices
      if let tables { notices += Self.differencesOfForm(trainStep, tables) }
    }
    notices += trainStep.updates.filter(\.appliesOtherGradient).map { update in
      "train_step applies '\(update.gradient)' to '\(update.variable)', which is not made of the loss's gradients in a "
        + "way that is understood: here the gradient of the loss is applied as it is"
    }
    self.notices = notices
  }

  /// The optimizer of a graph without `train_step`.
  private static func optimizer(_ options: Options, _ config: ModelConfig) throws -> Optimizer {
    let optimizer = options.optimizer ?? .sgd(rate: 0)
    if let rate = options.learningRate { return try optimizer.withRate(rate) }
    if options.optimizer != nil { return optimizer }
    guard let rate = config.learningRate else { throw OptimizerChoiceError.noLearningRate }
    return try optimizer.withRate(rate)
  }

  /// Where the graph updates the batch's rows and we all, and that makes a difference.
  private static func differencesOfForm(_ trainStep: TrainStep, _ tables: Set<String>) -> [String] {
    trainStep.updates.compactMap { update in
      switch update.rule {
      case .gradientDescent, .adagrad, .adam: return nil
      case .momentum, .ftrl, .rmsProp, .centeredRMSProp: break
      }
      guard update.isSparse, !tables.contains(update.variable) else { return nil }
      return "a step changes all rows of '\(update.variable)', where TensorFlow's \(update.rule.rawValue) changes the "
        + "rows of the batch only"
    }
  }
}

extension Optimizer {
  /// This optimizer with the learning rate `rate`.
  func withRate(_ rate: Double) throws(OptimizerError) -> Optimizer {
    var optimizer = self
    if let field = fields.first(where: { $0.hyperparameter == .rate }), !field.range.contains(Float(rate)) {
      throw .outOfRange(key: Parameters.Hyperparameter.rate.key, value: Float(rate), allowed: field.range)
    }
    optimizer.rate = Float(rate)
    return optimizer
  }
}

/// The optimizers of a model cannot be told.
public enum OptimizerChoiceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `train_step` changes parameters in ways that are not known.
  case problems([TrainStepProblem])
  /// A hyper-parameter is not known before a step.
  case dependsOnData(variable: String, TrainStep.Hyperparameter, tensor: String, TrainStep.Obstacle)
  /// The tensor that is a hyper-parameter cannot be computed.
  case notComputable(tensor: String, reason: String)
  /// A hyper-parameter has a value that is not allowed.
  case value(variable: String, OptimizerError)
  /// Neither graph, configuration nor user name a learning rate.
  case noLearningRate

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus { self == .noLearningRate ? .usage : .badData }

  public var description: String {
    switch self {
    case .problems(let problems):
      problems.map(\.description).joined(separator: "\n") + "\nchoose an optimizer with --optimizer"
    case .dependsOnData(let variable, let hyperparameter, let tensor, let obstacle):
      "the \(hyperparameter.rawValue) of parameter '\(variable)', node '\(tensor)', depends on \(obstacle); expected "
        + "constants and step counters only; "
        + (hyperparameter == .rate ? "choose it with --learning-rate" : "choose an optimizer with --optimizer")
    case .notComputable(let tensor, let reason):
      "the hyper-parameter '\(tensor)' of train_step cannot be computed: \(reason); "
        + "choose --learning-rate or --optimizer"
    case .value(let variable, let error): "train_step's optimizer of parameter '\(variable)': \(error)"
    case .noLearningRate:
      "the graph has no train_step and the configuration no learning_rate: choose one with --learning-rate"
    }
  }
}
