/// Rules that graphs spell out with assignments.
extension TrainStepReader {
  /// The update that `node` makes by assigning, adding or subtracting, if it is a known one.
  func recognised(_ variable: String, _ node: NodeDef, _ operands: [InputReference]) -> TrainStep.Update? {
    switch (node.op, operands.count) {
    case ("ScatterSub", 3), ("ResourceScatterSub", 3):
      return descent(variable, node, along: operands[2], isNegated: false, isSparse: true)
    case ("ScatterAdd", 3), ("ResourceScatterAdd", 3):
      return descent(variable, node, along: operands[2], isNegated: true, isSparse: true)
    case ("AssignSub", 2), ("AssignSubVariableOp", 2):
      return adamOfRows(variable, node, step: operands[1])
        ?? descent(variable, node, along: operands[1], isNegated: false)
    case ("AssignAdd", 2), ("AssignAddVariableOp", 2):
      return descent(variable, node, along: operands[1], isNegated: true)
    case ("Assign", 2), ("AssignVariableOp", 2):
      if let (old, step) = pair(operands[1], ["Sub"]), index.variable(readBy: old) == variable {
        return descent(variable, node, along: step, isNegated: false)
      }
      if let (a, b) = pair(operands[1], ["Add", "AddV2"]) {
        if index.variable(readBy: a) == variable { return descent(variable, node, along: b, isNegated: true) }
        if index.variable(readBy: b) == variable { return descent(variable, node, along: a, isNegated: true) }
      }
      return nil
    default: return nil
    }
  }

  /// Gradient descent whose step is the product of gradient and rate, negated if it is added.
  private func descent(
    _ variable: String, _ node: NodeDef, along step: InputReference, isNegated: Bool, isSparse: Bool = false
  ) -> TrainStep.Update? {
    var negations = 0
    let product = strippingNegation(step, &negations)
    guard let (a, b) = pair(product, ["Mul"]) else { return nil }
    let candidates = [(gradient: a, rate: source(of: b)), (gradient: b, rate: source(of: a))]
    // The rate is the factor that does not depend on data, or at least a single number that is fed.
    guard
      let found = candidates.first(where: { $0.rate.obstacle == nil })
        ?? candidates.first(where: { isFedNumber($0.rate.tensor) })
    else { return nil }
    let gradient = strippingNegation(found.gradient, &negations)
    guard (negations % 2 == 1) == isNegated else { return nil }
    return TrainStep.Update(
      variable: variable, node: node.name, rule: .gradientDescent, hyperparameters: [.rate: found.rate],
      isSparse: isSparse, gradient: gradient)
  }

  private func isFedNumber(_ tensor: InputReference) -> Bool {
    guard let position = index.resolved(tensor) else { return false }
    let node = index.graph.nodes[position]
    return GraphImport.isPlaceholder(node) && node.attributes["shape"]?.shape?.knownDimensions == []
  }

  private func strippingNegation(_ tensor: InputReference, _ count: inout Int) -> InputReference {
    guard let position = index.resolved(tensor), index.graph.nodes[position].op == "Neg",
      let operand = index.operands(of: position).first
    else { return tensor }
    count += 1
    return operand
  }

  /// What TensorFlow 1's `AdamOptimizer` makes for a gradient of rows:
  /// `var -= rate · √(1 - beta2ᵗ) / (1 - beta1ᵗ) · m / (√v + epsilon)`, where all of `m` and `v` decayed before the
  /// rows were added.
  private func adamOfRows(_ variable: String, _ node: NodeDef, step: InputReference) -> TrainStep.Update? {
    guard let (numerator, denominator) = pair(step, ["RealDiv"]),
      let (rate, m) = pair(numerator, ["Mul"]),
      let (root, epsilon) = pair(denominator, ["Add", "AddV2"]),
      let v = single(root, "Sqrt"),
      let (corrected, correction1) = pair(rate, ["RealDiv"]),
      let (base, correction2) = pair(corrected, ["Mul"]),
      let rest2 = single(correction2, "Sqrt"), remainder(rest2) != nil, remainder(correction1) != nil,
      let mean = moment(m), let meanSquare = moment(v)
    else { return nil }
    return TrainStep.Update(
      variable: variable, node: node.name, rule: .adam,
      hyperparameters: [
        .rate: source(of: base), .beta1: source(of: mean.beta), .beta2: source(of: meanSquare.beta),
        .epsilon: source(of: epsilon),
      ],
      slots: [.m: mean.slot, .v: meanSquare.slot], isSparse: true, gradient: mean.gradient)
  }

  /// The slot that `tensor` is the new value of, where a step first multiplies it by `beta` and then adds
  /// `gradient · (1 - beta)` at some rows.
  private func moment(_ tensor: InputReference) -> (slot: String, beta: InputReference, gradient: InputReference)? {
    guard let slot = index.variable(readBy: tensor), let positions = changes[slot], positions.count == 2,
      let assignment = positions.first(where: { isOperation($0, ["Assign", "AssignVariableOp"]) }),
      let scatter = positions.first(where: { isOperation($0, ["ScatterAdd", "ResourceScatterAdd"]) }),
      let (old, beta) = index.operands(of: assignment).last.flatMap({ pair($0, ["Mul"]) }),
      index.variable(readBy: old) == slot,
      let (gradient, rest) = index.operands(of: scatter).last.flatMap({ pair($0, ["Mul"]) }),
      let same = remainder(rest), same.node == beta.node, same.output == beta.output
    else { return nil }
    return (slot, beta, gradient)
  }

  private func isOperation(_ position: Int, _ operations: Set<String>) -> Bool {
    operations.contains(index.graph.nodes[position].op)
  }

  /// `x` where `tensor` is `1 - x`.
  private func remainder(_ tensor: InputReference) -> InputReference? {
    guard let (one, x) = pair(tensor, ["Sub"]), index.scalarConstant(one) == 1 else { return nil }
    return x
  }

  /// The two operands of the node that makes `tensor` by one of `operations`.
  private func pair(_ tensor: InputReference, _ operations: Set<String>) -> (InputReference, InputReference)? {
    guard let position = index.resolved(tensor), isOperation(position, operations) else { return nil }
    let operands = index.operands(of: position)
    return operands.count == 2 ? (operands[0], operands[1]) : nil
  }

  /// The operand of the node that makes `tensor` by `operation`.
  private func single(_ tensor: InputReference, _ operation: String) -> InputReference? {
    guard let position = index.resolved(tensor), index.graph.nodes[position].op == operation else { return nil }
    return index.operands(of: position).first
  }
}
