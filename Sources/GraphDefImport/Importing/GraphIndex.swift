/// A graph's nodes by name, and the order in which the needed ones are imported.
struct GraphIndex: Sendable {
  let graph: GraphDef
  private let positions: [String: Int]
  /// The parsed inputs of each node.
  private let inputs: [[InputReference]]
  /// Whether a node changes a variable, or depends on one that does.
  private let hasEffects: [Bool]
  /// In which branches of conditionals nodes are.
  private(set) var branches = Branches()

  /// Operations that change a variable.
  static let assignments: Set<String> = [
    "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
  ]

  init(_ graph: GraphDef) throws(GraphImportError) {
    self.graph = graph
    var positions: [String: Int] = [:]
    positions.reserveCapacity(graph.nodes.count)
    for (position, node) in graph.nodes.enumerated() {
      guard positions.updateValue(position, forKey: node.name) == nil else { throw .duplicateNode(node.name) }
    }
    self.positions = positions
    inputs = graph.nodes.map { node in node.inputs.map { InputReference(parsing: $0) ?? InputReference($0) } }
    hasEffects = Self.findEffects(graph, inputs, positions)
    branches = Branches(of: self)
  }

  /// The position of the node `name`.
  func position(of name: String, neededBy: String? = nil) throws(GraphImportError) -> Int {
    if let position = positions[name] { return position }
    let wanted = name.lowercased()
    let similar = graph.nodes.lazy.map(\.name).filter {
      let candidate = $0.lowercased()
      return candidate == wanted || candidate.hasSuffix("/" + wanted) || candidate.hasPrefix(wanted + "/")
    }
    throw .unknownNode(name, neededBy: neededBy, similar: Array(similar.prefix(3)))
  }

  /// The node `name`, if there is one.
  func node(_ name: String) -> NodeDef? { positions[name].map { graph.nodes[$0] } }

  /// The data inputs of the node at `position`.
  func operands(of position: Int) -> [InputReference] { inputs[position].filter { !$0.isControl } }

  /// All inputs of the node at `position`.
  func allInputs(of position: Int) -> [InputReference] { inputs[position] }

  /// The nodes that `roots` need, each behind those it needs; nodes in `cuts` are not entered.
  ///
  /// Control inputs count only where they lead to an assignment: assertions and groups have no effect of ours. Of two
  /// nodes neither of which needs the other, one that reads a variable comes before one that changes it.
  func order(
    from roots: [Int], cutting cuts: Set<Int>, ignoringControls: Bool = false
  ) throws(GraphImportError) -> [Int] {
    var dependencies: [Int: [Int]] = [:]
    var pending = roots
    while let position = pending.popLast() {
      guard dependencies[position] == nil else { continue }
      var needed = cuts.contains(position) ? [] : try dependencyPositions(of: position, cuts)
      if !ignoringControls, !cuts.contains(position) { needed += try assignmentPositions(before: position) }
      dependencies[position] = needed
      pending += needed
    }
    return try sort(dependencies)
  }

  private func dependencyPositions(of position: Int, _ cuts: Set<Int>) throws(GraphImportError) -> [Int] {
    var needed: [Int] = []
    for input in neededInputs(of: position, cutting: cuts) {
      needed.append(try self.position(of: input.node, neededBy: graph.nodes[position].name))
    }
    return needed
  }

  /// The assignments that must come before the node at `position`.
  private func assignmentPositions(before position: Int) throws(GraphImportError) -> [Int] {
    var needed: [Int] = []
    for input in inputs[position] where input.isControl {
      let source = try self.position(of: input.node, neededBy: graph.nodes[position].name)
      if hasEffects[source] { needed += try assignments(above: source) }
    }
    return needed
  }

  /// The assignments nearest to `position` among it and what it depends on.
  private func assignments(above position: Int) throws(GraphImportError) -> [Int] {
    var found: [Int] = []
    var seen: Set<Int> = []
    var pending = [position]
    while let next = pending.popLast() {
      guard hasEffects[next], seen.insert(next).inserted else { continue }
      if Self.assignments.contains(graph.nodes[next].op) {
        found.append(next)
        continue
      }
      for input in inputs[next] {
        pending.append(try self.position(of: input.node, neededBy: graph.nodes[next].name))
      }
    }
    return found.sorted()
  }

  private func sort(_ dependencies: [Int: [Int]]) throws(GraphImportError) -> [Int] {
    let nodes = dependencies.keys.sorted()
    var waiting: [Int: Int] = [:]
    var dependents: [Int: [Int]] = [:]
    for node in nodes {
      let needed = Set(dependencies[node]!)
      waiting[node] = needed.count
      for dependency in needed.sorted() { dependents[dependency, default: []].append(node) }
    }
    var pure = nodes.filter { waiting[$0] == 0 }
    var assigning: [Int] = []
    var (nextPure, nextAssigning) = (0, 0)
    var order: [Int] = []
    while nextPure < pure.count || nextAssigning < assigning.count {
      let node: Int
      if nextPure < pure.count {
        node = pure[nextPure]
        nextPure += 1
      } else {
        node = assigning[nextAssigning]
        nextAssigning += 1
      }
      order.append(node)
      for dependent in dependents[node] ?? [] {
        waiting[dependent]! -= 1
        guard waiting[dependent] == 0 else { continue }
        if Self.assignments.contains(graph.nodes[dependent].op) {
          assigning.append(dependent)
        } else {
          pure.append(dependent)
        }
      }
    }
    guard order.count == nodes.count else {
      let sorted = Set(order)
      throw .nodes(
        nodes.filter { !sorted.contains($0) }.map {
          ImportError(node: graph.nodes[$0].name, op: graph.nodes[$0].op, reason: .cycle)
        })
    }
    return order
  }

  /// One pass from the assignments down to all that depend on them.
  private static func findEffects(
    _ graph: GraphDef, _ inputs: [[InputReference]], _ positions: [String: Int]
  ) -> [Bool] {
    var dependents = [[Int]](repeating: [], count: graph.nodes.count)
    for (position, references) in inputs.enumerated() {
      for reference in references {
        if let source = positions[reference.node] { dependents[source].append(position) }
      }
    }
    var hasEffects = [Bool](repeating: false, count: graph.nodes.count)
    var pending = graph.nodes.indices.filter { assignments.contains(graph.nodes[$0].op) }
    while let next = pending.popLast() {
      guard !hasEffects[next] else { continue }
      hasEffects[next] = true
      pending += dependents[next]
    }
    return hasEffects
  }
}
