/// The operands of TensorFlow's update operations, in order, behind the variable.
///
/// One entry stands for the operation with and without `Resource`, and for its `Sparse` form, where the rows' indices
/// follow the gradient.
struct UpdateOperation {
  enum Operand {
    case slot(TrainStep.Slot)
    case hyperparameter(TrainStep.Hyperparameter)
    case gradient
    /// A power of a beta, which the rule keeps by itself.
    case power
  }

  let rule: TrainStep.Rule
  let operands: [Operand]

  private init(_ rule: TrainStep.Rule, _ operands: [Operand]) {
    self.rule = rule
    self.operands = operands
  }

  /// By the name behind `Apply`.
  static let all: [String: UpdateOperation] = [
    "GradientDescent": UpdateOperation(.gradientDescent, [.hyperparameter(.rate), .gradient]),
    "Momentum": UpdateOperation(
      .momentum, [.slot(.momentum), .hyperparameter(.rate), .gradient, .hyperparameter(.momentum)]),
    "Adagrad": UpdateOperation(.adagrad, [.slot(.accumulator), .hyperparameter(.rate), .gradient]),
    "AdagradV2": UpdateOperation(
      .adagrad, [.slot(.accumulator), .hyperparameter(.rate), .hyperparameter(.epsilon), .gradient]),
    "Adam": UpdateOperation(
      .adam,
      [
        .slot(.m), .slot(.v), .power, .power, .hyperparameter(.rate), .hyperparameter(.beta1), .hyperparameter(.beta2),
        .hyperparameter(.epsilon), .gradient,
      ]),
    "Ftrl": UpdateOperation(
      .ftrl,
      [
        .slot(.accumulator), .slot(.linear), .gradient, .hyperparameter(.rate), .hyperparameter(.l1),
        .hyperparameter(.l2), .hyperparameter(.power),
      ]),
    "FtrlV2": UpdateOperation(
      .ftrl,
      [
        .slot(.accumulator), .slot(.linear), .gradient, .hyperparameter(.rate), .hyperparameter(.l1),
        .hyperparameter(.l2), .hyperparameter(.shrinkage), .hyperparameter(.power),
      ]),
    "RMSProp": UpdateOperation(.rmsProp, [.slot(.rms), .slot(.momentum)] + rmsPropRest),
    "CenteredRMSProp": UpdateOperation(
      .centeredRMSProp, [.slot(.mean), .slot(.rms), .slot(.momentum)] + rmsPropRest),
  ]

  private static let rmsPropRest: [Operand] = [
    .hyperparameter(.rate), .hyperparameter(.decay), .hyperparameter(.momentum), .hyperparameter(.epsilon), .gradient,
  ]

  /// The attributes of which only one value is supported.
  static let supportedFlags: [(name: String, value: Bool)] = [
    ("update_slots", true), ("multiply_linear_by_lr", false),
  ]

  /// The parts of an operation's name, or `nil` if it is not of the form `[Resource][Sparse]Apply…`.
  static func parse(_ op: String) -> (name: String, isSparse: Bool)? {
    let name = op.hasPrefix("Resource") ? op.dropFirst("Resource".count) : op[...]
    if name.hasPrefix("Apply") { return (String(name.dropFirst("Apply".count)), false) }
    if name.hasPrefix("SparseApply") { return (String(name.dropFirst("SparseApply".count)), true) }
    return nil
  }

  /// Whether nodes of the operation `op` change the variable that is their first operand.
  static func changesVariable(_ op: String) -> Bool {
    if parse(op) != nil { return true }
    let name = op.hasPrefix("Resource") ? op.dropFirst("Resource".count) : op[...]
    return name.hasPrefix("Assign") || name.hasPrefix("Scatter")
  }
}
