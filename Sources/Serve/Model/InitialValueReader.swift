import Graph
import GraphDefImport
import Kernels
public import Parameters

/// How parameters start.
public enum Initialization: Hashable, Sendable {
  /// As the graph's own initialisers say.
  case graph
  /// Uniformly distributed.
  case uniform(low: Float, high: Float)
  /// Matrices with orthonormal rows or columns; everything else as the graph says.
  case orthogonal
}

/// Reads from a graph what values its variables start with.
///
/// An initialiser that scales and shifts one random tensor, or is a constant, becomes ``InitialValues``: a function of
/// seed and position, so that a large table is never filled as a whole. Any other is computed.
public struct InitialValueReader {
  private let importer: GraphDefImporter
  private let parameters: [Model.Parameter]
  private let seed: UInt64
  private let pool = LanePool(lanes: 1)

  /// A reader of the initialisers of `model`; random ones depend on `seed`.
  public init(_ model: Model, seed: UInt64) {
    importer = model.importer
    parameters = model.parameters
    self.seed = seed
  }

  /// A reader of the initialisers of the graph of `importer`, one variable at a time.
  init(_ importer: GraphDefImporter, seed: UInt64) {
    self.importer = importer
    parameters = []
    self.seed = seed
  }

  /// What each parameter starts with, and the values of those that have to be computed, by name.
  public func parameters(
    _ initialization: Initialization
  ) throws -> (initial: [InitialValues], computed: [(name: String, values: [Float])]) {
    var initial: [InitialValues] = []
    var computed: [(name: String, values: [Float])] = []
    for (index, parameter) in parameters.enumerated() {
      let stream = UInt64(index + 1)
      switch initialization {
      case .uniform(let low, let high):
        initial.append(.uniform(low: low, high: high, key: seed, stream: stream))
        continue
      case .orthogonal where parameter.shape.count >= 2 && !parameter.isTable:
        initial.append(.zeros)
        computed.append((parameter.name, orthogonal(parameter.shape, stream: stream)))
        continue
      case .orthogonal, .graph: break
      }
      let program = try initializer(of: parameter.name)
      if let values = InitializerPattern(program)?.initialValues(key: seed, stream: stream) {
        initial.append(values)
      } else {
        initial.append(.zeros)
        computed.append((parameter.name, try values(of: program, Float.self)))
      }
    }
    return (initial, computed)
  }

  /// The initial value of the variable `name`, in memory of its own.
  func state(_ name: String) throws -> OwnedTensor {
    let program = try initializer(of: name)
    let executor = try Executor(Plan(program, batch: 1, options: Plan.Options(lanes: 1)), pool: pool)
    try executor.run(seed: seed)
    return OwnedTensor(copying: executor.output(0))
  }

  /// The initial value of the variable `name`; a parameter has the values that a store would start it with.
  func value(of name: String) throws -> OwnedTensor {
    let program = try initializer(of: name)
    let type = program.types[program.outputs[0].value]
    guard let number = importer.config.dense.firstIndex(of: name), type.dtype == .float32,
      let initial = InitializerPattern(program)?.initialValues(key: seed, stream: UInt64(number + 1)),
      let dimensions = type.shape.dimensions(batch: 1)
    else { return try state(name) }
    var values = [Float](repeating: 0, count: dimensions.count)
    values.withMemoryView { initial.fill($0, from: 0) }
    return OwnedTensor(values, dimensions)
  }

  /// The values that the parameter `name` begins with, or `nil` if they have to be computed as a whole.
  func initialValues(ofParameter name: String) throws -> InitialValues? {
    let number = importer.config.dense.firstIndex(of: name) ?? 0
    return try InitializerPattern(initializer(of: name))?.initialValues(key: seed, stream: UInt64(number + 1))
  }

  /// The number that every element of the variable `name` starts with, or `nil` if they differ or are not known.
  func uniformValue(of name: String) -> Float? {
    switch try? initialValues(ofParameter: name) {
    case .zeros?: return 0
    case .constant(let value)?: return value
    case .uniform?, .normal?, .truncatedNormal?: return nil
    case nil: break
    }
    guard let value = try? state(name), value.view.dtype == .float32 else { return nil }
    let numbers = withExtendedLifetime(value) { value.view.scalars(Float.self).array }
    guard let first = numbers.first, numbers.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  private func initializer(of name: String) throws -> Program {
    guard let fetch = importer.initializer(of: name) else { throw ModelError.noInitialValue(name: name) }
    let program = try importer.program(GraphDefImporter.Request(fetches: [fetch]))
    // Of the shape of another variable a program keeps the input, but reads nothing.
    guard !program.usedInputs.contains(true) else { throw ModelError.noInitialValue(name: name) }
    return program
  }

  private func values<Scalar: TensorScalar>(of program: Program, _: Scalar.Type) throws -> [Scalar] {
    let executor = try Executor(Plan(program, batch: 1, options: Plan.Options(lanes: 1)), pool: pool)
    try executor.run(seed: seed)
    return executor.output(0).scalars(Scalar.self).array
  }

  /// An orthogonal matrix; axes but the last are taken together, as Keras does.
  private func orthogonal(_ shape: [Int], stream: UInt64) -> [Float] {
    let columns = shape[shape.count - 1]
    let rows = shape.dropLast().reduce(1, *)
    var matrix = [Float](repeating: 0, count: rows * columns)
    matrix.withMemoryView { view in
      Random.normal(key: seed, stream: stream, offset: 0, into: view)
      LinearAlgebra.orthogonal(rows: rows, columns: columns, normals: view)
    }
    return matrix
  }
}

/// An initialiser of the form `scale × random + shift`.
private struct InitializerPattern {
  private var distribution: RandomNumbers.Distribution?
  private var scale = 1.0
  private var shift = 0.0

  /// Reads the pattern from the single output of `program`; `nil` if it is another.
  init?(_ program: Program) {
    var producers: [Int: Program.Node] = [:]
    for node in program.nodes { producers[node.results.lowerBound] = node }
    guard let pattern = Self.read(program.outputs[0].value, producers) else { return nil }
    self = pattern
  }

  private init(_ distribution: RandomNumbers.Distribution?, scale: Double, shift: Double) {
    self.distribution = distribution
    self.scale = scale
    self.shift = shift
  }

  private static func read(_ value: Int, _ producers: [Int: Program.Node]) -> InitializerPattern? {
    guard let node = producers[value] else { return nil }
    switch node.primitive {
    case let random as RandomNumbers: return InitializerPattern(random.distribution, scale: 1, shift: 0)
    case let constant as Constant:
      return constant.literal.scalar.map { InitializerPattern(nil, scale: 0, shift: $0) }
    case is BroadcastTo, is Reshape:
      // Repeating or reshaping a random tensor would change which number goes where.
      return read(node.operands[0], producers).flatMap { $0.distribution == nil ? $0 : nil }
    case let binary as BinaryElementwise:
      guard let a = read(node.operands[0], producers), let b = read(node.operands[1], producers) else { return nil }
      return combine(binary.operation, a, b)
    default: return nil
    }
  }

  private static func combine(
    _ operation: BinaryOperation, _ a: InitializerPattern, _ b: InitializerPattern
  ) -> InitializerPattern? {
    guard a.distribution == nil || b.distribution == nil else { return nil }
    let distribution = a.distribution ?? b.distribution
    switch operation {
    case .add: return InitializerPattern(distribution, scale: a.scale + b.scale, shift: a.shift + b.shift)
    case .subtract: return InitializerPattern(distribution, scale: a.scale - b.scale, shift: a.shift - b.shift)
    case .multiply:
      let (random, factor) = a.distribution != nil ? (a, b) : (b, a)
      return InitializerPattern(distribution, scale: random.scale * factor.shift, shift: random.shift * factor.shift)
    default: return nil
    }
  }

  func initialValues(key: UInt64, stream: UInt64) -> InitialValues {
    let (scale, shift) = (Float(scale), Float(shift))
    return switch distribution {
    case nil: shift == 0 ? .zeros : .constant(shift)
    case .uniform: .uniform(low: shift, high: shift + scale, key: key, stream: stream)
    case .normal: .normal(mean: shift, deviation: scale, key: key, stream: stream)
    case .truncatedNormal: .truncatedNormal(mean: shift, deviation: scale, key: key, stream: stream)
    }
  }
}

extension Initialization {
  /// Reads `graph`, `uniform:LOW,HIGH` or `orthogonal`.
  public init(parsing text: String) throws(InitializationError) {
    switch text {
    case "graph": self = .graph
    case "orthogonal": self = .orthogonal
    default:
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      let bounds = parts.count == 2 ? parts[1].split(separator: ",").map { Float($0) } : []
      guard parts[0] == "uniform", bounds.count == 2, let low = bounds[0], let high = bounds[1], low.isFinite,
        high.isFinite, low <= high
      else { throw InitializationError(text: text) }
      self = .uniform(low: low, high: high)
    }
  }
}

/// A text that names no way to start parameters.
public struct InitializationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text.
  public var text: String

  public var description: String {
    "no initialisation '\(text)': expected graph, uniform:LOW,HIGH (such as uniform:-0.1,0.1) or orthogonal"
  }
}
