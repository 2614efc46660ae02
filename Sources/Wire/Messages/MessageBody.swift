public import NIOCore

/// A message of which every byte of a payload is read and written field by field.
public protocol MessageBody {
  /// Reads the fields.
  init(from reader: inout MessageReader) throws(Refusal)

  /// Appends the fields.
  func write(to writer: inout MessageWriter)
}

extension MessageBody {
  /// Reads a payload, all of it.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    try self.init(from: &reader)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    write(to: &writer)
    return writer.payload
  }
}
