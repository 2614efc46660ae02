public import NIOCore
public import Wire

/// Gradients for a model, and what to read after they are applied.
///
///     PUSH_DENSE, PUSH_SPARSE   mutation, u32 examples, list of blocks (without their kind)
///     PUSH_PULL                 mutation, u32 examples, list of blocks, pull: u64 known revision, list of blocks
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
    /// Dense blocks are left out of the answer if the dense tensors are still at this revision; 0 for none known.
    public var knownRevision: UInt64
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
    knownRevision = try reader.integer()
    blocks = try reader.pullBlocks(of: kind)
  }
}

/// What to read of a model.
///
///     PULL_DENSE, PULL_SPARSE   read prefix, u64 known revision, list of blocks (without their kind)
///     PULL                      read prefix, u64 known revision, list of blocks
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
/// for a block of rows one per tensor. Dense blocks are left out if the revision is the one that the client knows.
///
///      0 24  reply prefix
///     24  8  revision  of the dense tensors: another one, never 0, after each change of them and each start
public struct PullReply: Hashable, Sendable {
  /// The bytes of the head.
  static let byteCount = 32

  /// The state that was read.
  public var prefix: ReplyPrefix
  /// The revision of the dense tensors.
  public var revision: UInt64

  /// An answer.
  public init(prefix: ReplyPrefix, revision: UInt64) {
    self.prefix = prefix
    self.revision = revision
  }

  /// Reads the head.
  public init(from reader: inout MessageReader) throws(Refusal) {
    prefix = try ReplyPrefix(from: &reader)
    revision = try reader.integer()
    guard revision > 0 else { throw Refusal(.malformed, "the revision 0, which no model has") }
  }

  /// Appends the head.
  public func write(to writer: inout MessageWriter) {
    prefix.write(to: &writer)
    writer.integer(revision)
  }
}
