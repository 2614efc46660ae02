extension GraphIndex {
  /// The position of the node `name`, if there is one.
  func knownPosition(of name: String) -> Int? { try? position(of: name) }

  /// The node that makes `tensor`, behind nodes that only pass it on; `nil` if it does not exist or they form a cycle.
  func resolved(_ tensor: InputReference) -> Int? { behindIdentities(tensor).flatMap { knownPosition(of: $0.node) } }

  /// The variable that `tensor` is the value of: by itself, read by a node, or passed on by one that changes it.
  func variable(readBy tensor: InputReference) -> String? {
    var tensor = tensor
    for _ in graph.nodes.indices {
      guard let position = resolved(tensor) else { return nil }
      let node = graph.nodes[position]
      if GraphImport.isVariable(node) { return node.name }
      guard node.op == "ReadVariableOp" || UpdateOperation.changesVariable(node.op),
        let operand = operands(of: position).first
      else { return nil }
      tensor = operand
    }
    return nil
  }

  /// The number that `tensor` is, if it is a constant one.
  func scalarConstant(_ tensor: InputReference?) -> Double? {
    guard let tensor, let position = resolved(tensor), graph.nodes[position].op == "Const",
      let proto = graph.nodes[position].attributes["value"]?.tensor, (try? proto.elementCount()) == 1
    else { return nil }
    switch try? proto.uniformValue() {
    case .float(let value): return Double(value)
    case .double(let value): return value
    case .int(let value): return Double(value)
    case .bool, .string, nil: return nil
    }
  }
}
