/// Every update rule there is.
public enum Rule: Hashable, Sendable {
  case sgd(SGD)
  case momentum(Momentum)
  case adagrad(Adagrad)
  case rmsProp(RMSProp)
  case centeredRMSProp(CenteredRMSProp)
  case adam(Adam)
  case lazyAdam(LazyAdam)
  case ftrl(FTRL)

  /// Which rule it is, numbered as it travels to a parameter server.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case sgd = 1
    case momentum = 2
    case adagrad = 3
    case rmsProp = 4
    case centeredRMSProp = 5
    case adam = 6
    case lazyAdam = 7
    case ftrl = 8

    /// The name on the command line.
    public var name: String { type(of: Rule(self).base).name }
  }

  /// The rule of `kind` with its default hyper-parameters.
  public init(_ kind: Kind) {
    self =
      switch kind {
      case .sgd: .sgd(SGD())
      case .momentum: .momentum(Momentum())
      case .adagrad: .adagrad(Adagrad())
      case .rmsProp: .rmsProp(RMSProp())
      case .centeredRMSProp: .centeredRMSProp(CenteredRMSProp())
      case .adam: .adam(Adam())
      case .lazyAdam: .lazyAdam(LazyAdam())
      case .ftrl: .ftrl(FTRL())
      }
  }

  /// Which rule it is.
  public var kind: Kind {
    switch self {
    case .sgd: .sgd
    case .momentum: .momentum
    case .adagrad: .adagrad
    case .rmsProp: .rmsProp
    case .centeredRMSProp: .centeredRMSProp
    case .adam: .adam
    case .lazyAdam: .lazyAdam
    case .ftrl: .ftrl
    }
  }

  /// The rule itself.
  public var base: any UpdateRule { runnable }

  /// The rule itself, with its arithmetic.
  var runnable: any RunnableRule {
    switch self {
    case .sgd(let rule): rule
    case .momentum(let rule): rule
    case .adagrad(let rule): rule
    case .rmsProp(let rule): rule
    case .centeredRMSProp(let rule): rule
    case .adam(let rule): rule
    case .lazyAdam(let rule): rule
    case .ftrl(let rule): rule
    }
  }

  /// The learning rate before any schedule.
  public var rate: Float {
    get { base.rate }
    set { self[.rate] = newValue }
  }

  /// Whether an update of a table changes all of its rows, not only the pushed ones.
  public var updatesAllRows: Bool { type(of: base).updatesAllRows }
}

extension Rule {
  /// The hyper-parameters and their allowed values, in the order in which they are printed.
  public var fields: [(hyperparameter: Hyperparameter, range: HyperparameterRange)] { base.fields }

  /// The value of a hyper-parameter; nil for one that the rule does not have, and setting it does nothing.
  public subscript(hyperparameter: Hyperparameter) -> Float? {
    get { base.value(of: hyperparameter) }
    set {
      guard let newValue else { return }
      switch self {
      case .sgd(let rule): self = .sgd(rule.setting(hyperparameter, to: newValue))
      case .momentum(let rule): self = .momentum(rule.setting(hyperparameter, to: newValue))
      case .adagrad(let rule): self = .adagrad(rule.setting(hyperparameter, to: newValue))
      case .rmsProp(let rule): self = .rmsProp(rule.setting(hyperparameter, to: newValue))
      case .centeredRMSProp(let rule): self = .centeredRMSProp(rule.setting(hyperparameter, to: newValue))
      case .adam(let rule): self = .adam(rule.setting(hyperparameter, to: newValue))
      case .lazyAdam(let rule): self = .lazyAdam(rule.setting(hyperparameter, to: newValue))
      case .ftrl(let rule): self = .ftrl(rule.setting(hyperparameter, to: newValue))
      }
    }
  }
}

extension UpdateRule {
  fileprivate var fields: [(hyperparameter: Hyperparameter, range: HyperparameterRange)] {
    Self.hyperparameters.map { ($0.hyperparameter, $0.range) }
  }

  fileprivate func value(of hyperparameter: Hyperparameter) -> Float? {
    Self.hyperparameters.first { $0.hyperparameter == hyperparameter }.map { self[keyPath: $0.path] }
  }

  /// The rule with another value of one hyper-parameter, if it has it.
  fileprivate func setting(_ hyperparameter: Hyperparameter, to value: Float) -> Self {
    var rule = self
    for field in Self.hyperparameters where field.hyperparameter == hyperparameter { rule[keyPath: field.path] = value }
    return rule
  }
}
