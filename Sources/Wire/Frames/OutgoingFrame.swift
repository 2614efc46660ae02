/// A frame to be sent from where the pieces of its payload are.
public struct OutgoingFrame: Sendable {
  /// The header; its length and checksum are the payload's.
  public let header: FrameHeader
  /// The payload.
  public let payload: OutgoingPayload

  /// A frame to send.
  ///
  /// - Complexity: O(bytes of `payload`), for the checksum.
  public init(
    _ type: MessageType, flags: FrameFlags = [], epoch: UInt32 = 0, requestID: UInt64 = 0, payload: OutgoingPayload
  ) {
    header = FrameHeader(
      type: type, flags: flags, length: UInt32(payload.byteCount), epoch: epoch, requestID: requestID,
      payloadChecksum: payload.checksum)
    self.payload = payload
  }

  /// The same as `frame`.
  public init(_ frame: Frame) {
    header = frame.header
    payload = OutgoingPayload(frame.payload)
  }

  /// The same frame with a payload of its own in one buffer.
  public var joined: Frame { Frame(header: header, payload: payload.joined) }
}
