/// How a parameter learns: an update rule and what surrounds it.
public struct Optimizer: Hashable, Sendable {
  /// The rule with its hyper-parameters.
  public var rule: Rule

  /// Trains by `rule`.
  public init(_ rule: Rule) {
    self.rule = rule
  }

  /// The learning rate before any schedule.
  public var rate: Float {
    get { rule.rule.rate }
    set { rule.rule.rate = newValue }
  }

  /// Gradient descent.
  public static func sgd(rate: Float) -> Optimizer {
    var rule = SGD()
    rule.rate = rate
    return Optimizer(.sgd(rule))
  }

  /// The name of the rule on the command line.
  public var name: String { type(of: rule.rule).name }
}
