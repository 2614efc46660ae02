import Graph
import GraphDefImport
public import Kernels

/// Checks the gradients of a model: against the graph's own `d-*` nodes, and against finite differences in double
/// precision.
///
/// Inputs are random. Parameters are as the graph initialises them, but none is the same everywhere: a bias of zeros
/// behind units that are all off would sit at the kink of the next, where there is no derivative.
public struct GradientCheck {
  /// What is checked.
  public struct Options: Hashable, Sendable {
    /// The examples, or `nil` for the configuration's batch size: at most 64, where the graph's gradients allow it.
    public var batch: Int?
    /// The seed of inputs, parameters, directions and random nodes.
    public var seed: UInt64 = 0
    /// The largest error that passes.
    public var tolerance = 1e-4

    /// The defaults.
    public init() {}
  }

  /// What was found of one parameter; errors are the largest difference, relative to the largest value.
  public struct Finding: Hashable, Sendable {
    /// The parameter's name.
    public var name: String
    /// The extents.
    public var shape: [Int]
    /// The error against the graph's own gradient; `nil` if there is none of the parameter's shape.
    public var graphError: Double?
    /// The error against finite differences.
    public var finiteDifferenceError: Double

    /// Whether both errors are within `tolerance`.
    public func isWithin(_ tolerance: Double) -> Bool {
      finiteDifferenceError <= tolerance && graphError ?? 0 <= tolerance
    }
  }

  private let session: Session
  private let options: Options
  private let batch: Int
  private let feeds: SessionFeeds
  private var variables: SessionVariables

  private var config: ModelConfig { session.config }

  /// A check of the model with the configuration at `configPath` and its graph, or the one at `graphPath`.
  public init(configPath: String, graphPath: String? = nil, pool: LanePool, options: Options = Options()) throws {
    try self.init(Session(configPath: configPath, graphPath: graphPath, pool: pool), options: options)
  }

  /// A check of the graph of `session`.
  public init(_ session: Session, options: Options = Options()) throws {
    self.session = session
    self.options = options
    let exported = session.config.batchSize
    batch = try options.batch ?? (GraphGradients.areForOneBatch(session) ? exported : min(exported, 64))
    let program = try session.importer.program(GraphDefImporter.Request(fetches: [GraphDefImporter.lossName]))
    var inputs = RandomInputs(program, config: session.config, batch: batch, seed: options.seed)
    feeds = try SessionFeeds(try inputs.arrays(), session.importer)
    variables = SessionVariables(feeds: feeds, reader: InitialValueReader(session.importer, seed: options.seed))
    try scatterUniformParameters()
  }

  private mutating func scatterUniformParameters() throws {
    var generator = SplitMix64(seed: options.seed &+ 2)
    for name in config.dense {
      let value = try variables.value(name, try session.importer.variableType(name))
      guard value.view.dtype == .float32 else { continue }
      let weights = value.view.scalars(Float.self)
      guard weights.count > 0, (0..<weights.count).allSatisfy({ weights[$0] == weights[0] }) else { continue }
      for index in 0..<weights.count { weights[index] += Float.random(in: -0.1...0.1, using: &generator) }
    }
  }

  /// Checks every parameter.
  ///
  /// - Returns: What was found, in the configuration's order, and why nodes of gradients could not be used.
  public mutating func run() throws -> (findings: [Finding], notices: [String]) {
    var differences = try FiniteDifferences(session, feeds, &variables, batch: batch, seed: options.seed)
    let graph = try GraphGradients(session, feeds, batch: batch, seed: options.seed, scale: differences.scale)
    let graphErrors = try graph.errors(&variables)
    let findings = try config.dense.map { name in
      Finding(
        name: name, shape: try session.importer.variableType(name).shape.constant ?? [],
        graphError: graphErrors[name], finiteDifferenceError: try differences.error(of: name))
    }
    return (findings, graph.notices)
  }
}

/// The largest difference between two tensors and the largest value of the second.
struct LargestError {
  private var difference = 0.0
  private var value = 0.0
  private var isFinite = true

  mutating func add(_ a: Double, _ b: Double) {
    guard a.isFinite, b.isFinite else {
      isFinite = false
      return
    }
    difference = max(difference, abs(a - b))
    value = max(value, abs(b))
  }

  /// The difference relative to the value, or to `floor` where all values are as small as rounding makes them.
  func relative(floor: Double) -> Double {
    guard isFinite else { return .infinity }
    return difference == 0 ? 0 : difference / max(value, floor)
  }
}
