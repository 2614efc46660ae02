extension GraphIndex {
  /// The tensor `gradient`, or where it is a sum of rows the rows that are summed.
  func gradientValues(_ gradient: InputReference) -> InputReference? {
    guard let tensor = behindIdentities(gradient), let position = knownPosition(of: tensor.node) else { return nil }
    guard graph.nodes[position].op == "UnsortedSegmentSum", let rows = operands(of: position).first else {
      return tensor
    }
    return behindIdentities(rows)
  }

  /// Whether both tensors are computed alike from the same placeholders and variables, by the same nodes or by copies.
  func isSameComputation(_ a: InputReference, _ b: InputReference) -> Bool {
    struct Pair: Hashable {
      var a: InputReference
      var b: InputReference
    }
    var seen: Set<Pair> = []
    var pending = [Pair(a: a, b: b)]
    while let pair = pending.popLast() {
      guard let a = behindIdentities(pair.a), let b = behindIdentities(pair.b) else { return false }
      if a == b || isLoop(a) && isLoop(b) { continue }
      guard a.output == b.output else { return false }
      guard seen.insert(Pair(a: a, b: b)).inserted else { continue }
      // Copies of a graph pair each node with one other; where far more pairs appear, nothing is told apart any more.
      guard seen.count <= 4 * graph.nodes.count else { return true }
      guard let first = knownPosition(of: a.node), let second = knownPosition(of: b.node) else { return false }
      let (x, y) = (graph.nodes[first], graph.nodes[second])
      guard first != second, x.op == y.op, !GraphImport.isVariable(x), !GraphImport.isPlaceholder(x),
        Self.computesAlike(x, y)
      else { return false }
      let (left, right) = (operands(of: first), operands(of: second))
      guard left.count == right.count else { return false }
      pending += zip(left, right).map { Pair(a: $0, b: $1) }
    }
    return true
  }

  /// Whether a loop makes `tensor`: gradients of one loss, made twice, keep different things in loops.
  private func isLoop(_ tensor: InputReference) -> Bool {
    knownPosition(of: tensor.node).map { ImportedLoop.operations.contains(graph.nodes[$0].op) } ?? false
  }

  /// Whether the attributes that matter to the result are equal; others begin with an underscore.
  private static func computesAlike(_ x: NodeDef, _ y: NodeDef) -> Bool {
    let left = x.attributes.filter { !$0.name.hasPrefix("_") }
    let right = y.attributes.filter { !$0.name.hasPrefix("_") }
    return left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
  }

  /// `tensor`, or what the nodes that make it only pass on; `nil` if it does not exist or they form a cycle.
  func behindIdentities(_ tensor: InputReference) -> InputReference? {
    var tensor = tensor
    for _ in graph.nodes.indices {
      guard let position = knownPosition(of: tensor.node) else { return nil }
      let operands = operands(of: position)
      guard ["Identity", "IdentityN"].contains(graph.nodes[position].op), operands.indices.contains(tensor.output)
      else { return InputReference(tensor.node, output: tensor.output) }
      tensor = operands[tensor.output]
    }
    return nil
  }
}
