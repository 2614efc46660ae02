public import Graph

/// Makes programs from an exported graph: the parts of it that are asked for, and our own gradients.
public struct GraphDefImporter: Sendable {
  /// What a program is wanted for.
  public struct Request: Sendable {
    /// The tensors to compute: names of nodes, with `:K` for their output *K*.
    public var fetches: [String]
    /// Variables to differentiate `loss` with respect to.
    public var gradients: [String] = []
    /// Whether gradients of tables are asked for as tensors; otherwise they stay rows.
    public var densifiesGradients = false
    /// Whether gradients are asked for as `train_step` applies them: after the graph clipped them, say.
    public var appliesGradientTransforms = false
    /// Tensors that are fed instead of computed, each with the shape it is fed with if it differs from the graph's.
    public var feeds: [String: TensorType?] = [:]
    /// Whether nodes are taken for what they compute alone, without what else is to happen before them.
    public var ignoresOrder = false
    /// The type that 32-bit floating-point numbers become: `float64` to check gradients with.
    public var precision: DType = .float32
    /// Whether the program is for the exported batch size only: graphs have constants that are right for no other, such
    /// as the number of examples in their own gradients of a mean.
    public var fixesBatch = false
    /// Whether the program is for scoring, where dropout is off.
    public var isScoring = false

    /// A request for `fetches`.
    public init(fetches: [String]) { self.fetches = fetches }
  }

  /// The configuration.
  public let config: ModelConfig
  let index: GraphIndex

  /// The loss's name, by the convention of exported graphs.
  public static let lossName = "loss"
  /// The scores' name, by the convention of exported graphs.
  public static let logitsName = "logits"
  /// The name of the placeholder of the examples, by the convention of exported graphs.
  public static let inputName = "input_x"
  /// The name of the placeholder of the labels, by the convention of exported graphs.
  public static let labelsName = "input_y"

  /// An importer of `graph`, exported with `config`.
  public init(_ graph: GraphDef, config: ModelConfig) throws(GraphImportError) {
    self.config = config
    index = try GraphIndex(FunctionInliner.inlining(LoopFrames.rewriting(graph)))
  }

  /// The graph.
  public var graph: GraphDef { index.graph }

  /// Imports what `request` asks for.
  ///
  /// The program's outputs are the fetches by name; `d-NAME` for each gradient, or `d-NAME indices` and `d-NAME values`
  /// where it is rows, which `Program.gradient(of:)` finds; and `NAME assigned` for each variable that is assigned to
  /// on the way. Its inputs are the placeholders, the variables and the feeds, by name.
  ///
  /// - Complexity: O(nodes that are needed).
  public func program(_ request: Request) throws(GraphImportError) -> Program {
    var importing = GraphImport(self, request)
    return try importing.run()
  }
}

extension GraphDefImporter {
  /// The type of the variable `name`.
  public func variableType(_ name: String) throws(GraphImportError) -> TensorType {
    let node = index.graph.nodes[try index.position(of: name)]
    guard GraphImport.isVariable(node) else {
      throw .nodes([ImportError(node: node.name, op: node.op, reason: .other("it is not a variable"))])
    }
    return try GraphImport(self, Request(fetches: [])).type(ofVariable: node)
  }

  /// The tensor that the variable `name` is initialised with: what its first assignment in the graph assigns.
  public func initializer(of name: String) -> String? {
    for (position, node) in graph.nodes.enumerated() where node.op == "Assign" || node.op == "AssignVariableOp" {
      let operands = index.operands(of: position)
      if operands.count == 2, operands[0].node == name { return operands[1].description }
    }
    return nil
  }
}
