public import NIOCore

/// A server's wish that its clients leave (6 bytes): it answers what it has, and takes nothing more.
public struct GoAway: Hashable, Sendable {
  /// Why: the number of an ``ErrorCode``.
  public var reason: UInt16
  /// How long a client should wait before it connects again, in milliseconds.
  public var retryAfterMilliseconds: UInt32

  /// A wish for this reason.
  public init(reason: ErrorCode = .draining, retryAfterMilliseconds: UInt32 = 0) {
    self.reason = reason.rawValue
    self.retryAfterMilliseconds = retryAfterMilliseconds
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 6)
    writer.integer(reason)
    writer.integer(retryAfterMilliseconds)
    return writer.payload
  }

  /// Reads a payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    reason = try reader.integer()
    retryAfterMilliseconds = try reader.integer()
    try reader.finish()
  }
}
