/// What the node `train_step` of an exported graph does: which rule trains which parameter, and with what.
public struct TrainStep: Hashable, Sendable {
  /// The node's name, by the convention of exported graphs.
  public static let name = "train_step"

  /// A rule that turns a gradient into an update, as TensorFlow has it.
  public enum Rule: String, Hashable, Sendable, CaseIterable {
    case gradientDescent = "gradient descent"
    case momentum = "momentum"
    case adagrad = "Adagrad"
    case adam = "Adam"
    case ftrl = "FTRL"
    case rmsProp = "RMSProp"
    case centeredRMSProp = "centered RMSProp"
  }

  /// A number that a rule takes.
  public enum Hyperparameter: String, Hashable, Sendable, CaseIterable {
    case rate = "learning rate"
    case momentum, decay, beta1, beta2, epsilon, l1, l2
    case power = "learning rate power"
    case shrinkage = "l2 shrinkage"
  }

  /// A variable of a parameter's shape in which a rule keeps its state.
  public enum Slot: String, Hashable, Sendable, CaseIterable {
    case accumulator, linear, momentum, m, v, rms, mean
  }

  /// Where a hyper-parameter comes from.
  public struct Source: Hashable, Sendable {
    /// The tensor.
    public var tensor: InputReference
    /// The variables it is computed from, in alphabetical order: counters, and others that no step changes.
    public var variables: [String]
    /// Why it is not known before a step, if it is not.
    public var obstacle: Obstacle?

    /// The hyper-parameter that `tensor` is.
    package init(_ tensor: InputReference, variables: [String] = [], obstacle: Obstacle? = nil) {
      self.tensor = tensor
      self.variables = variables
      self.obstacle = obstacle
    }
  }

  /// Something that makes a hyper-parameter depend on more than constants and counters.
  public enum Obstacle: Hashable, Sendable, CustomStringConvertible {
    /// It is computed from what this placeholder is fed with.
    case placeholder(String)
    /// It is computed from this parameter.
    case parameter(String)
    /// It is computed from this variable, which steps change in another way than by counting.
    case changingVariable(String)

    public var description: String {
      switch self {
      case .placeholder(let name): "the placeholder '\(name)'"
      case .parameter(let name): "the parameter '\(name)'"
      case .changingVariable(let name): "the variable '\(name)', which train_step changes"
      }
    }
  }

  /// The update of one parameter.
  public struct Update: Hashable, Sendable {
    /// The parameter.
    public var variable: String
    /// The node that changes it.
    public var node: String
    /// The rule.
    public var rule: Rule
    /// The rule's hyper-parameters; those that the node does not have are not there.
    public var hyperparameters: [Hyperparameter: Source] = [:]
    /// The variables in which the rule keeps its state.
    public var slots: [Slot: String] = [:]
    /// Whether the gradient counts ahead of the momentum.
    public var usesNesterov = false
    /// Whether the gradient is rows of a table, so that other rows change only if the rule changes all.
    public var isSparse = false
    /// The tensor that the rule takes as the gradient.
    public var gradient: InputReference
    /// Whether it is not known how that is computed from gradients of the loss; if it is, as where gradients are clipped,
    /// programs for training compute it alike.
    public var appliesOtherGradient = false
  }

  /// A variable that counts steps.
  public struct Counter: Hashable, Sendable {
    /// The variable, usually `global_step`.
    public var variable: String
    /// What each step adds to it.
    public var increment: Double

    /// A counter to which each step adds `increment`.
    package init(_ variable: String, increment: Double) {
      self.variable = variable
      self.increment = increment
    }
  }

  /// The updates of parameters, in the order of the configuration.
  public var updates: [Update] = []
  /// The variables that count steps, in alphabetical order.
  public var counters: [Counter] = []
  /// Other variables that steps compute from parameters or data, such as moving averages, in alphabetical order.
  public var averages: [String] = []
  /// Parameters that are changed in ways that are not known.
  public var problems: [TrainStepProblem] = []

  /// The update of the parameter `name`.
  public func update(of name: String) -> Update? { updates.first { $0.variable == name } }
}

/// Why the way in which `train_step` changes a parameter is not known.
public struct TrainStepProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The operation is not one of those that are known.
    case unknownOperation
    /// The operation is known, but what it assigns is not a known rule.
    case unknownRule
    /// The operation has an attribute with a value that is not supported.
    case attribute(String, found: String, expected: String)
    /// The operation lacks operands.
    case operandCount(expected: Int, found: Int)
    /// A slot is not a variable.
    case slot(String)
    /// More than one node changes the parameter.
    case severalNodes([String])
  }

  /// The parameter.
  public var variable: String
  /// The node that changes it.
  public var node: String
  /// The node's operation.
  public var op: String
  /// What is wrong.
  public var reason: Reason

  public var description: String {
    let known = TrainStep.Rule.allCases.map(\.rawValue).joined(separator: ", ")
    let text =
      switch reason {
      case .unknownOperation: "the rule is not supported; supported are \(known)"
      case .unknownRule:
        "what is assigned is not recognised as a rule; supported are \(known), "
          + "and the product of a gradient and a learning rate"
      case .attribute(let name, let found, let expected):
        "the attribute '\(name)' is \(found), supported is \(expected)"
      case .operandCount(let expected, let found): "it has \(found) operands, expected \(expected)"
      case .slot(let operand): "its operand '\(operand)' is not a variable"
      case .severalNodes(let nodes):
        "\(nodes.count) nodes change the parameter in one step: \(nodes.joined(separator: ", "))"
      }
    return "parameter '\(variable)', trained by node '\(node)' (\(op)): \(text)"
  }
}
