import Graph

extension GraphImport {
  /// The outputs of the `Merge` at `position`: what comes out of the branch that runs, and its number.
  ///
  /// Both branches are computed and the predicate chooses, unless the graph alone tells which one runs.
  func merged(at position: Int) throws -> [ImportedTensor] {
    guard let choice = index.branches.choice(at: position, index) else {
      throw ImportError.Reason.other("which of its operands it takes is not known; expected the two of a conditional")
    }
    let operands = index.operands(of: position)
    func number(_ value: Int) -> ImportedTensor { .integers(KnownIntegers(.int32, shape: [], [Extent(value)])) }
    if let truth = knownTruth(choice.predicate) {
      let taken = truth ? choice.whenTrue : choice.whenFalse
      return [try tensor(operands[taken]), number(taken)]
    }
    let (a, b) = (try tensor(operands[choice.whenTrue]), try tensor(operands[choice.whenFalse]))
    switch (a, b) {
    // A value that only one branch has is read only where that branch runs.
    case (.nothing, _): return [b, .nothing]
    case (_, .nothing): return [a, .nothing]
    case (.variable(let first), .variable(let second)) where first == second: return [a, .nothing]
    case (.integers(let first), .integers(let second)) where first == second: return [a, .nothing]
    default: break
    }
    let reader = NodeReader(node: index.graph.nodes[position], operands: [a, b], context: context)
    let predicate = try truthValue(choice.predicate)
    let values = try reader.matchingBatch([reader.operand(0), reader.operand(1)])
    guard values[0].type == values[1].type else {
      throw ImportError.Reason.other("one branch gives \(values[0].type), the other \(values[1].type)")
    }
    return [
      .value(try predicate.selecting(values[0], values[1])),
      .value(
        try predicate.selecting(
          number(choice.whenTrue).value(in: context), number(choice.whenFalse).value(in: context))),
    ]
  }

  /// The predicates that must hold, or must not, for the node at `position` to run; `nil` if it never does.
  func conditions(at position: Int) throws -> [NodeReader.Condition]? {
    var found: [NodeReader.Condition] = []
    for condition in index.sortedConditions(at: position) {
      if let truth = knownTruth(condition.predicate) {
        if truth != condition.holds { return nil }
      } else {
        found.append(NodeReader.Condition(predicate: try truthValue(condition.predicate), holds: condition.holds))
      }
    }
    return found
  }

  /// The truth values that hold where the node at `position` runs, as far as they are computed before it: what is in a
  /// branch by its order alone, as constants are, may come first.
  func truthValues(at position: Int) throws -> [Value] {
    try index.sortedConditions(at: position).compactMap { condition in
      guard knownTruth(condition.predicate) == nil, let value = try? truthValue(condition.predicate) else { return nil }
      return condition.holds ? value : try value.logicalNot()
    }
  }

  /// The truth value that `reference` holds, if that is known from the graph.
  private func knownTruth(_ reference: InputReference) -> Bool? {
    index.constantTruth(reference, cutting: cuts) ?? (try? tensor(reference))?.truth
  }

  private func truthValue(_ reference: InputReference) throws -> Value {
    guard case .value(let value) = try tensor(reference), value.dtype == .bool, value.shape.count == 1 else {
      throw ImportError.Reason.other("the predicate '\(reference)' is not a single truth value")
    }
    return try value.reshaped(to: [])
  }
}

extension ImportedTensor {
  /// The known integers as a value.
  fileprivate func value(in context: ImportContext) throws -> Value {
    try NodeReader(node: NodeDef("", op: "Const"), operands: [self], context: context).operand(0)
  }
}

extension GraphIndex {
  /// The conditions under which the node at `position` runs, in a fixed order.
  func sortedConditions(at position: Int) -> [BranchCondition] {
    branches.conditions(of: position).sorted { $0.predicate.description < $1.predicate.description }
  }

  /// The data that the node at `position` needs, and the predicates that it depends on by being in a branch.
  func neededInputs(of position: Int, cutting cuts: Set<Int>) -> [InputReference] {
    let operands = operands(of: position)
    if Branches.merges.contains(graph.nodes[position].op), let choice = branches.choice(at: position, self) {
      if let truth = constantTruth(choice.predicate, cutting: cuts) {
        return [operands[truth ? choice.whenTrue : choice.whenFalse]]
      }
      return operands + [choice.predicate]
    }
    guard Self.assignments.contains(graph.nodes[position].op) else { return operands }
    return operands
      + sortedConditions(at: position).map(\.predicate).filter { constantTruth($0, cutting: cuts) == nil }
  }
}
