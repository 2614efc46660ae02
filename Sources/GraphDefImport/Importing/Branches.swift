/// That something is there only where a predicate has one of its two values.
struct BranchCondition: Hashable, Sendable {
  /// The predicate, behind nodes that only pass it on.
  var predicate: InputReference
  /// The value it has.
  var holds: Bool

  /// That it has the other value.
  var opposite: BranchCondition { BranchCondition(predicate: predicate, holds: !holds) }
}

/// In which branches of conditionals the nodes of a graph are.
///
/// A `Switch` sends its operand into one of two branches; what depends on it, by data or by order, is in that branch,
/// until a `Merge` takes what came out of the branch that ran.
struct Branches: Sendable {
  /// By node; those in no branch are not there.
  private var conditions: [Int: Set<BranchCondition>] = [:]

  static let switches: Set<String> = ["Switch", "RefSwitch"]
  static let merges: Set<String> = ["Merge", "RefMerge"]

  /// No branches.
  init() {}

  /// The branches of the graph of `index`; what is part of a loop is in none.
  init(of index: GraphIndex) {
    let nodes = index.graph.nodes
    guard nodes.contains(where: { Self.switches.contains($0.op) }) else { return }
    var dependents = [[Int]](repeating: [], count: nodes.count)
    for position in nodes.indices {
      for input in index.allInputs(of: position) {
        if let source = index.knownPosition(of: input.node) { dependents[source].append(position) }
      }
    }
    // What depends on a switch, and on how many inputs that do.
    var waiting: [Int: Int] = [:]
    var pending = nodes.indices.filter { Self.switches.contains(nodes[$0].op) }
    for position in pending { waiting[position] = 0 }
    while let position = pending.popLast() {
      for dependent in dependents[position] {
        if waiting[dependent] == nil { pending.append(dependent) }
        waiting[dependent, default: 0] += 1
      }
    }
    var ready = waiting.filter { $0.value == 0 }.map(\.key)
    while let position = ready.popLast() {
      let found = conditions(at: position, index)
      if !found.isEmpty { conditions[position] = found }
      for dependent in dependents[position] {
        waiting[dependent]! -= 1
        if waiting[dependent] == 0 { ready.append(dependent) }
      }
    }
  }

  /// The conditions under which the node at `position` runs.
  func conditions(of position: Int) -> Set<BranchCondition> { conditions[position] ?? [] }

  private func conditions(at position: Int, _ index: GraphIndex) -> Set<BranchCondition> {
    guard Self.merges.contains(index.graph.nodes[position].op) else {
      return index.allInputs(of: position).reduce(into: []) { $0.formUnion(conditions(of: $1, index)) }
    }
    // Where branches meet, what both of them are in is left, also of what comes before by order.
    let operands = index.operands(of: position).map { conditions(of: $0, index) }
    let common = operands.dropFirst().reduce(operands.first ?? []) { $0.intersection($1) }
    let ended = Set(operands.flatMap { $0.subtracting(common) }.map(\.predicate))
    let controls = index.allInputs(of: position).filter(\.isControl).flatMap { conditions(of: $0, index) }
    return common.union(controls.filter { !ended.contains($0.predicate) })
  }

  /// The conditions under which the tensor `reference` is there.
  private func conditions(of reference: InputReference, _ index: GraphIndex) -> Set<BranchCondition> {
    guard let position = index.knownPosition(of: reference.node) else { return [] }
    var found = conditions(of: position)
    if !reference.isControl, Self.switches.contains(index.graph.nodes[position].op),
      let predicate = index.operands(of: position).dropFirst().first.flatMap({ index.behindIdentities($0) })
    {
      found.insert(BranchCondition(predicate: predicate, holds: reference.output == 1))
    }
    return found
  }

  /// What a `Merge` chooses by, and which of its operands are there where that holds and where it does not.
  struct Choice {
    var predicate: InputReference
    var whenTrue: Int
    var whenFalse: Int
  }

  /// How the `Merge` at `position` chooses, or `nil` if its operands are not the two branches of one conditional.
  func choice(at position: Int, _ index: GraphIndex) -> Choice? {
    let operands = index.operands(of: position)
    guard operands.count == 2 else { return nil }
    let (first, second) = (conditions(of: operands[0], index), conditions(of: operands[1], index))
    let candidates = first.union(second).sorted { $0.predicate.description < $1.predicate.description }
    // One branch may pass on what is there anyway.
    let condition =
      candidates.first { first.contains($0) && second.contains($0.opposite) }
      ?? candidates.first { first.contains($0) != second.contains($0) }
    guard let condition else { return nil }
    let holds = first.contains(condition) == condition.holds
    return Choice(predicate: condition.predicate, whenTrue: holds ? 0 : 1, whenFalse: holds ? 1 : 0)
  }
}

extension GraphIndex {
  /// Whether the truth value `tensor` holds, if that follows from constants and defaults that are not fed.
  func constantTruth(_ tensor: InputReference, cutting cuts: Set<Int>) -> Bool? {
    var (tensor, isNegated) = (tensor, false)
    for _ in graph.nodes.indices {
      guard let position = knownPosition(of: tensor.node), !cuts.contains(position) else { return nil }
      let node = graph.nodes[position]
      switch node.op {
      case "Const":
        guard let proto = node.attributes["value"]?.tensor, (try? proto.elementCount()) == 1,
          case .bool(let value)? = try? proto.uniformValue()
        else { return nil }
        return value != isNegated
      case "LogicalNot": isNegated.toggle()
      case "Identity", "PlaceholderWithDefault", "StopGradient", "Snapshot", "Switch": break
      default: return nil
      }
      guard let operand = operands(of: position).first else { return nil }
      tensor = operand
    }
    return nil
  }
}
