/// How far each stream of examples is applied, of the streams that were applied last.
package struct StreamEnds: Sendable {
  private struct Stream: Sendable {
    var end: UInt64
    /// Grows with each batch of any stream, to forget the streams that ended longest ago.
    var turn: UInt64
  }

  private var streams: [String: Stream] = [:]
  private var lastTurn: UInt64 = 0
  private var byteCount = 0
  private let byteLimit: Int

  /// The most streams: as many as a parameter server remembers.
  package static let limit = 1 << 16

  /// No stream yet.
  ///
  /// - Parameter byteLimit: The most bytes that streams take in the header of a file, which is read up to 100 MB. By
  ///   default enough for as many as there may be with names of 1,024 bytes, unless most of these need escapes there.
  package init(byteLimit: Int = 80_000_000) { self.byteLimit = byteLimit }

  /// The end of what was applied of the stream called `name`, or `nil` if it is not known.
  package subscript(name: String) -> UInt64? { streams[name]?.end }

  /// The end of what was applied of each stream, by name.
  package var byName: [String: UInt64] { streams.mapValues(\.end) }

  /// The same, in the order in which the streams were applied last: whoever notes them in this order forgets alike.
  package var inOrder: [(name: String, end: UInt64)] {
    streams.sorted { $0.value.turn < $1.value.turn }.map { ($0.key, $0.value.end) }
  }

  /// Notes that the stream called `name` is applied up to `end`. If there are too many, those that were applied longest
  /// ago are forgotten.
  package mutating func advance(_ name: String, to end: UInt64) {
    lastTurn += 1
    guard streams.updateValue(Stream(end: end, turn: lastTurn), forKey: name) == nil else { return }
    byteCount += Self.byteCount(of: name)
    while streams.count > Self.limit || byteCount > byteLimit,
      let oldest = streams.min(by: { $0.value.turn < $1.value.turn })
    {
      streams[oldest.key] = nil
      byteCount -= Self.byteCount(of: oldest.key)
    }
  }

  /// The bytes that a stream takes in the header of a file, at most.
  private static func byteCount(of name: String) -> Int {
    SafetensorsHeader.byteCount(ofMetadata: StoreReader.sourcePrefix + name, value: String(UInt64.max))
  }
}
