public import NIOCore
public import Wire

/// Asks a server to write a snapshot: u8 whether to wait until it is in place.
public struct SnapshotRequest: Hashable, Sendable {
  /// Whether the answer comes when the snapshot is in place, not when it is begun.
  public var waits: Bool

  /// A request.
  public init(waits: Bool) { self.waits = waits }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    waits = try reader.flag()
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.flag(waits)
    return writer.payload
  }
}

/// What became of a snapshot: u64 last record that it has, u64 bytes, 0 for one that is being written.
public struct SnapshotReply: Hashable, Sendable {
  /// The last record of the log that the snapshot has.
  public var lsn: UInt64
  /// The size of its file; 0 while it is being written.
  public var byteCount: UInt64

  /// An answer.
  public init(lsn: UInt64, byteCount: UInt64) {
    self.lsn = lsn
    self.byteCount = byteCount
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    lsn = try reader.integer()
    byteCount = try reader.integer()
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.integer(lsn)
    writer.integer(byteCount)
    return writer.payload
  }
}
