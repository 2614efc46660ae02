public import NIOCore
public import Wire

/// An answer with many values, which are copied part by part while it is sent: while the client receives one part, the next
/// is made, in memory that is still in the processor's caches.
///
/// The values are those of the moment as long as nothing else happens to the core: ``ServerCore/nextPart(of:)`` gives all
/// parts first.
public struct StreamedReply: Sendable {
  /// The header, with the length of all parts and no checksum.
  public let header: FrameHeader
  fileprivate let model: UInt32
  /// What comes before the values; nil when it is written.
  fileprivate var head: PullReply?
  fileprivate var cursor: PullCursor

  init(_ header: FrameHeader, model: UInt32, head: PullReply, values cursor: PullCursor) {
    self.header = header
    self.model = model
    self.head = head
    self.cursor = cursor
  }
}

extension ServerCore {
  /// The next part of the payload of `reply`; nil if there are no more.
  public func nextPart(of reply: inout StreamedReply) -> ByteBuffer? {
    guard reply.head != nil || !reply.cursor.isAtEnd, let store = stores[reply.model] else { return nil }
    var writer = MessageWriter(capacity: FrameParts.byteCount + Self.spareBytes)
    reply.head?.write(to: &writer)
    reply.head = nil
    store.tensors.write(&reply.cursor, atMost: FrameParts.byteCount, to: &writer, places: places)
    return writer.payload
  }

  /// The whole of `reply`.
  public func joined(_ reply: StreamedReply) -> Frame {
    var rest = reply
    return Frame(reply.header, joining: { nextPart(of: &rest) })
  }

  /// Copies the values of answers that are not sent yet, before they change.
  mutating func copyStreamedValues() {
    for index in effects.indices {
      guard case .stream(let reply, let connection) = effects[index] else { continue }
      effects[index] = .reply(joined(reply), to: connection)
    }
  }

  /// Room for the head, and for padding between arrays.
  private static var spareBytes: Int { 256 }
}
