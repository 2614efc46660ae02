import GraphDefImport
import Parameters

/// The optimizers that a graph's `train_step` describes.
struct GraphOptimizers {
  /// By parameter; those that `train_step` does not change are not there.
  private(set) var optimizers: [String: Optimizer] = [:]
  /// The hyper-parameters that change from step to step.
  private(set) var scheduled: [ScheduledHyperparameter] = []
  /// What the user should be told.
  private(set) var notices: [String] = []

  private let importer: GraphDefImporter
  private let initialValues: InitialValueReader
  private let options: OptimizerChoice.Options
  private var isRateAnnounced = false
  private var config: ModelConfig { importer.config }

  /// Reads the optimizers of `trainStep`, of which all problems are solved.
  init(_ importer: GraphDefImporter, _ trainStep: TrainStep, _ options: OptimizerChoice.Options) throws {
    self.importer = importer
    initialValues = InitialValueReader(importer, seed: 0)
    self.options = options
    let counters = Set(trainStep.counters.map(\.variable))
    func isConstant(_ source: TrainStep.Source) -> Bool {
      source.obstacle == nil && counters.isDisjoint(with: source.variables)
    }

    var constants: [InputReference] = []
    var changing: [InputReference] = []
    for update in trainStep.updates {
      for (hyperparameter, source) in update.sortedHyperparameters where !isOverridden(hyperparameter) {
        if let obstacle = source.obstacle {
          // The configuration's rate takes the place of one that is fed.
          if usesConfiguredRate(update, hyperparameter, isConstant: true) { continue }
          throw OptimizerChoiceError.dependsOnData(
            variable: update.variable, hyperparameter, tensor: source.tensor.description, obstacle)
        }
        if isConstant(source) { constants.append(source.tensor) } else { changing.append(source.tensor) }
      }
    }
    var values: [InputReference: Double] = [:]
    for tensors in [constants, changing] where !tensors.isEmpty {
      let evaluator = try HyperparameterEvaluator(importer, tensors, counters: trainStep.counters)
      try evaluator.run(afterStep: 0)
      for tensor in tensors { values[tensor] = evaluator.value(of: tensor) }
    }

    for update in trainStep.updates {
      var pairs: [(Parameters.Hyperparameter, Float)] = []
      for (hyperparameter, source) in update.sortedHyperparameters {
        var value = values[source.tensor]
        if isOverridden(hyperparameter) {
          value = options.learningRate
        } else if usesConfiguredRate(update, hyperparameter, isConstant: source.obstacle != nil || isConstant(source)) {
          announce(value, used: config.learningRate)
          value = config.learningRate
        } else {
          if hyperparameter == .rate { announce(value, used: value) }
          if !isConstant(source) {
            let parameter = config.dense.firstIndex(of: update.variable)!
            scheduled.append(
              ScheduledHyperparameter(
                parameter: parameter, hyperparameter: Parameters.Hyperparameter(hyperparameter), tensor: source.tensor))
          }
        }
        pairs.append((Parameters.Hyperparameter(hyperparameter), Float(value!)))
      }
      if update.usesNesterov { pairs.append((.nesterov, 1)) }
      if let accumulator = update.slots[.accumulator], let initial = initialValues.uniformValue(of: accumulator) {
        pairs.append((.initialAccumulator, initial))
      }
      do throws(OptimizerError) {
        optimizers[update.variable] = try Optimizer(Rule.Kind(update.rule), pairs)
      } catch {
        throw OptimizerChoiceError.value(variable: update.variable, error)
      }
      checkSlots(update)
    }
    let decaying = trainStep.updates.filter { $0.rule == .adam && $0.isSparse }.map { "'\($0.variable)'" }
    if !decaying.isEmpty {
      notices.append(
        "Adam changes all rows of \(decaying.joined(separator: ", ")) in every step, as TensorFlow's does"
          + (options.use == .training ? "; --optimizer lazy_adam changes the rows of the batch only" : ""))
    }
  }

  private func isOverridden(_ hyperparameter: TrainStep.Hyperparameter) -> Bool {
    hyperparameter == .rate && options.learningRate != nil
  }

  private func usesConfiguredRate(
    _ update: TrainStep.Update, _ hyperparameter: TrainStep.Hyperparameter, isConstant: Bool
  ) -> Bool {
    hyperparameter == .rate && options.use == .training && update.rule == .gradientDescent && isConstant
      && config.learningRate != nil
  }

  /// Says once that graph and configuration name different learning rates.
  private mutating func announce(_ graph: Double?, used: Double?) {
    guard let configured = config.learningRate, let used, !isRateAnnounced,
      graph.map({ Float($0) != Float(configured) }) ?? true
    else { return }
    isRateAnnounced = true
    let found = graph.map { "train_step has the learning rate \(Float($0))" } ?? "train_step's learning rate is fed"
    notices.append(
      "\(found), the configuration \(Float(configured)): \(Float(used)) is used (--learning-rate chooses another)")
  }

  /// Compares where the state starts in the graph and here.
  private mutating func checkSlots(_ update: TrainStep.Update) {
    let slots = optimizers[update.variable]!.rule.base.slots
    for (slot, variable) in update.slots.sorted(by: { $0.value < $1.value }) {
      guard let ours = slots.first(where: { $0.name == slot.rawValue })?.initialValue else { continue }
      let theirs = initialValues.uniformValue(of: variable)
      guard theirs != ours else { continue }
      let start = theirs.map { "starts at \($0)" } ?? "does not start at one number that is known"
      notices.append("'\(variable)' \(start) in the graph, but at \(ours) here")
    }
  }
}

extension TrainStep.Update {
  /// The hyper-parameters in a fixed order.
  fileprivate var sortedHyperparameters: [(TrainStep.Hyperparameter, TrainStep.Source)] {
    TrainStep.Hyperparameter.allCases.compactMap { name in hyperparameters[name].map { (name, $0) } }
  }
}

extension Parameters.Hyperparameter {
  /// Ours for the graph's.
  fileprivate init(_ hyperparameter: TrainStep.Hyperparameter) {
    self =
      switch hyperparameter {
      case .rate: .rate
      case .momentum: .momentum
      case .decay: .decay
      case .beta1: .beta1
      case .beta2: .beta2
      case .epsilon: .epsilon
      case .l1: .l1
      case .l2: .l2
      case .power: .power
      case .shrinkage: .shrinkage
      }
  }
}

extension Rule.Kind {
  /// Ours for the graph's.
  fileprivate init(_ rule: TrainStep.Rule) {
    self =
      switch rule {
      case .gradientDescent: .sgd
      case .momentum: .momentum
      case .adagrad: .adagrad
      case .adam: .adam
      case .ftrl: .ftrl
      case .rmsProp: .rmsProp
      case .centeredRMSProp: .centeredRMSProp
      }
  }
}
