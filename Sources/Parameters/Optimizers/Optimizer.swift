/// How a parameter learns: an update rule, a schedule for its learning rate, and limits.
public struct Optimizer: Hashable, Sendable {
  /// The rule with its hyper-parameters.
  public var rule: Rule
  /// What the learning rate is multiplied by as updates go by.
  public var schedule = LearningRateSchedule()
  /// Limits of the gradient.
  public var clipping = GradientClipping()
  /// Limits of the weights.
  public var bounds = WeightBounds()

  /// Trains by `rule`, with a constant rate and without limits.
  public init(_ rule: Rule) { self.rule = rule }

  /// Gradient descent at the learning rate `rate`.
  public static func sgd(rate: Float) -> Optimizer {
    var rule = SGD()
    rule.rate = rate
    return Optimizer(.sgd(rule))
  }

  /// The name of the rule on the command line.
  public var name: String { rule.kind.name }

  /// The learning rate before any schedule.
  public var rate: Float {
    get { rule.rate }
    set { rule.rate = newValue }
  }

  /// Whether gradients and weights are free.
  var isUnlimited: Bool { clipping == GradientClipping() && bounds == WeightBounds() }
}

extension Optimizer {
  private static let surroundings: [HyperparameterField<Optimizer>] = [
    .init(.warmUp, \.schedule.warmUp.steps, .nonNegative),
    .init(.exponentialRate, \.schedule.exponential.rate, .positive),
    .init(.exponentialSteps, \.schedule.exponential.steps, .positive),
    .init(.exponentialStaircase, \.exponentialStaircase, .flag),
    .init(.inverseRate, \.schedule.inverseTime.rate, .nonNegative),
    .init(.inverseSteps, \.schedule.inverseTime.steps, .positive),
    .init(.inverseStaircase, \.inverseStaircase, .flag),
    .init(.clipValue, \.clipping.value, .positive),
    .init(.clipNorm, \.clipping.norm, .positive),
    .init(.lowerBound, \.bounds.lower, .finite),
    .init(.upperBound, \.bounds.upper, .finite),
  ]

  private var exponentialStaircase: Float {
    get { schedule.exponential.isStaircase ? 1 : 0 }
    set { schedule.exponential.isStaircase = newValue != 0 }
  }

  private var inverseStaircase: Float {
    get { schedule.inverseTime.isStaircase ? 1 : 0 }
    set { schedule.inverseTime.isStaircase = newValue != 0 }
  }

  /// The hyper-parameters it can have and their allowed values: the rule's, then the schedule's and the limits.
  public var fields: [(hyperparameter: Hyperparameter, range: HyperparameterRange)] {
    rule.fields + Self.surroundings.map { ($0.hyperparameter, $0.range) }
  }

  /// The value of a hyper-parameter; nil for one that the rule does not have, and setting it does nothing.
  public subscript(hyperparameter: Hyperparameter) -> Float? {
    get {
      Self.surroundings.first { $0.hyperparameter == hyperparameter }.map { self[keyPath: $0.path] }
        ?? rule[hyperparameter]
    }
    set {
      guard let newValue else { return }
      if let field = Self.surroundings.first(where: { $0.hyperparameter == hyperparameter }) {
        self[keyPath: field.path] = newValue
      } else {
        rule[hyperparameter] = newValue
      }
    }
  }

  /// The rule's hyper-parameters, and of the others those that are not what they are by default: what ``init(_:_:)``
  /// needs to make the same optimizer.
  public var hyperparameters: [(hyperparameter: Hyperparameter, value: Float)] {
    let plain = Optimizer(Rule(rule.kind))
    let own = rule.fields.count
    return fields.enumerated().compactMap { index, field in
      guard let value = self[field.hyperparameter], index < own || value != plain[field.hyperparameter] else {
        return nil
      }
      return (field.hyperparameter, value)
    }
  }

  /// The rule `kind` with its default hyper-parameters but for `hyperparameters`, as somebody chooses it.
  public init(_ kind: Rule.Kind, _ hyperparameters: [(Hyperparameter, Float)]) throws(OptimizerError) {
    try self.init(kept: kind, hyperparameters)
    guard !dividesZero else { throw .noDivisor(optimizer: name) }
  }

  /// The same as it was chosen once and is kept, also by those who took what may make NaN.
  package init(kept kind: Rule.Kind, _ hyperparameters: [(Hyperparameter, Float)]) throws(OptimizerError) {
    self.init(Rule(kind))
    for (hyperparameter, value) in hyperparameters {
      guard let field = fields.first(where: { $0.hyperparameter == hyperparameter }) else {
        throw .unknownKey(hyperparameter.key, optimizer: name, known: fields.map(\.hyperparameter.key))
      }
      guard field.range.contains(value) else {
        throw .outOfRange(key: hyperparameter.key, value: value, allowed: field.range)
      }
      self[hyperparameter] = value
    }
    guard bounds.lower <= bounds.upper else { throw .emptyBounds(lower: bounds.lower, upper: bounds.upper) }
  }

  /// Checks that a change from `old` to this does not make NaN of a gradient of zero; what did so before still may.
  package func checkChange(from old: Optimizer) throws(OptimizerError) {
    guard old.dividesZero || !dividesZero else { throw .noDivisor(optimizer: name) }
  }

  /// Whether a weight whose gradient is zero may become NaN: the divisor then is nothing but a root of zero and an epsilon
  /// that counts as zero, as numbers too small for the normal form do in updates.
  private var dividesZero: Bool {
    func isZero(_ number: Float) -> Bool { number < .leastNormalMagnitude }
    return switch rule {
    case .adagrad(let adagrad): isZero(adagrad.initialAccumulator) && isZero(adagrad.epsilon)
    case .adam(let adam): isZero(adam.epsilon)
    case .lazyAdam(let adam): isZero(adam.epsilon)
    case .rmsProp(let rule): isZero(rule.epsilon)
    case .centeredRMSProp(let rule): isZero(rule.epsilon)
    default: false
    }
  }
}
