public import NIOCore
public import Wire

/// One step of a server's history. Replaying the records of a log in order gives the same state to the last bit.
///
/// What was pushed is kept as it arrived, with the checksum that its sender computed.
public struct LogRecord: Sendable {
  /// What a record says, by number; a number is never used for anything else.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// Gradients: the payload of a push.
    case push = 1
    /// A model: the payload of its registration.
    case register = 2
    /// A worker completed a clock: a ``Mutation``.
    case clock = 3
    /// A session begins in its slot, and ends the one that had it: the client's sixteen bytes.
    case session = 4
    /// A mutation that changes no value: a ``Refusal``, or nothing for a part of a stream that was applied before.
    case skip = 5
    /// All workers completed a clock, whose gradients are applied: nothing. Its number is the record's sequence.
    case closeClock = 10
    /// New hyper-parameters: the payload of the request.
    case setHyperparameters = 11
    /// New values: the payload of the request.
    case putValues = 12
    /// A model is gone: a ``Mutation``.
    case dropModel = 13
  }

  /// How a record is to be taken.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    /// The flags with these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It must be on disk before it is acknowledged, whatever the policy.
    public static let needsSync = Flags(rawValue: 1 << 0)
    /// The mutation also completes its sender's clock.
    public static let completesClock = Flags(rawValue: 1 << 1)
    /// The gradients were applied before, as a part of their stream.
    public static let isDuplicate = Flags(rawValue: 1 << 2)
    /// The registration lets its client bring the model's values, and discards those that it has.
    public static let grantsLease = Flags(rawValue: 1 << 3)
  }

  /// Log sequence number: 1, 2, …
  public var lsn: UInt64
  /// What the record says.
  public var kind: Kind
  /// How it is to be taken.
  public var flags: Flags
  /// The type of the message that it comes from.
  public var type: MessageType
  /// The model, or 0.
  public var model: UInt32
  /// The slot of the session whose mutation it is.
  public var session: UInt32
  /// The mutation's number in its session.
  public var sequence: UInt64
  /// What belongs to the kind.
  public var payload: ByteBuffer
  /// The CRC-32C of ``payload``.
  public var payloadChecksum: UInt32

  /// The slot of records that belong to no session.
  public static let noSession = UInt32.max

  /// A record. Without a checksum, that of the payload is taken.
  public init(
    lsn: UInt64, kind: Kind, flags: Flags = [], type: MessageType = MessageType(rawValue: 0), model: UInt32 = 0,
    session: UInt32 = LogRecord.noSession, sequence: UInt64 = 0, payload: ByteBuffer, payloadChecksum: UInt32? = nil
  ) {
    self.lsn = lsn
    self.kind = kind
    self.flags = flags
    self.type = type
    self.model = model
    self.session = session
    self.sequence = sequence
    self.payload = payload
    self.payloadChecksum =
      payloadChecksum ?? payload.checksum(at: payload.readerIndex, length: payload.readableBytes)
  }
}
