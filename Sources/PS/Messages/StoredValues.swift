import Kernels
public import NIOCore
public import Wire

/// What is stored of a tensor: its weights, or a part of its optimizer's state.
///
/// On the wire: 0 the weights, 1 + i slot i, 256 + i scalar i.
public enum StoredPart: Hashable, Sendable {
  case weights
  case slot(Int)
  case scalar(Int)

  var code: UInt32 {
    switch self {
    case .weights: 0
    case .slot(let slot): 1 + UInt32(slot)
    case .scalar(let scalar): 256 + UInt32(scalar)
    }
  }

  init(code: UInt32) throws(Refusal) {
    switch code {
    case 0: self = .weights
    case 1..<256: self = .slot(Int(code) - 1)
    case 256..<512: self = .scalar(Int(code) - 256)
    default: throw Refusal(.malformed, "a part of a tensor with the number \(code)")
    }
  }
}

/// Where in a model stored values lie: elements of a dense tensor, or rows of a table.
///
///     u32 part, u32 kind (1 dense, 2 rows), u32 tensor, then
///       dense:  u32 first, u32 count
///       rows:   u32 number of keys, the keys as u64, strictly ascending
public struct StoredRange: Sendable {
  /// What of the tensor is meant.
  public var part: StoredPart
  /// The tensor's number.
  public var tensor: Int
  /// Which elements or rows.
  public var place: Place

  /// Which elements or rows of a tensor.
  public enum Place: Sendable {
    case elements(Range<Int>)
    case rows(WireArray<Int64>)
  }

  init(from reader: inout MessageReader) throws(Refusal) {
    part = try StoredPart(code: try reader.integer())
    let kind = try reader.integer(UInt32.self)
    tensor = Int(try reader.integer(UInt32.self))
    switch BlockKind(rawValue: kind) {
    case .dense:
      let (first, count) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
      place = .elements(first..<first + count)
    case .rows:
      let count = try reader.count(limit: BlockLimits.keys, elementBytes: 8)
      place = .rows(try reader.array(of: Int64.self, count: count))
    case nil: throw Refusal(.malformed, "a block of the kind \(kind)")
    }
  }
}

extension MessageWriter {
  /// Elements of a dense tensor, as a ``StoredRange``.
  mutating func storedElements(_ part: StoredPart, tensor: Int, _ elements: Range<Int>) {
    integer(part.code)
    integer(BlockKind.dense.rawValue)
    integer(UInt32(tensor))
    integer(UInt32(elements.lowerBound))
    integer(UInt32(elements.count))
  }

  /// Rows of a table, as a ``StoredRange``.
  mutating func storedRows(_ part: StoredPart, tensor: Int, _ keys: MemoryView<Int64>) {
    integer(part.code)
    integer(BlockKind.rows.rawValue)
    integer(UInt32(tensor))
    count(keys.count)
    array(keys)
  }
}

/// Replaces weights or optimizer state.
///
///     mutation, u8 last, 7 × 0, list of {stored range, f32[]}
public struct PutValuesRequest: Sendable {
  /// Whether these are the last values that a new model waits for.
  public var isLast: Bool
  /// The values and where they belong.
  public var values: [(range: StoredRange, values: WireArray<Float>)]

  /// Reads what follows the mutation.
  ///
  /// - Parameter rowLength: The number of values of a row of a part of a tensor; throws if there is no such part.
  public init(
    from reader: inout MessageReader, rowLength: (_ tensor: Int, _ part: StoredPart) throws(Refusal) -> Int
  ) throws(Refusal) {
    isLast = try reader.flag()
    try reader.zeros(7)
    values = []
    for _ in 0..<(try reader.count(limit: BlockLimits.blocks, elementBytes: 20)) {
      let range = try StoredRange(from: &reader)
      let count: Int
      switch range.place {
      case .elements(let elements): count = elements.count
      case .rows(let keys):
        let (size, overflow) = keys.count.multipliedReportingOverflow(by: try rowLength(range.tensor, range.part))
        guard !overflow else { throw Refusal(.malformed, "a message that ends too early") }
        count = size
      }
      values.append((range, try reader.array(of: Float.self, count: count)))
    }
    try reader.finish()
  }
}

/// Reads weights or optimizer state as they are stored; the answer is a ``PullReply``.
///
///     u32 model, u32 0, list of stored ranges
public struct GetValuesRequest: Sendable {
  /// The model's number.
  public var model: UInt32
  /// What to read.
  public var ranges: [StoredRange]

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    model = try reader.integer()
    try reader.zeros(4)
    ranges = []
    for _ in 0..<(try reader.count(limit: BlockLimits.blocks, elementBytes: 20)) {
      ranges.append(try StoredRange(from: &reader))
    }
    try reader.finish()
  }
}
