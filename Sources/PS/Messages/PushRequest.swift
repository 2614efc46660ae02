public import NIOCore
public import Wire

/// Gradients for a model, and what to read after they are applied.
///
///     PUSH_DENSE, PUSH_SPARSE   mutation, u32 examples, list of blocks (without their kind)
///     PUSH_PULL                 mutation, u32 examples, list of blocks, pull: u64 version, list of blocks
public struct PushRequest: Sendable {
  /// What is changed.
  public var mutation: Mutation
  /// The examples that the gradients are the mean over.
  public var examples: UInt32
  /// The gradients.
  public var blocks: [PushBlock]
  /// What to read afterwards.
  public var pull: Pull?

  /// What a request wants to read.
  public struct Pull: Sendable {
    /// Dense blocks are left out of the answer if the model is still at this version.
    public var knownVersion: UInt64
    /// What to read.
    public var blocks: [PullBlock]
  }

  /// Reads what follows `mutation` in a message of `type`.
  ///
  /// - Parameter rowLength: The number of weights of a row of a tensor of the model; throws if there is no such table.
  public init(
    _ mutation: Mutation, from reader: inout MessageReader, of type: MessageType,
    rowLength: (_ tensor: Int) throws(Refusal) -> Int
  ) throws(Refusal) {
    self.mutation = mutation
    examples = try reader.integer()
    blocks = try reader.pushBlocks(of: type.blockKind, rowLength: rowLength)
    pull = type == .pushPull ? try Pull(from: &reader, of: nil) : nil
    try reader.finish()
  }
}

extension PushRequest.Pull {
  /// Reads what is wanted.
  init(from reader: inout MessageReader, of kind: BlockKind?) throws(Refusal) {
    knownVersion = try reader.integer()
    blocks = try reader.pullBlocks(of: kind)
  }
}

/// What to read of a model.
///
///     PULL_DENSE, PULL_SPARSE   read prefix, u64 version, list of blocks (without their kind)
///     PULL                      read prefix, u64 version, list of blocks
public struct PullRequest: Sendable {
  /// Which model, and how long to wait.
  public var prefix: ReadPrefix
  /// What to read.
  public var pull: PushRequest.Pull

  /// Reads the payload of a message of `type`.
  public init(reading payload: ByteBuffer, of type: MessageType) throws(Refusal) {
    var reader = MessageReader(payload)
    prefix = try ReadPrefix(from: &reader)
    pull = try PushRequest.Pull(from: &reader, of: type.blockKind)
    try reader.finish()
  }
}

extension MessageType {
  /// The kind of all blocks of such a message, if they do not say it themselves.
  var blockKind: BlockKind? {
    switch self {
    case .pushDense, .pullDense: .dense
    case .pushSparse, .pullSparse: .rows
    default: nil
    }
  }
}

/// The head of an answer with values (32 bytes); an array of floats follows for each block that was asked for, in order,
/// for a block of rows one per tensor.
///
///      0 24  reply prefix
///     24  4  1: dense blocks are answered, 0: they are left out because the model is still at the version known
///     28  4  0
public struct PullReply: Hashable, Sendable {
  /// The state that was read.
  public var prefix: ReplyPrefix
  /// Whether dense blocks are answered.
  public var hasDenseBlocks: Bool

  /// An answer.
  public init(prefix: ReplyPrefix, hasDenseBlocks: Bool) {
    self.prefix = prefix
    self.hasDenseBlocks = hasDenseBlocks
  }

  /// Reads the head.
  public init(from reader: inout MessageReader) throws(Refusal) {
    prefix = try ReplyPrefix(from: &reader)
    let flag = try reader.integer(UInt32.self)
    guard flag <= 1 else { throw Refusal(.malformed, "a flag of \(flag); it must be 0 or 1") }
    hasDenseBlocks = flag == 1
    try reader.zeros(4)
  }

  /// Appends the head.
  public func write(to writer: inout MessageWriter) {
    prefix.write(to: &writer)
    writer.integer(UInt32(hasDenseBlocks ? 1 : 0))
    writer.zeros(4)
  }
}
