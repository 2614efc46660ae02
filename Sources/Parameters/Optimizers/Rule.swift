/// Every update rule there is.
public enum Rule: Hashable, Sendable {
  case sgd(SGD)
  case momentum(Momentum)
  case adagrad(Adagrad)

  /// The default rules, one of each kind.
  public static let all: [Rule] = [.sgd(SGD()), .momentum(Momentum()), .adagrad(Adagrad())]

  /// The rule itself.
  public var rule: any UpdateRule {
    get {
      switch self {
      case .sgd(let rule): rule
      case .momentum(let rule): rule
      case .adagrad(let rule): rule
      }
    }
    set { self = Rule(newValue) }
  }

  private init(_ rule: any UpdateRule) {
    switch rule {
    case let rule as SGD: self = .sgd(rule)
    case let rule as Momentum: self = .momentum(rule)
    case let rule as Adagrad: self = .adagrad(rule)
    default: preconditionFailure("\(rule) is not in the list of rules")
    }
  }
}
