public import NIOCore
public import Wire

/// A client's connection, as its service sees it, on the service's event loop.
public final class ServiceConnection {
  /// Another number for each connection of a listener.
  public let id: UInt64
  /// Who the client is.
  public let client: ClientIdentity

  private let channel: ServerChannel

  init(_ client: ClientIdentity, on channel: ServerChannel) {
    id = channel.id
    self.client = client
    self.channel = channel
  }

  /// Answers the request of the same number, which is in flight.
  ///
  /// Answers that are given while a request is received leave when no other request is there to be received, others in
  /// the next turn of the event loop. A reply that is larger than the client takes becomes error 308.
  public func reply(_ frame: Frame) { channel.reply(frame) }

  /// Answers the request of the same number with a payload that is made while it is sent.
  ///
  /// - Parameters:
  ///   - header: The header, with the length of the payload, which is not more than the client takes, and no checksum.
  ///   - next: Gives the parts of the payload, then nil, all before this returns.
  public func reply(_ header: FrameHeader, next: () -> ByteBuffer?) {
    if client.features.contains(.trailingChecksums) {
      channel.reply(header, next: next)
    } else {
      reply(Frame(header, joining: next))
    }
  }

  /// Refuses a request; the connection closes afterwards if the refusal says so.
  public func refuse(_ refusal: Refusal, answering request: FrameHeader) {
    channel.reply(refusal.frame(answering: request.type, requestID: request.requestID))
    if refusal.closesConnection { channel.end(nil) }
  }

  /// Closes the connection, saying why if there is a reason.
  public func close(_ refusal: Refusal? = nil) { channel.end(refusal) }
}
