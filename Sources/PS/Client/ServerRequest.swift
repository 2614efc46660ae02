public import NIOCore
public import Wire

/// What a client asks of one server.
public struct ServerRequest: Sendable {
  /// What it is.
  public var type: MessageType
  /// How it is to be taken.
  public var flags: FrameFlags
  /// Its payload; that of a mutation begins with a ``Mutation``, whose sequence number the session decides on.
  public let payload: OutgoingPayload
  /// Whether it changes something, so that it must be executed once and in order.
  public var isMutation: Bool
  /// How long it may take; nil for the session's patience.
  public var patience: Duration?

  /// A request that reads.
  public init(reading type: MessageType, _ payload: ByteBuffer = ByteBuffer(), patience: Duration? = nil) {
    self.init(reading: type, OutgoingPayload(payload), patience: patience)
  }

  /// A request that reads. What is lent to its payload is needed until it is answered or given up.
  public init(reading type: MessageType, _ payload: OutgoingPayload, patience: Duration? = nil) {
    self.init(type: type, flags: [], payload: payload, isMutation: false, patience: patience)
  }

  /// A request that changes something.
  public init(
    changing type: MessageType, _ payload: ByteBuffer, flags: FrameFlags = [], patience: Duration? = nil
  ) {
    self.init(changing: type, OutgoingPayload(payload), flags: flags, patience: patience)
  }

  /// A request that changes something. What is lent to its payload is needed until it is answered or given up.
  public init(
    changing type: MessageType, _ payload: OutgoingPayload, flags: FrameFlags = [], patience: Duration? = nil
  ) {
    self.init(type: type, flags: flags, payload: payload, isMutation: true, patience: patience)
  }

  private init(type: MessageType, flags: FrameFlags, payload: OutgoingPayload, isMutation: Bool, patience: Duration?) {
    self.type = type
    self.flags = flags
    self.payload = payload
    self.isMutation = isMutation
    self.patience = patience
  }

  /// The frame to send; that of a mutation has the number `sequence`.
  func frame(epoch: UInt32, requestID: UInt64, sequence: UInt64?) -> OutgoingFrame {
    var payload = payload
    if let sequence { payload.replaceStart(by: sequence) }
    return OutgoingFrame(type, flags: flags, epoch: epoch, requestID: requestID, payload: payload)
  }
}
