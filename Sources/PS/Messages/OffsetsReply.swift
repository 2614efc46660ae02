public import Wire

/// How far the streams of a model are applied: a list of {u64 source, u64 end offset}.
public struct OffsetsReply: MessageBody, Hashable, Sendable {
  /// The end of what was applied, by stream.
  public var offsets: [UInt64: UInt64]

  /// An answer.
  public init(offsets: [UInt64: UInt64]) { self.offsets = offsets }

  /// The most streams of a model.
  public static let limit = 1 << 16

  public init(from reader: inout MessageReader) throws(Refusal) {
    offsets = [:]
    for _ in 0..<(try reader.count(limit: Self.limit, elementBytes: 16)) {
      offsets[try reader.integer()] = try reader.integer(UInt64.self)
    }
  }

  public func write(to writer: inout MessageWriter) {
    writer.count(offsets.count)
    for (source, offset) in offsets.sorted(by: { $0.key < $1.key }) {
      writer.integer(source)
      writer.integer(offset)
    }
  }
}
