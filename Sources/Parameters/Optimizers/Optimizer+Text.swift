/// Why a text names no optimizer.
public enum OptimizerError: Error, Hashable, Sendable {
  /// A rule that does not exist.
  case unknownRule(String)
  /// A hyper-parameter that the rule does not have.
  case unknownKey(String, optimizer: String, known: [String])
  /// A part of the text that is not `key=value`.
  case notAPair(String)
  /// A hyper-parameter that is given twice.
  case repeatedKey(String)
  /// A value that is not a number.
  case notANumber(key: String, text: String)
  /// A value that the hyper-parameter cannot have.
  case outOfRange(key: String, value: Float, allowed: HyperparameterRange)
  /// Limits between which there is no weight.
  case emptyBounds(lower: Float, upper: Float)
  /// A rule that divides a gradient of zero by zero before there was another one.
  case noDivisor(optimizer: String)
}

extension OptimizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownRule(let name):
      "no optimizer is called '\(name)'; there are \(Rule.Kind.allCases.map(\.name).joined(separator: ", "))"
    case .unknownKey(let key, let optimizer, let known):
      "the optimizer \(optimizer) has no '\(key)'; it has \(known.joined(separator: ", "))"
    case .notAPair(let text): "'\(text)' is not key=value; write an optimizer like adagrad:rate=0.05,initial=0.1"
    case .repeatedKey(let key): "'\(key)' is given twice"
    case .notANumber(let key, let text): "\(key)=\(text): '\(text)' is not a number"
    case .outOfRange(let key, let value, let allowed): "\(key)=\(value): it must be \(allowed)"
    case .emptyBounds(let lower, let upper): "min=\(lower) is above max=\(upper)"
    case .noDivisor(let name):
      "\(name) would divide a gradient of zero by zero; epsilon\(name == Adagrad.name ? " or initial" : "") must be at least "
        + "\(Float.leastNormalMagnitude)"
    }
  }
}

extension Optimizer: CustomStringConvertible {
  /// Reads `NAME[:key=value,…]`, such as `adagrad:rate=0.05`.
  public init(_ text: String) throws(OptimizerError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let kind = Rule.Kind.allCases.first(where: { $0.name == name }) else { throw .unknownRule(name) }
    try self.init(kind, parts.count == 1 ? [] : Self.pairs(parts[1], of: kind))
  }

  /// This optimizer with other values of the hyper-parameters that `text` names: `key=value,…`.
  public func with(_ text: String) throws(OptimizerError) -> Optimizer {
    let changes = try Self.pairs(text[...], of: rule.kind)
    let others = hyperparameters.filter { own in !changes.contains { $0.0 == own.hyperparameter } }
    let changed = try Optimizer(kept: rule.kind, others.map { ($0.hyperparameter, $0.value) } + changes)
    try changed.checkChange(from: self)
    return changed
  }

  private static func pairs(
    _ text: Substring, of kind: Rule.Kind
  ) throws(OptimizerError) -> [(Hyperparameter, Float)] {
    var hyperparameters: [(Hyperparameter, Float)] = []
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, !sides[0].isEmpty else { throw .notAPair(String(pair)) }
      guard let hyperparameter = Hyperparameter.allCases.first(where: { $0.key == sides[0] }) else {
        let known = Optimizer(Rule(kind)).fields.map(\.hyperparameter.key)
        throw .unknownKey(sides[0], optimizer: kind.name, known: known)
      }
      guard !hyperparameters.contains(where: { $0.0 == hyperparameter }) else { throw .repeatedKey(sides[0]) }
      guard let value = Float(sides[1]) else { throw .notANumber(key: sides[0], text: sides[1]) }
      hyperparameters.append((hyperparameter, value))
    }
    return hyperparameters
  }

  /// The text that ``init(_:)`` reads as this optimizer.
  public var description: String {
    name + ":" + hyperparameters.map { "\($0.hyperparameter.key)=\($0.value)" }.joined(separator: ",")
  }
}
