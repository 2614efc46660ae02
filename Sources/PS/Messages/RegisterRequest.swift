public import Wire

/// Creates a model, or finds the one that was registered first under its name.
///
///     mutation, u32 rank (2^32 - 1: none), u8 brings values, 3 × 0, schema
public struct RegisterRequest: Sendable {
  /// The worker's number among those that keep in step; `nil` for somebody who does not push under BSP or SSP.
  public var rank: Int?
  /// Whether a model that is created waits for values from this client before anybody else uses it.
  public var bringsValues: Bool
  /// The model.
  public var schema: ModelSchema

  /// Registers `schema`.
  public init(rank: Int?, bringsValues: Bool, schema: ModelSchema) {
    self.rank = rank
    self.bringsValues = bringsValues
    self.schema = schema
  }

  /// Reads what follows the mutation.
  public init(from reader: inout MessageReader) throws(Refusal) {
    let rank = try reader.integer(UInt32.self)
    self.rank = rank == .max ? nil : Int(rank)
    bringsValues = try reader.flag()
    try reader.zeros(3)
    schema = try ModelSchema(from: &reader)
    try reader.finish()
    guard self.rank ?? 0 < schema.workers else {
      throw Refusal(.limit, "rank \(rank) of \(schema.workers) workers; ranks count from 0")
    }
  }

  /// Appends what follows the mutation.
  public func write(to writer: inout MessageWriter) {
    writer.integer(rank.map(UInt32.init) ?? .max)
    writer.flag(bringsValues)
    writer.zeros(3)
    schema.write(to: &writer)
  }
}

/// The answer to a registration. Its prefix says as the clock the one that the worker goes on with: its own, or that of
/// the slowest if that is further.
///
///     reply prefix, u32 model, u8 created, u8 expects values, u16 0, u64 schema hash
public struct RegisterReply: Hashable, Sendable {
  /// The state of the model.
  public var prefix: ReplyPrefix
  /// The model's number on this server.
  public var model: UInt32
  /// Whether this registration created it.
  public var isCreated: Bool
  /// Whether this client has to send its values now, which others wait for.
  public var expectsValues: Bool
  /// The schema's ``ModelSchema/hash``.
  public var schemaHash: UInt64

  /// An answer.
  public init(prefix: ReplyPrefix, model: UInt32, isCreated: Bool, expectsValues: Bool, schemaHash: UInt64) {
    self.prefix = prefix
    self.model = model
    self.isCreated = isCreated
    self.expectsValues = expectsValues
    self.schemaHash = schemaHash
  }

  /// Reads an answer.
  public init(from reader: inout MessageReader) throws(Refusal) {
    prefix = try ReplyPrefix(from: &reader)
    model = try reader.integer()
    isCreated = try reader.flag()
    expectsValues = try reader.flag()
    try reader.zeros(2)
    schemaHash = try reader.integer()
    try reader.finish()
  }

  /// Appends the answer.
  public func write(to writer: inout MessageWriter) {
    prefix.write(to: &writer)
    writer.integer(model)
    writer.flag(isCreated)
    writer.flag(expectsValues)
    writer.zeros(2)
    writer.integer(schemaHash)
  }
}
