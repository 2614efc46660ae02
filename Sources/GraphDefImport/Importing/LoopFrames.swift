/// Writes the loops of TensorFlow 1 as TensorFlow 2 does: as `While` nodes with functions.
///
/// A loop is a frame that values come into through `Enter` nodes. Each loop variable goes round in a cycle:
///
///     Enter ──► Merge ──► Switch ──► body … NextIteration ──► Merge
///                 │          └─────► Exit
///                 └──► condition … LoopCond ──► Switch
///
/// The `LoopCond` becomes the `While`, each `Exit` an `Identity` of one of its outputs. What is no such loop is left as
/// it is.
struct LoopFrames {
  /// A value that goes round.
  private struct Variable {
    var enter: Int
    var next: InputReference
  }

  private struct Frame {
    var variables: [Variable] = []
    var condition: Int?
  }

  private var graph: GraphDef
  private var positions: [String: Int] = [:]
  private var frames: [String: Frame] = [:]
  /// The frame and the number of the variable that a `Merge` is of.
  private var merges: [Int: (frame: String, variable: Int)] = [:]
  /// The frame whose condition a `LoopCond` is.
  private var conditions: [Int: String] = [:]
  /// The frames that are still to be rewritten.
  private var waiting: Set<String> = []

  private static let enters: Set<String> = ["Enter", "RefEnter"]
  private static let switches: Set<String> = ["Switch", "RefSwitch"]
  private static let exits: Set<String> = ["Exit", "RefExit"]
  private static let iterations: Set<String> = ["NextIteration", "RefNextIteration"]

  /// `graph` with its loops as `While` nodes.
  static func rewriting(_ graph: GraphDef) -> GraphDef {
    guard graph.nodes.contains(where: { enters.contains($0.op) }) else { return graph }
    var frames = LoopFrames(graph)
    frames.rewriteLoops()
    return frames.graph
  }

  private init(_ graph: GraphDef) {
    self.graph = graph
    for (position, node) in graph.nodes.enumerated() { positions[node.name] = position }
    for (position, node) in graph.nodes.enumerated() where Branches.merges.contains(node.op) {
      let sources = operands(of: position)
      guard sources.count == 2,
        let enter = sources.first(where: { Self.enters.contains(self.node($0)?.op ?? "") }),
        let next = sources.first(where: { Self.iterations.contains(self.node($0)?.op ?? "") }),
        let start = positions[enter.node], let end = positions[next.node], let value = operands(of: end).first,
        let frame = self.graph.nodes[start].attributes["frame_name"]?.text
      else { continue }
      merges[position] = (frame, frames[frame, default: Frame()].variables.count)
      frames[frame, default: Frame()].variables.append(Variable(enter: start, next: value))
    }
    for (position, node) in graph.nodes.enumerated() where Self.switches.contains(node.op) {
      let sources = operands(of: position)
      guard sources.count == 2, let merge = positions[sources[0].node].flatMap({ merges[$0] }),
        let condition = positions[sources[1].node], self.graph.nodes[condition].op == "LoopCond"
      else { continue }
      frames[merge.frame]!.condition = condition
      conditions[condition] = merge.frame
    }
    waiting = Set(frames.keys)
  }

  private func operands(of position: Int) -> [InputReference] {
    graph.nodes[position].inputs.compactMap { InputReference(parsing: $0) }.filter { !$0.isControl }
  }

  private func node(_ reference: InputReference) -> NodeDef? { positions[reference.node].map { graph.nodes[$0] } }

  /// The variable that a `Switch` of a loop, or what `reference` of it, is of.
  private func variable(switchedBy reference: InputReference) -> (frame: String, variable: Int)? {
    guard let position = positions[reference.node], Self.switches.contains(graph.nodes[position].op),
      let merge = operands(of: position).first.flatMap({ positions[$0.node] }).flatMap({ merges[$0] }),
      frames[merge.frame]?.condition != nil
    else { return nil }
    return merge
  }

  private mutating func rewriteLoops() {
    for (position, node) in graph.nodes.enumerated() where Self.exits.contains(node.op) {
      guard let source = operands(of: position).first, let (frame, variable) = variable(switchedBy: source),
        let condition = frames[frame]?.condition
      else { continue }
      let output = InputReference(graph.nodes[condition].name, output: variable)
      graph.nodes[position] = NodeDef(node.name, op: "Identity", inputs: [output.description])
    }
    for name in frames.keys.sorted() { rewriteLoop(name) }
  }

  /// Puts a `While` in the place of the `LoopCond` of the frame `name`, unless that has happened.
  private mutating func rewriteLoop(_ name: String) {
    guard let frame = frames[name], let condition = frame.condition, waiting.remove(name) != nil,
      let predicate = operands(of: condition).first
    else { return }
    let loop = graph.nodes[condition].name
    var body = LoopBody(loop: loop, frame: name, variableCount: frame.variables.count)
    let results = frame.variables.map { collect($0.next, into: &body) }
    let holds = collect(predicate, into: &body)
    let functions = ["cond", "body"].map { "\(loop) \($0)" }
    graph.functions.append(body.function(functions[0], results: [holds]))
    graph.functions.append(body.function(functions[1], results: results + body.invariantNames))
    let enters = frame.variables.map(\.enter) + body.invariants
    graph.nodes[condition] = NodeDef(
      loop, op: "While", inputs: enters.compactMap { operands(of: $0).first?.description },
      attributes: [
        "cond": .function(FunctionReference(functions[0])), "body": .function(FunctionReference(functions[1])),
      ])
  }

  /// Adds what `reference` is computed from in a round to `body`, and returns what it is called there.
  private mutating func collect(_ reference: InputReference, into body: inout LoopBody) -> String {
    var pending = [reference]
    while let next = pending.popLast() {
      guard outerName(of: next, in: &body) == nil, let position = positions[next.node],
        body.names.insert(next.node).inserted
      else { continue }
      // A loop within this one is a node of its body.
      if let inner = conditions[position] { rewriteLoop(inner) }
      var node = graph.nodes[position]
      let sources = operands(of: position)
      node.inputs = sources.map { outerName(of: $0, in: &body) ?? $0.description }
      body.nodes.append(node)
      pending += sources
    }
    return outerName(of: reference, in: &body) ?? reference.description
  }

  /// What a value that a round does not compute is called in the loop's functions; `nil` if it does.
  private func outerName(of reference: InputReference, in body: inout LoopBody) -> String? {
    guard let position = positions[reference.node] else { return nil }
    if let merge = merges[position], merge.frame == body.frame { return body.argument(merge.variable) }
    if let variable = variable(switchedBy: reference), variable.frame == body.frame {
      return body.argument(variable.variable)
    }
    let node = graph.nodes[position]
    guard Self.enters.contains(node.op), node.attributes["frame_name"]?.text == body.frame else { return nil }
    return body.invariant(position)
  }
}

/// What the functions of a loop consist of.
private struct LoopBody {
  let frame: String
  var nodes: [NodeDef] = []
  /// The names of the nodes.
  var names: Set<String> = []
  /// The `Enter` nodes of values that stay the same in all rounds.
  private(set) var invariants: [Int] = []
  private let loop: String
  private let variableCount: Int

  init(loop: String, frame: String, variableCount: Int) {
    self.loop = loop
    self.frame = frame
    self.variableCount = variableCount
  }

  func argument(_ number: Int) -> String { "\(loop)/argument_\(number)" }

  mutating func invariant(_ enter: Int) -> String {
    let number = invariants.firstIndex(of: enter) ?? invariants.count
    if number == invariants.count { invariants.append(enter) }
    return argument(variableCount + number)
  }

  var invariantNames: [String] { invariants.indices.map { argument(variableCount + $0) } }

  /// The function of all arguments that gives `results`.
  func function(_ name: String, results: [String]) -> FunctionDef {
    let outputs = results.indices.map { FunctionDef.Argument("result_\($0)", .invalid) }
    return FunctionDef(
      name, inputs: (0..<variableCount + invariants.count).map { FunctionDef.Argument(argument($0), .invalid) },
      outputs: outputs, nodes: nodes, returns: Dictionary(uniqueKeysWithValues: zip(outputs.map(\.name), results)))
  }
}
