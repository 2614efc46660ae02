/// A frame to be sent from where the pieces of its payload are.
public struct OutgoingFrame: Sendable {
  /// The header; the payload's checksum is taken, and put before or behind the payload, when the frame is sent.
  public let header: FrameHeader
  /// The payload.
  public let payload: OutgoingPayload

  /// A frame to send.
  public init(
    _ type: MessageType, flags: FrameFlags = [], epoch: UInt32 = 0, requestID: UInt64 = 0, payload: OutgoingPayload
  ) {
    header = FrameHeader(
      type: type, flags: flags, length: UInt32(payload.byteCount), epoch: epoch, requestID: requestID)
    self.payload = payload
  }

  /// The same as `frame`.
  public init(_ frame: Frame) {
    header = frame.header
    payload = OutgoingPayload(frame.payload)
  }

  /// The same frame with a payload of its own in one buffer.
  ///
  /// - Complexity: O(bytes of the payload).
  public var joined: Frame { Frame(header: sealedHeader, payload: payload.joined) }

  /// The header with the payload's checksum.
  ///
  /// - Complexity: O(bytes of the payload).
  var sealedHeader: FrameHeader {
    var header = header
    header.payloadChecksum = payload.checksum
    return header
  }
}
