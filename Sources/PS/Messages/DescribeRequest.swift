public import NIOCore
public import Wire

/// Asks for the model of a name: u16 length and UTF-8. The answer is a ``DescribeReply``, or error 302.
public struct DescribeRequest: Hashable, Sendable {
  /// The model's name.
  public var name: String

  /// Asks for the model `name`.
  public init(name: String) { self.name = name }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    name = try reader.string(limit: ModelSchema.nameLimit)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    writer.string(name)
    return writer.payload
  }
}

/// A model as a server has it, with its optimizers as they are now.
///
///     reply prefix, u32 model, u32 0, schema
public struct DescribeReply: Sendable {
  /// The state of the model.
  public var prefix: ReplyPrefix
  /// The model's number on this server.
  public var model: UInt32
  /// The model.
  public var schema: ModelSchema

  /// An answer.
  public init(prefix: ReplyPrefix, model: UInt32, schema: ModelSchema) {
    self.prefix = prefix
    self.model = model
    self.schema = schema
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    prefix = try ReplyPrefix(from: &reader)
    model = try reader.integer()
    try reader.zeros(4)
    schema = try ModelSchema(from: &reader)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter()
    prefix.write(to: &writer)
    writer.integer(model)
    writer.zeros(4)
    schema.write(to: &writer)
    return writer.payload
  }
}
