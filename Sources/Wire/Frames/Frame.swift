public import NIOCore

/// One message on a connection: a header and its payload.
public struct Frame: Hashable, Sendable {
  /// The header; its length and checksum are the payload's.
  public let header: FrameHeader
  /// The payload, from index 0 of a buffer of its own, so that arrays in it are aligned.
  public let payload: ByteBuffer

  /// A frame to send.
  ///
  /// - Complexity: O(bytes of `payload`), for the checksum.
  public init(
    _ type: MessageType, flags: FrameFlags = [], epoch: UInt32 = 0, requestID: UInt64 = 0,
    payload: ByteBuffer = ByteBuffer()
  ) {
    header = FrameHeader(
      type: type, flags: flags, length: UInt32(payload.readableBytes), epoch: epoch, requestID: requestID,
      payloadChecksum: payload.checksum(at: payload.readerIndex, length: payload.readableBytes))
    self.payload = payload
  }

  /// The frame with `header`, whose checksum is not taken yet, and a payload of the parts that `next` gives before nil.
  ///
  /// - Complexity: O(bytes of the payload).
  public init(_ header: FrameHeader, joining next: () -> ByteBuffer?) {
    var payload = ByteBufferAllocator().buffer(capacity: Int(header.length))
    while var part = next() { payload.writeBuffer(&part) }
    self.init(header.type, flags: header.flags, epoch: header.epoch, requestID: header.requestID, payload: payload)
  }

  /// A frame whose header fits its payload.
  init(header: FrameHeader, payload: ByteBuffer) {
    self.header = header
    self.payload = payload
  }

  /// The same payload under another request number, as one connection after another needs it. Costs nothing.
  public func numbered(_ requestID: UInt64) -> Frame {
    var header = header
    header.requestID = requestID
    return Frame(header: header, payload: payload)
  }

  /// The same frame with `flags` as well. Costs nothing.
  public func flagged(_ flags: FrameFlags) -> Frame {
    var header = header
    header.flags.formUnion(flags)
    return Frame(header: header, payload: payload)
  }

  /// The bytes on the wire.
  public var byteCount: Int { FrameHeader.byteCount + payload.readableBytes }

  /// The header's bytes, to be sent before the payload.
  public var headerBytes: ByteBuffer { header.bytes }
}
