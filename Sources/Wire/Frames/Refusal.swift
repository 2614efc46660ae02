public import NIOCore

/// Why a request or a connection is refused: the payload of an error frame.
///
///     0  2  code         ``ErrorCode``
///     2  1  scope        0: the request, 1: the connection, which closes
///     3  1  retry        ``ErrorCode/Retry``
///     4  4  retry after  milliseconds
///     8  8  detail       a number that belongs to the code
///    16     text         a string of at most 512 bytes
public struct Refusal: Error, Hashable, Sendable {
  /// What is wrong.
  public var code: ErrorCode
  /// How long a client should wait before it tries again, in milliseconds.
  public var retryAfterMilliseconds: UInt32
  /// A number that belongs to the code, such as the offset that is stored.
  public var detail: UInt64
  /// Whether the connection closes.
  public var closesConnection: Bool
  /// What is wrong, for people: never a path of the server or what a client sent.
  public var text: String

  /// The most bytes of ``text`` on the wire.
  static let textLimit = 512

  /// Refuses with `code`; the connection closes if it says so, or `closing` does.
  public init(
    _ code: ErrorCode, closing: Bool? = nil, retryAfterMilliseconds: UInt32 = 0, detail: UInt64 = 0, _ text: String
  ) {
    self.code = code
    closesConnection = closing ?? code.closesConnection
    self.retryAfterMilliseconds = retryAfterMilliseconds
    self.detail = detail
    self.text = text
  }

  /// The error frame that answers the request `requestID`, or concerns the connection if that is 0.
  public func frame(answering type: MessageType, requestID: UInt64) -> Frame {
    var writer = MessageWriter()
    writer.integer(code.rawValue)
    writer.flag(closesConnection)
    writer.integer(code.retry.rawValue)
    writer.integer(retryAfterMilliseconds)
    writer.integer(detail)
    writer.string(String(decoding: text.utf8.prefix(Self.textLimit), as: UTF8.self))
    return Frame(type, flags: [.response, .error], requestID: requestID, payload: writer.payload)
  }

  /// Reads the payload of an error frame.
  ///
  /// - Throws: 300 if it is none.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    let number = try reader.integer(UInt16.self)
    guard let code = ErrorCode(rawValue: number) else {
      throw Refusal(.malformed, "the server answers with the unknown error \(number)")
    }
    self.code = code
    closesConnection = try reader.flag()
    _ = try reader.integer(UInt8.self)
    retryAfterMilliseconds = try reader.integer()
    detail = try reader.integer()
    // A text cut inside a character is a few bytes longer.
    text = try reader.string(limit: Self.textLimit + 8)
    try reader.finish()
  }
}

extension Refusal: CustomStringConvertible {
  public var description: String { "\(text) (\(code), error \(code.rawValue))" }
}
