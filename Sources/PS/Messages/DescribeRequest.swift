public import Wire

/// Asks for the model of a name: u16 length and UTF-8. The answer is a ``DescribeReply``, or error 302.
public struct DescribeRequest: MessageBody, Hashable, Sendable {
  /// The model's name.
  public var name: String

  /// Asks for the model `name`.
  public init(name: String) { self.name = name }

  public init(from reader: inout MessageReader) throws(Refusal) {
    name = try reader.string(limit: ModelSchema.nameLimit)
  }

  public func write(to writer: inout MessageWriter) {
    writer.string(name)
  }
}

/// A model as a server has it, with its optimizers as they are now.
///
///     reply prefix, u32 model, u32 0, schema
public struct DescribeReply: MessageBody, Sendable {
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

  public init(from reader: inout MessageReader) throws(Refusal) {
    prefix = try ReplyPrefix(from: &reader)
    model = try reader.integer()
    try reader.zeros(4)
    schema = try ModelSchema(from: &reader)
  }

  public func write(to writer: inout MessageWriter) {
    prefix.write(to: &writer)
    writer.integer(model)
    writer.zeros(4)
    schema.write(to: &writer)
  }
}
