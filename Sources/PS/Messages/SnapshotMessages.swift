public import Wire

/// Asks a server to write a snapshot: u8 whether to wait until it is in place.
public struct SnapshotRequest: MessageBody, Hashable, Sendable {
  /// Whether the answer comes when the snapshot is in place, not when it is begun.
  public var waits: Bool

  /// A request.
  public init(waits: Bool) { self.waits = waits }

  public init(from reader: inout MessageReader) throws(Refusal) {
    waits = try reader.flag()
  }

  public func write(to writer: inout MessageWriter) {
    writer.flag(waits)
  }
}

/// What became of a snapshot: u64 last record that it has, u64 bytes, 0 for one that is being written.
public struct SnapshotReply: MessageBody, Hashable, Sendable {
  /// The last record of the log that the snapshot has.
  public var lsn: UInt64
  /// The size of its file; 0 while it is being written.
  public var byteCount: UInt64

  /// An answer.
  public init(lsn: UInt64, byteCount: UInt64) {
    self.lsn = lsn
    self.byteCount = byteCount
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    lsn = try reader.integer()
    byteCount = try reader.integer()
  }

  public func write(to writer: inout MessageWriter) {
    writer.integer(lsn)
    writer.integer(byteCount)
  }
}
