public import Wire

/// What clients ask of a train server.
extension MessageType {
  /// Asks for the models: empty, ``ModelListReply``.
  public static let listModels = MessageType(rawValue: 0x40)
  /// Loads a model: ``ModelRequest``, ``ModelDescription``.
  public static let loadModel = MessageType(rawValue: 0x41)
  /// Learns from a batch: ``TrainBatchRequest``, ``TrainBatchReply``.
  public static let trainBatch = MessageType(rawValue: 0x42)
  /// Scores examples: ``ScoreBatchRequest``, ``ScoreBatchReply``.
  public static let scoreBatch = MessageType(rawValue: 0x43)
  /// Asks how a model does: ``ModelRequest``, ``FiguresReply``.
  public static let metrics = MessageType(rawValue: 0x44)
  /// Unloads a model: ``ModelRequest``, empty.
  public static let unloadModel = MessageType(rawValue: 0x45)
  /// Freezes a model or lets it train: ``SetStateRequest``, empty.
  public static let setState = MessageType(rawValue: 0x46)
  /// Asks how far a stream is applied: ``OffsetRequest``, ``OffsetReply``.
  public static let getOffset = MessageType(rawValue: 0x47)
}
