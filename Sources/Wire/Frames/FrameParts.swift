public import NIOCore

/// The bytes of a frame in the parts in which they are sent.
///
/// A long frame whose checksum follows its payload leaves part by part: while the other end receives one, the checksum of
/// the next is taken, which otherwise is one more way through all of the payload before its first byte can leave.
public struct FrameParts: Sendable {
  /// The header that was not handed out yet.
  private var header: FrameHeader?
  /// The pieces that were not handed out yet.
  private var pieces: ArraySlice<OutgoingPayload.Piece>
  private var checksum: UInt32 = 0
  private let checksumFollows: Bool

  /// The shortest payload that is worth more than one part.
  public static let leastDivided = 64 << 10
  /// The bytes of the payload in the first part: few, so that who waits for them wakes up early.
  private static let firstByteCount = 16 << 10
  /// The bytes in each further part, which stay in the processor's caches between two passes: a little less than 128 KiB, so
  /// that they fill two of the segments that TCP makes of 65,483 bytes on one machine, and no third one with a few bytes.
  public static let byteCount = (128 << 10) - 128

  /// The parts of `frame`.
  ///
  /// - Parameter divides: Whether the other end takes checksums behind payloads.
  public init(_ frame: OutgoingFrame, divides: Bool) {
    checksumFollows = divides && frame.payload.byteCount >= Self.leastDivided
    header = checksumFollows ? frame.header.announcingChecksum : frame.sealedHeader
    pieces = frame.payload.pieces[...]
  }

  /// The pieces of the next part; nil if there are no more.
  public mutating func next() -> [OutgoingPayload.Piece]? {
    var part: [OutgoingPayload.Piece] = []
    var room = checksumFollows ? Self.byteCount : Int.max
    if let header {
      part.append(.written(header.bytes))
      if checksumFollows { room = Self.firstByteCount }
      self.header = nil
    } else if pieces.isEmpty {
      return nil
    }
    while room > 0, let piece = pieces.popFirst() {
      let taken = piece.prefix(room)
      if checksumFollows { checksum = taken.checksum(continuing: checksum) }
      part.append(taken)
      room -= taken.byteCount
      if taken.byteCount < piece.byteCount { pieces.insert(piece.dropFirst(taken.byteCount), at: pieces.startIndex) }
    }
    if checksumFollows, pieces.isEmpty { part.append(.written(FrameHeader.bytes(ofTrailing: checksum))) }
    return part
  }

  /// The same parts where nobody else can change them.
  public var owned: FrameParts {
    var owned = self
    owned.pieces = pieces.map(\.owned)[...]
    return owned
  }
}

extension FrameHeader {
  /// The same header of a frame whose checksum follows the payload.
  public var announcingChecksum: FrameHeader {
    var header = self
    header.flags.insert(.checksumFollows)
    header.payloadChecksum = 0
    return header
  }

  /// The bytes behind a payload of which `checksum` is the checksum.
  public static func bytes(ofTrailing checksum: UInt32) -> ByteBuffer {
    ByteBuffer(integer: checksum, endianness: .little)
  }
}
