import Kernels
import NIOCore
public import Parameters
public import Wire

/// What a model is to a parameter server: its tensors, how they learn, and how its workers keep in step.
///
///     string name, u8 consistency, 0, u16 staleness, u32 workers, list of tensors
///
///     tensor: string name, u8 kind (0 dense, 1 table), u8 frozen, u8 rank, u32 extents[rank],
///             u8 initial values, f32 a, f32 b, u64 key, u64 stream,
///             u8 optimizer, list of {u8 hyper-parameter, f32 value}
public struct ModelSchema: Hashable, Sendable {
  /// The name, unique on a server.
  public var name: String
  /// How far workers may get ahead of each other.
  public var consistency: Consistency
  /// How many workers train the model in step; of no meaning under ``Consistency/asynchronous``.
  public var workers: Int
  /// The tensors; their numbers in messages are their indices.
  public var parameters: [ParameterSpec]

  /// A schema.
  public init(
    name: String, consistency: Consistency = .asynchronous, workers: Int = 1, parameters: [ParameterSpec]
  ) {
    self.name = name
    self.consistency = consistency
    self.workers = workers
    self.parameters = parameters
  }

  /// The most bytes of a name of a model or tensor.
  public static let nameLimit = 128

  private static let rankLimit = 8

  /// The most workers of a model.
  public static let workerLimit = 4096

  /// A number that equal schemas have in common and others do not: the `StableHash` of the encoding.
  public var hash: UInt64 {
    var writer = MessageWriter()
    write(to: &writer)
    return StableHash.hash(writer.payload.readableBytesView)
  }

  /// Appends the schema.
  public func write(to writer: inout MessageWriter) {
    writer.string(name)
    consistency.write(to: &writer)
    writer.integer(UInt32(workers))
    writer.count(parameters.count)
    for parameter in parameters { parameter.write(to: &writer) }
  }

  /// Reads a schema and checks that it can be kept.
  public init(from reader: inout MessageReader) throws(Refusal) {
    name = try reader.string(limit: Self.nameLimit)
    guard name.isName(upTo: Self.nameLimit) else {
      throw Refusal(.malformed, "a model's name has 1 to 128 letters, digits, '.', '_' and '-'")
    }
    consistency = try Consistency(from: &reader)
    let workers = try reader.integer(UInt32.self)
    guard (1...UInt32(Self.workerLimit)).contains(workers) else {
      throw Refusal(.limit, "\(workers) workers; from 1 to \(Self.workerLimit) are possible")
    }
    self.workers = Int(workers)
    parameters = []
    for _ in 0..<(try reader.count(limit: BlockLimits.tensors, elementBytes: 36)) {
      parameters.append(try ParameterSpec(from: &reader))
    }
  }
}

/// How far the workers of a model may get ahead of each other.
public enum Consistency: Hashable, Sendable {
  /// As far as they like: a pull waits for nobody (ASP).
  case asynchronous
  /// By so many clocks: a pull waits until the slowest worker is that close (SSP).
  case stale(Int)
  /// Not at all: gradients of a clock are applied together, in the order of the workers' ranks (BSP).
  case synchronous

  /// The clocks by which a worker may be ahead of the slowest; `nil` for any number.
  public var staleness: Int? {
    switch self {
    case .asynchronous: nil
    case .stale(let clocks): clocks
    case .synchronous: 0
    }
  }

  /// Appends `u8 consistency, 0, u16 staleness`.
  func write(to writer: inout MessageWriter) {
    let code: UInt8 =
      switch self {
      case .asynchronous: 0
      case .stale: 1
      case .synchronous: 2
      }
    writer.integer(code)
    writer.zeros(1)
    writer.integer(UInt16(staleness ?? 0))
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    let code = try reader.integer(UInt8.self)
    try reader.zeros(1)
    switch (code, try reader.integer(UInt16.self)) {
    case (0, 0): self = .asynchronous
    case (1, let clocks): self = .stale(Int(clocks))
    case (2, 0): self = .synchronous
    case (_, let clocks):
      throw Refusal(.malformed, "an unknown consistency, \(code) with a staleness of \(clocks)")
    }
  }
}

extension Consistency: CustomStringConvertible {
  /// Reads `asp`, `bsp` or `ssp:CLOCKS`; `nil` for anything else.
  public init?(_ text: String) {
    switch text {
    case "asp": self = .asynchronous
    case "bsp": self = .synchronous
    default:
      guard text.hasPrefix("ssp:"), let clocks = UInt16(text.dropFirst(4)) else { return nil }
      self = .stale(Int(clocks))
    }
  }

  public var description: String {
    switch self {
    case .asynchronous: "asp"
    case .stale(let clocks): "ssp:\(clocks)"
    case .synchronous: "bsp"
    }
  }
}

extension ParameterSpec {
  func write(to writer: inout MessageWriter) {
    writer.string(name)
    writer.flag(kind == .table)
    writer.flag(isFrozen)
    writer.integer(UInt8(shape.count))
    for extent in shape { writer.integer(UInt32(extent)) }
    initialValues.write(to: &writer)
    writer.integer(optimizer.rule.kind.rawValue)
    let hyperparameters = optimizer.hyperparameters
    writer.count(hyperparameters.count)
    for (hyperparameter, value) in hyperparameters {
      writer.integer(hyperparameter.rawValue)
      writer.float(value)
    }
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    let name = try reader.string(limit: ModelSchema.nameLimit)
    let (isTable, isFrozen) = (try reader.flag(), try reader.flag())
    let rank = try reader.integer(UInt8.self)
    guard rank <= 8 else { throw Refusal(.limit, "a tensor with \(rank) axes; at most 8 are accepted") }
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(Int(try reader.integer(UInt32.self))) }
    let initialValues = try InitialValues(from: &reader)
    guard let kind = Rule.Kind(rawValue: try reader.integer()) else {
      throw Refusal(.malformed, "'\(name)' has an unknown optimizer")
    }
    let hyperparameters = try reader.hyperparameters()
    do {
      self.init(
        name: name, shape: shape, kind: isTable ? .table : .dense,
        optimizer: try Optimizer(kept: kind, hyperparameters),
        isFrozen: isFrozen, initialValues: initialValues)
    } catch {
      throw Refusal(.malformed, "the optimizer of '\(name)': \(error)")
    }
  }
}

extension MessageReader {
  /// The next list of hyper-parameters and their values.
  mutating func hyperparameters() throws(Refusal) -> [(Hyperparameter, Float)] {
    var pairs: [(Hyperparameter, Float)] = []
    for _ in 0..<(try count(limit: Hyperparameter.allCases.count, elementBytes: 5)) {
      let number = try integer(UInt8.self)
      guard let hyperparameter = Hyperparameter(rawValue: number) else {
        throw Refusal(.malformed, "an unknown hyper-parameter, number \(number)")
      }
      pairs.append((hyperparameter, try float()))
    }
    return pairs
  }
}

extension InitialValues {
  func write(to writer: inout MessageWriter) {
    let (code, a, b, key, stream): (UInt8, Float, Float, UInt64, UInt64) =
      switch self {
      case .zeros: (0, 0, 0, 0, 0)
      case .constant(let value): (1, value, 0, 0, 0)
      case .uniform(let low, let high, let key, let stream): (2, low, high, key, stream)
      case .normal(let mean, let deviation, let key, let stream): (3, mean, deviation, key, stream)
      case .truncatedNormal(let mean, let deviation, let key, let stream): (4, mean, deviation, key, stream)
      }
    writer.integer(code)
    writer.float(a)
    writer.float(b)
    writer.integer(key)
    writer.integer(stream)
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    let code = try reader.integer(UInt8.self)
    let (a, b) = (try reader.float(), try reader.float())
    let (key, stream) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
    guard a.isFinite, b.isFinite else { throw Refusal(.notFinite, "initial values that are not finite") }
    switch code {
    case 0: self = .zeros
    case 1: self = .constant(a)
    case 2: self = .uniform(low: a, high: b, key: key, stream: stream)
    case 3: self = .normal(mean: a, deviation: b, key: key, stream: stream)
    case 4: self = .truncatedNormal(mean: a, deviation: b, key: key, stream: stream)
    default: throw Refusal(.malformed, "unknown initial values, number \(code)")
    }
  }
}
