import Crypto
public import Files
public import Graph
public import GraphDefImport
import Kernels
public import Parameters

/// An exported model: its configuration, its graph, and the programs made from it.
public final class Model: Sendable {
  /// The configuration.
  public let config: ModelConfig
  /// Where the graph was found.
  public let graphPath: String
  /// The SHA-256 of the graph file in hexadecimal, as stores keep it.
  public let graphSHA256: String
  /// Makes programs from the graph.
  public let importer: GraphDefImporter
  /// Computes the loss, the logits, what the configuration observes, and the gradients.
  public let trainingProgram: Program
  /// The parameters in the configuration's order.
  public let parameters: [Parameter]
  /// Whether the logits are themselves what is predicted, as a regression's are; others stand for probabilities.
  public let predictsNumbers: Bool

  /// A parameter as the graph has it.
  public struct Parameter: Hashable, Sendable {
    /// The variable's name.
    public var name: String
    /// The extents.
    public var shape: [Int]
    /// Whether it is read only through gathers, so that its gradient is rows.
    public var isTable: Bool
  }

  /// Loads the configuration at `configPath` and its graph, or the one at `graphPath`.
  ///
  /// - Throws: `ModelConfigError`, `GraphNotFoundError`, `GraphFileError`, `GraphImportError` or ``ModelError``.
  public convenience init(configPath: String, graphPath: String? = nil) throws {
    let config = try ModelConfig(contentsOf: configPath)
    let file = try GraphFile.read(config.resolveGraphPath(override: graphPath))
    try self.init(config: config, file: file)
  }

  /// The model of `config` whose graph is `file`.
  public init(config: ModelConfig, file: GraphFile) throws {
    self.config = config
    graphPath = file.path
    graphSHA256 = SHA256.hash(data: file.bytes).hexadecimal()
    importer = try GraphDefImporter(file.graph, config: config)
    var request = GraphDefImporter.Request(
      fetches: Self.unique([GraphDefImporter.lossName, GraphDefImporter.logitsName] + config.observe))
    request.gradients = config.dense
    request.appliesGradientTransforms = true
    let program = try importer.program(request)
    try Self.checkResults(of: program)
    trainingProgram = program
    predictsNumbers = program.predictsNumbers(config)
    let importer = importer
    parameters = try config.dense.map { name in
      let type = try importer.variableType(name)
      guard type.dtype == .float32, let shape = type.shape.constant else {
        throw ModelError.parameterType(name: name, type: type)
      }
      return Parameter(name: name, shape: shape, isTable: program.gradient(of: name)?.isRows == true)
    }
  }

  /// Losses are single numbers, and logits are some numbers for each example.
  private static func checkResults(of program: Program) throws(ModelError) {
    let loss = program.type(ofOutput: GraphDefImporter.lossName)!
    guard loss.dtype == .float32, loss.shape.count == 1 else { throw .lossShape(loss) }
    let logits = program.type(ofOutput: GraphDefImporter.logitsName)!
    guard logits.dtype == .float32, logits.shape.extents.first == .batch,
      Shape(Array(logits.shape.extents.dropFirst())).constant != nil
    else { throw .logitsShape(logits) }
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  /// The program that computes the logits, with dropout turned off unless `isExact`.
  public func scoringProgram(isExact: Bool = false) throws -> Program {
    var request = GraphDefImporter.Request(fetches: [GraphDefImporter.logitsName])
    request.isScoring = !isExact
    return try importer.program(request)
  }

  /// The number of logits of an example: one for click models, one per class for classifiers.
  public var logitsPerExample: Int {
    guard let shape = trainingProgram.type(ofOutput: GraphDefImporter.logitsName)?.shape else { return 1 }
    return max(1, Shape.product(of: shape.extents.dropFirst())?.constant ?? 1)
  }

  /// The number of labels of an example.
  public var labelsPerExample: Int { config.outputSize.dropFirst().reduce(1, *) }

  /// The number of logits that one label judges: all of an example's, or where each has a label of its own, one.
  public var logitsPerLabel: Int { labelsPerExample == logitsPerExample ? 1 : logitsPerExample }

  /// What a store has to know of the parameters, trained by `optimizers` (one for each) from `initialValues`.
  public func specs(
    optimizers: [Optimizer], frozen: Set<String> = [], initialValues: [InitialValues]
  ) -> [ParameterSpec] {
    parameters.enumerated().map { index, parameter in
      ParameterSpec(
        name: parameter.name, shape: parameter.shape, kind: parameter.isTable ? .table : .dense,
        optimizer: optimizers[index], isFrozen: frozen.contains(parameter.name), initialValues: initialValues[index])
    }
  }

  /// Checks that `specs`, as a store has them, are this model's parameters.
  func check(_ specs: [ParameterSpec]) throws(ModelError) {
    let expected = parameters.map { "\($0.name) \($0.shape)" }
    let found = specs.map { "\($0.name) \($0.shape)" }
    guard expected == found else {
      throw .otherParameters(expected: expected.joined(separator: ", "), found: found.joined(separator: ", "))
    }
  }
}

/// A graph is not a model that can be trained or scored.
public enum ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A parameter's elements are not 32-bit floating-point numbers.
  case parameterType(name: String, type: TensorType)
  /// An input that is needed is not one that a batch has.
  case unknownInput(name: String)
  /// An initialiser is missing, or depends on data.
  case noInitialValue(name: String)
  /// The loss is not a number.
  case lossShape(TensorType)
  /// The logits are not numbers for each example.
  case logitsShape(TensorType)
  /// A batch cannot be turned into the input.
  case batchShape(input: String, expected: String, found: String)

  /// A store has a model of this name with other parameters.
  case otherParameters(expected: String, found: String)

  /// The exit status of a command that ends with this error.
  public var exitStatus: ExitStatus { .badData }

  public var description: String {
    switch self {
    case .otherParameters(let expected, let found):
      "the parameter server has another model of this name, with \(found); the graph has \(expected)"
    case .parameterType(let name, let type): "parameter '\(name)' is \(type), expected float32 of a known shape"
    case .unknownInput(let name):
      "the graph needs the input '\(name)'; batches have '\(GraphDefImporter.inputName)' and "
        + "'\(GraphDefImporter.labelsName)' only"
    case .noInitialValue(let name): "the variable '\(name)' has no initialiser that is known from the graph alone"
    case .lossShape(let type): "the loss is \(type), expected a single float32 number"
    case .logitsShape(let type): "the logits are \(type), expected float32 numbers for each example, such as [B, 1]"
    case .batchShape(let input, let expected, let found): "'\(input)' takes \(expected), the batch has \(found)"
    }
  }
}
