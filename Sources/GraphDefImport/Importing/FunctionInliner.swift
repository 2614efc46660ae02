/// Puts the bodies of functions in the place of the nodes that call them, so that an import sees nothing but nodes.
///
/// An `If` becomes both of its branches, between `Switch` and `Merge` nodes as TensorFlow 1 writes a conditional. A call
/// that is not understood (of a function that is not there, or that takes lists) stays a node.
struct FunctionInliner {
  private let functions: [String: FunctionDef]
  private var nodes: [NodeDef] = []

  /// Functions may call functions, and a small library can spell an enormous graph.
  private static let nodeLimit = 1 << 19
  private static let depthLimit = 32

  private init(_ functions: [FunctionDef]) {
    self.functions = Dictionary(functions.map { ($0.name, $0) }) { first, _ in first }
  }

  /// `graph` without calls.
  static func inlining(_ graph: GraphDef) throws(GraphImportError) -> GraphDef {
    guard !graph.functions.isEmpty else { return graph }
    var inliner = FunctionInliner(graph.functions)
    for node in graph.nodes { try inliner.add(node, depth: 0) }
    var result = graph
    result.nodes = inliner.nodes
    return result
  }

  private mutating func add(_ node: NodeDef, depth: Int) throws(GraphImportError) {
    guard nodes.count < Self.nodeLimit else {
      let reason = ImportError.Reason.other(
        "with the functions called, the graph has more than \(Self.nodeLimit) nodes")
      throw .nodes([ImportError(node: node.name, op: node.op, reason: reason)])
    }
    switch node.op {
    case "PartitionedCall", "StatefulPartitionedCall":
      if depth < Self.depthLimit, try addCall(node, depth) { return }
    case "If", "StatelessIf":
      if depth < Self.depthLimit, try addConditional(node, depth) { return }
    default: break
    }
    nodes.append(node)
  }

  // MARK: Calls

  /// A function and the values of the attributes that its body leaves open.
  private struct Callee {
    var function: FunctionDef
    var attributes: AttributeMap
  }

  private func callee(_ node: NodeDef, _ attribute: String, operands: Int) -> Callee? {
    guard let reference = node.attributes[attribute]?.function, let function = functions[reference.name],
      function.inputs.count == operands,
      (function.inputs + function.outputs).allSatisfy({ $0.numberAttribute.isEmpty && $0.typeListAttribute.isEmpty }),
      function.outputs.allSatisfy({ function.returns[$0.name] != nil })
    else { return nil }
    return Callee(function: function, attributes: reference.attributes)
  }

  private mutating func addCall(_ node: NodeDef, _ depth: Int) throws(GraphImportError) -> Bool {
    let (operands, controls) = Self.inputs(of: node)
    guard let callee = callee(node, "f", operands: operands.count) else { return false }
    let results = try addBody(callee, prefix: node.name + "/call", operands, controls: controls, depth)
    addResults(of: node, results.outputs, controls: controls + results.controls)
    return true
  }

  private mutating func addConditional(_ node: NodeDef, _ depth: Int) throws(GraphImportError) -> Bool {
    let (inputs, controls) = Self.inputs(of: node)
    guard let condition = inputs.first, let taken = callee(node, "then_branch", operands: inputs.count - 1),
      let other = callee(node, "else_branch", operands: inputs.count - 1),
      taken.function.outputs.count == other.function.outputs.count
    else { return false }
    var predicate = condition
    if let type = node.attributes["Tcond"]?.type, type != .bool {
      predicate = node.name + "/predicate"
      nodes.append(NodeDef(predicate, op: "Cast", inputs: [condition], attributes: ["DstT": .type(.bool)]))
    }
    func addSwitch(_ name: String, _ operand: String) {
      nodes.append(NodeDef(name, op: "Switch", inputs: [operand, predicate] + controls))
    }
    let pivot = node.name + "/pivot"
    addSwitch(pivot, predicate)
    for (index, operand) in inputs.dropFirst().enumerated() { addSwitch("\(node.name)/switch_\(index)", operand) }
    func addBranch(_ callee: Callee, _ name: String, output: Int) throws(GraphImportError) -> Results {
      let start = "\(node.name)/\(name)_pivot"
      nodes.append(NodeDef(start, op: "Identity", inputs: ["\(pivot):\(output)"]))
      let operands = (0..<inputs.count - 1).map { "\(node.name)/switch_\($0):\(output)" }
      return try addBody(callee, prefix: "\(node.name)/\(name)", operands, controls: ["^" + start], depth)
    }
    let (no, yes) = (try addBranch(other, "else", output: 0), try addBranch(taken, "then", output: 1))
    var outputs: [String] = []
    for (index, pair) in zip(no.outputs, yes.outputs).enumerated() {
      outputs.append("\(node.name)/merge_\(index)")
      nodes.append(NodeDef(outputs[index], op: "Merge", inputs: [pair.0, pair.1]))
    }
    // What the branches do for its effects comes before they meet, and what waits for the conditional is in neither.
    let end = node.name + "/merge"
    nodes.append(NodeDef(end, op: "Merge", inputs: ["\(pivot):0", "\(pivot):1"] + no.controls + yes.controls))
    addResults(of: node, outputs, controls: controls + ["^" + end])
    return true
  }

  /// What a body's outputs are called, and the nodes that have to run for their effects.
  private struct Results {
    var outputs: [String]
    var controls: [String]
  }

  private mutating func addBody(
    _ callee: Callee, prefix: String, _ operands: [String], controls: [String], _ depth: Int
  ) throws(GraphImportError) -> Results {
    let body = FunctionBody(callee.function, prefix: prefix, operands: operands)
    for var node in callee.function.nodes {
      node.name = body.name(of: node.name)
      node.inputs = node.inputs.compactMap { body.input($0) } + controls
      for (name, value) in node.attributes {
        guard case .placeholder(let attribute) = value else { continue }
        node.attributes[name] = callee.attributes[attribute]
      }
      try add(node, depth: depth + 1)
    }
    let returns = callee.function.outputs.map { callee.function.returns[$0.name]! }
    return Results(
      outputs: returns.map { body.input($0) ?? $0 },
      controls: callee.function.controlReturns.values.sorted().map { "^" + body.name(of: $0) })
  }

  /// The node that stands where `node` was, with its outputs.
  private mutating func addResults(of node: NodeDef, _ outputs: [String], controls: [String]) {
    nodes.append(NodeDef(node.name, op: outputs.isEmpty ? "NoOp" : "IdentityN", inputs: outputs + controls))
  }

  private static func inputs(of node: NodeDef) -> (operands: [String], controls: [String]) {
    (node.inputs.filter { !$0.hasPrefix("^") }, node.inputs.filter { $0.hasPrefix("^") })
  }
}

/// How the names in a function's body are spelt where it is called.
private struct FunctionBody {
  private let prefix: String
  private var arguments: [String: String] = [:]
  private var operations: [String: String] = [:]

  init(_ function: FunctionDef, prefix: String, operands: [String]) {
    self.prefix = prefix
    for (argument, operand) in zip(function.inputs, operands) { arguments[argument.name] = operand }
    for node in function.nodes { operations[node.name] = node.op }
  }

  func name(of node: String) -> String { "\(prefix)/\(node)" }

  /// The input that `text` is, or `nil` if it is only the order behind an argument.
  func input(_ text: String) -> String? {
    guard let reference = InputReference(parsing: text) else { return text }
    if let operand = arguments[reference.node], operations[reference.node] == nil {
      return reference.isControl ? nil : operand
    }
    let name = name(of: reference.node)
    if reference.isControl { return "^" + name }
    let first = operations[reference.node].map { OutputNames.position(of: reference.outputName ?? "", op: $0) } ?? 0
    return InputReference(name, output: first + reference.output).description
  }
}

/// The outputs of operations by name, as bodies of functions refer to them.
enum OutputNames {
  /// The number of the first output that is called `name`.
  static func position(of name: String, op: String) -> Int { several[op]?.firstIndex(of: name) ?? 0 }

  private static let batchNormalization = [
    "y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3",
  ]
  private static let batchNormalizationGradient = [
    "x_backprop", "scale_backprop", "offset_backprop", "reserve_space_3", "reserve_space_4",
  ]

  /// Operations with more than one named output; of the others all outputs have one name.
  private static let several: [String: [String]] = [
    "Switch": ["output_false", "output_true"], "RefSwitch": ["output_false", "output_true"],
    "Merge": ["output", "value_index"], "RefMerge": ["output", "value_index"], "TopKV2": ["values", "indices"],
    "SoftmaxCrossEntropyWithLogits": ["loss", "backprop"], "SparseSoftmaxCrossEntropyWithLogits": ["loss", "backprop"],
    "BroadcastGradientArgs": ["r0", "r1"], "ListDiff": ["out", "idx"], "Unique": ["y", "idx"],
    "FusedBatchNorm": batchNormalization, "FusedBatchNormV2": batchNormalization,
    "FusedBatchNormV3": batchNormalization, "FusedBatchNormGrad": batchNormalizationGradient,
    "FusedBatchNormGradV2": batchNormalizationGradient, "FusedBatchNormGradV3": batchNormalizationGradient,
  ]
}
