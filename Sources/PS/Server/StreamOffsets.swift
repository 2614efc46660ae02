import Wire

/// How far each stream of examples is applied.
struct StreamOffsets: Sendable {
  private struct Stream: Sendable {
    var end: UInt64
    /// When it was last applied, to forget the streams that ended longest ago.
    var lsn: UInt64
  }

  private var streams: [UInt64: Stream] = [:]

  /// The end of what was applied of each stream.
  var ends: [UInt64: UInt64] { streams.mapValues(\.end) }

  /// Whether `mutation` has the first batch of a stream.
  func isFirst(_ mutation: Mutation) -> Bool { mutation.source != 0 && streams[mutation.source] == nil }

  /// Whether the batch of `mutation` follows what was applied of its stream, false if it was applied already.
  ///
  /// - Throws: 407 for a gap before it, 408 for a batch that was applied in part; the detail is the end applied.
  func isNew(_ mutation: Mutation) throws(Refusal) -> Bool {
    guard mutation.source != 0, let stream = streams[mutation.source] else { return true }
    let offsets = mutation.offsets
    if offsets.upperBound <= stream.end { return false }
    if offsets.lowerBound > stream.end {
      throw Refusal(
        .offsetGap, detail: stream.end, "a batch from \(offsets.lowerBound) on, but only \(stream.end) is applied")
    }
    if offsets.lowerBound < stream.end {
      throw Refusal(
        .offsetOverlap, detail: stream.end,
        "a batch from \(offsets.lowerBound) to \(offsets.upperBound), of which \(stream.end) is applied")
    }
    return true
  }

  /// Notes that the batch of `mutation` is applied. The stream that was applied longest ago gives way to a new one when
  /// there are ``OffsetsReply/limit``.
  mutating func advance(by mutation: Mutation, lsn: UInt64) {
    guard mutation.source != 0 else { return }
    if streams.count >= OffsetsReply.limit, streams[mutation.source] == nil,
      let oldest = streams.min(by: { $0.value.lsn < $1.value.lsn })
    {
      streams[oldest.key] = nil
    }
    streams[mutation.source] = Stream(end: mutation.offsets.upperBound, lsn: lsn)
  }
}

extension StreamOffsets {
  /// Appends the streams by their numbers, for a snapshot: a list of {u64 source, u64 end, u64 LSN}.
  func write(to writer: inout MessageWriter) {
    writer.count(streams.count)
    for (source, stream) in streams.sorted(by: { $0.key < $1.key }) {
      writer.integer(source)
      writer.integer(stream.end)
      writer.integer(stream.lsn)
    }
  }

  /// Reads streams.
  init(from reader: inout MessageReader) throws(Refusal) {
    for _ in 0..<(try reader.count(limit: OffsetsReply.limit, elementBytes: 24)) {
      let source = try reader.integer(UInt64.self)
      streams[source] = Stream(end: try reader.integer(), lsn: try reader.integer())
    }
  }
}
