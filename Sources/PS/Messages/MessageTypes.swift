public import Wire

extension MessageType {
  /// Creates a model, or finds it: ``RegisterRequest``, ``RegisterReply``.
  public static let registerModel = MessageType(rawValue: 0x10)
  /// Reads ranges of dense tensors: ``PullRequest`` of dense blocks, ``PullReply``.
  public static let pullDense = MessageType(rawValue: 0x11)
  /// Reads rows of tables: ``PullRequest`` of blocks of rows, ``PullReply``.
  public static let pullSparse = MessageType(rawValue: 0x12)
  /// Applies gradients of dense tensors: ``PushRequest`` of dense blocks, ``ReplyPrefix``.
  public static let pushDense = MessageType(rawValue: 0x13)
  /// Applies gradients of rows: ``PushRequest`` of blocks of rows, ``ReplyPrefix``.
  public static let pushSparse = MessageType(rawValue: 0x14)
  /// Applies gradients, then reads: ``PushRequest`` with a pull, ``PullReply``.
  public static let pushPull = MessageType(rawValue: 0x15)
  /// Ends the sender's clock: ``Mutation``, ``ReplyPrefix``.
  public static let clock = MessageType(rawValue: 0x16)
  /// Writes a snapshot: ``SnapshotRequest``, ``SnapshotReply``.
  public static let snapshot = MessageType(rawValue: 0x17)
  /// Asks for figures of the server: empty, ``FiguresReply``.
  public static let stats = MessageType(rawValue: 0x18)
  /// Enters a cluster: ``JoinRequest``, ``ShardMapReply``.
  public static let join = MessageType(rawValue: 0x19)
  /// Leaves a cluster: ``JoinRequest``, ``ShardMapReply``.
  public static let leave = MessageType(rawValue: 0x1A)
  /// Asks which server has which shard: empty, ``ShardMapReply``.
  public static let shardMap = MessageType(rawValue: 0x1B)
  /// Asks how far the streams of a model are applied: model number, ``OffsetsReply``.
  public static let getOffsets = MessageType(rawValue: 0x1C)
  /// Changes hyper-parameters: ``SetHyperparametersRequest``, ``ReplyPrefix``.
  public static let setHyperparameters = MessageType(rawValue: 0x1D)
  /// Replaces weights or optimizer state: ``PutValuesRequest``, ``ReplyPrefix``.
  public static let putValues = MessageType(rawValue: 0x1E)
  /// Removes a model and all it has learned: ``Mutation``, ``ReplyPrefix``.
  public static let dropModel = MessageType(rawValue: 0x1F)
  /// Reads ranges of dense tensors and rows of tables: ``PullRequest``, ``PullReply``.
  public static let pull = MessageType(rawValue: 0x20)
  /// Reads weights or optimizer state as they are stored: ``GetValuesRequest``, ``PullReply``.
  public static let getValues = MessageType(rawValue: 0x21)
  /// Asks for a model by its name: ``DescribeRequest``, ``DescribeReply``.
  public static let describeModel = MessageType(rawValue: 0x22)
}
