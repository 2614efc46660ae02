import Kernels
public import Wire

/// Gradients of a part of a model.
public enum PushBlock: Sendable {
  /// `values` is the gradient of the elements from `first` on of the dense tensor number `tensor`.
  ///
  ///      0  4  tensor   4  4  first   8  4  count   12  4  0   then count floats
  case dense(tensor: Int, first: Int, values: WireArray<Float>)

  /// `values[i]` is the gradient of the rows `keys` of the table number `tensors[i]`.
  ///
  ///     list of u32 tensors, u32 number of keys, the keys as u64, strictly ascending, then an array of floats per tensor
  case rows(tensors: [Int], keys: WireArray<Int64>, values: [WireArray<Float>])
}

extension PushBlock {
  /// The same gradients, and nothing of the message that they came in.
  var detached: PushBlock {
    switch self {
    case .dense(let tensor, let first, let values): .dense(tensor: tensor, first: first, values: values.detached)
    case .rows(let tensors, let keys, let values):
      .rows(tensors: tensors, keys: keys.detached, values: values.map(\.detached))
    }
  }
}

/// A part of a model to be read.
public enum PullBlock: Sendable {
  /// `count` elements from `first` on of the dense tensor number `tensor`.
  case dense(tensor: Int, first: Int, count: Int)
  /// The rows `keys` of the tables number `tensors`.
  case rows(tensors: [Int], keys: WireArray<Int64>)
}

/// Which blocks a message has.
public enum BlockKind: UInt32, Hashable, Sendable {
  case dense = 1
  case rows = 2
}

/// How much a message may hold.
enum BlockLimits {
  /// Blocks of a message.
  static let blocks = 4096
  /// Keys of a block.
  static let keys = 1 << 20
  /// Tensors of a model.
  static let tensors = 1024
}

extension MessageReader {
  /// The next blocks of gradients. Each says its kind, unless the message has blocks of one `kind` only.
  ///
  /// - Parameter rowLengths: The number of weights of a row of each tensor, or `nil` if the model has no such table.
  mutating func pushBlocks(
    of kind: BlockKind?, rowLength: (_ tensor: Int) throws(Refusal) -> Int
  ) throws(Refusal) -> [PushBlock] {
    let count = try count(limit: BlockLimits.blocks, elementBytes: 8)
    var blocks: [PushBlock] = []
    blocks.reserveCapacity(count)
    for _ in 0..<count {
      switch try blockKind(of: kind) {
      case .dense:
        let (tensor, first, count) = try denseRange()
        blocks.append(.dense(tensor: tensor, first: first, values: try array(of: Float.self, count: count)))
      case .rows:
        let (tensors, keys) = try rows()
        var values: [WireArray<Float>] = []
        for tensor in tensors {
          let (size, overflow) = keys.count.multipliedReportingOverflow(by: try rowLength(tensor))
          guard !overflow else { throw Refusal(.malformed, "a message that ends too early") }
          values.append(try array(of: Float.self, count: size))
        }
        blocks.append(.rows(tensors: tensors, keys: keys, values: values))
      }
    }
    return blocks
  }

  /// The next blocks to be read. Each says its kind, unless the message has blocks of one `kind` only.
  mutating func pullBlocks(of kind: BlockKind?) throws(Refusal) -> [PullBlock] {
    let count = try count(limit: BlockLimits.blocks, elementBytes: 8)
    var blocks: [PullBlock] = []
    blocks.reserveCapacity(count)
    for _ in 0..<count {
      switch try blockKind(of: kind) {
      case .dense:
        let (tensor, first, count) = try denseRange()
        blocks.append(.dense(tensor: tensor, first: first, count: count))
      case .rows:
        let (tensors, keys) = try rows()
        blocks.append(.rows(tensors: tensors, keys: keys))
      }
    }
    return blocks
  }

  private mutating func blockKind(of kind: BlockKind?) throws(Refusal) -> BlockKind {
    if let kind { return kind }
    let number = try integer(UInt32.self)
    guard let kind = BlockKind(rawValue: number) else { throw Refusal(.malformed, "a block of the kind \(number)") }
    return kind
  }

  private mutating func denseRange() throws(Refusal) -> (tensor: Int, first: Int, count: Int) {
    let range = (Int(try integer(UInt32.self)), Int(try integer(UInt32.self)), Int(try integer(UInt32.self)))
    try zeros(4)
    return range
  }

  private mutating func rows() throws(Refusal) -> (tensors: [Int], keys: WireArray<Int64>) {
    var tensors: [Int] = []
    for _ in 0..<(try count(limit: BlockLimits.tensors, elementBytes: 4)) {
      tensors.append(Int(try integer(UInt32.self)))
    }
    let keys = try count(limit: BlockLimits.keys, elementBytes: 8)
    return (tensors, try array(of: Int64.self, count: keys))
  }
}

extension MessageWriter {
  /// The head of a dense block; its values follow, unless the block is one to be read.
  mutating func denseBlock(_ kind: BlockKind?, tensor: Int, first: Int, count: Int) {
    if let kind { integer(kind.rawValue) }
    integer(UInt32(tensor))
    integer(UInt32(first))
    integer(UInt32(count))
    zeros(4)
  }

  /// The head of a block of rows; the array of its keys follows, then the values, unless the block is one to be read.
  mutating func rowsBlock(_ kind: BlockKind?, tensors: [Int], keyCount: Int) {
    if let kind { integer(kind.rawValue) }
    count(tensors.count)
    for tensor in tensors { integer(UInt32(tensor)) }
    count(keyCount)
  }
}
