public import Graph
public import GraphDefImport

/// What there is to know of a model before it runs: inputs, parameters, operations, plan, and what would not work.
///
/// Made from any graph that can be read, also one that cannot be imported.
public struct ModelInspection: Sendable {
  /// A tensor that goes in or comes out.
  public struct Tensor: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The type, if it can be told.
    public var type: TensorType?
  }

  /// A parameter.
  public struct Parameter: Hashable, Sendable {
    /// How a parameter is read and trained.
    public enum Kind: String, Hashable, Sendable {
      /// As a whole.
      case dense
      /// By rows.
      case table
      /// Not known, because the graph cannot be imported.
      case unknown
    }

    /// The variable's name.
    public var name: String
    /// The extents, if the graph has the variable.
    public var shape: [Int]?
    /// How it is read and trained.
    public var kind: Kind
    /// How it starts, in words.
    public var initializer: String
    /// The optimizer that `train_step` applies to it, or why there is none.
    public var optimizer: String

    /// The number of weights, 0 if the graph does not have the variable; `nil` if it does not fit an integer.
    public var count: Int? {
      guard let shape else { return 0 }
      return Shape(shape).count?.constant
    }
  }

  /// The nodes of one operation.
  public struct Operation: Hashable, Sendable {
    /// The operation.
    public var op: String
    /// How many nodes of it there are.
    public var count: Int
    /// How many of them are needed for loss, logits, and what the configuration observes.
    public var needed: Int
  }

  /// A node that cannot be imported.
  public struct UnsupportedNode: Hashable, Sendable {
    /// The node.
    public var name: String
    /// Its operation.
    public var op: String
  }

  /// The configuration.
  public let config: ModelConfig
  /// The graph's file.
  public let graphPath: String
  /// The number of nodes.
  public let nodeCount: Int
  /// The placeholders that are needed.
  public let inputs: [Tensor]
  /// The parameters, in the configuration's order.
  public let parameters: [Parameter]
  /// Logits, loss, and what the configuration observes.
  public let outputs: [Tensor]
  /// The operations, in alphabetical order.
  public let operations: [Operation]
  /// The needed nodes that cannot be imported.
  public let unsupported: [UnsupportedNode]
  /// How many other nodes cannot be imported, those that train a parameter by a known rule aside.
  public let unsupportedElsewhere: Int
  /// What else is wrong, and what the optimizer's reader has to say.
  public let notices: [String]
  /// Loss, logits, observed values and gradients; `nil` if the graph cannot be imported.
  public let program: Program?
  /// The program's plan.
  public let plan: Plan?

  /// The number of weights of all parameters; `nil` if it does not fit an integer.
  public var weightCount: Int? {
    var total = Extent(0)
    for parameter in parameters {
      guard let count = parameter.count, let sum = total.adding(Extent(count)) else { return nil }
      total = sum
    }
    return total.constant
  }

  /// Inspects the model with the configuration at `configPath` and its graph, or the one at `graphPath`.
  ///
  /// - Parameters:
  ///   - batch: The examples to plan for, by default the configuration's batch size.
  ///   - lanes: The threads to plan for.
  public init(configPath: String, graphPath: String? = nil, batch: Int? = nil, lanes: Int) throws {
    let config = try ModelConfig(contentsOf: configPath)
    let file = try GraphFile.read(config.resolveGraphPath(override: graphPath))
    try self.init(file, config: config, batch: batch, lanes: lanes)
  }

  /// Inspects the graph of `file`.
  public init(_ file: GraphFile, config: ModelConfig, batch: Int? = nil, lanes: Int) throws {
    self.config = config
    graphPath = file.path
    nodeCount = file.graph.nodes.count
    var reader = try InspectionReader(file.graph, config: config)
    inputs = reader.inputs()
    outputs = reader.outputs()
    operations = reader.operations()
    unsupported = reader.unsupported()
    unsupportedElsewhere = reader.unsupportedElsewhere()
    let program = reader.program()
    self.program = program
    parameters = reader.parameters(program)
    plan = reader.plan(program, batch: batch ?? config.batchSize, lanes: lanes)
    notices = reader.notices
  }
}
