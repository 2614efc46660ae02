public import Wire

/// A request about one model: its name.
public struct ModelRequest: MessageBody, Hashable, Sendable {
  /// The name.
  public var model: String

  /// The most bytes of a model's name.
  static let nameLimit = 128

  /// Asks about `model`.
  public init(model: String) { self.model = model }

  public init(from reader: inout MessageReader) throws(Refusal) {
    model = try reader.string(limit: Self.nameLimit)
  }

  public func write(to writer: inout MessageWriter) {
    writer.string(model)
  }
}

/// The models of a server: a list of {string name, u8 loaded, u8 frozen, u64 version}.
public struct ModelListReply: MessageBody, Hashable, Sendable {
  /// One model.
  public struct Entry: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Whether it is loaded; frozen and version say nothing otherwise.
    public var isLoaded: Bool
    /// Whether it scores but does not train.
    public var isFrozen: Bool
    /// The number of updates.
    public var version: UInt64

    /// The model `name`.
    public init(name: String, isLoaded: Bool, isFrozen: Bool, version: UInt64) {
      self.name = name
      self.isLoaded = isLoaded
      self.isFrozen = isFrozen
      self.version = version
    }
  }

  /// The models, in alphabetical order.
  public var models: [Entry]

  /// An answer.
  public init(models: [Entry]) { self.models = models }

  public init(from reader: inout MessageReader) throws(Refusal) {
    models = []
    for _ in 0..<(try reader.count(limit: 1 << 16, elementBytes: 12)) {
      models.append(
        Entry(
          name: try reader.string(limit: ModelRequest.nameLimit), isLoaded: try reader.flag(),
          isFrozen: try reader.flag(), version: try reader.integer()))
    }
  }

  public func write(to writer: inout MessageWriter) {
    writer.count(models.count)
    for model in models {
      writer.string(model.name)
      writer.flag(model.isLoaded)
      writer.flag(model.isFrozen)
      writer.integer(model.version)
    }
  }
}

/// What a client has to know to use a model.
///
///     u64 version, u32 features, u32 labels, u32 logits, u32 batch size
public struct ModelDescription: MessageBody, Hashable, Sendable {
  /// The number of updates.
  public var version: UInt64
  /// The features of one example.
  public var features: Int
  /// The labels of one example.
  public var labels: Int
  /// The logits of one example: 1, or one for each class.
  public var logits: Int
  /// The examples that the configuration trains at a time.
  public var batchSize: Int

  /// A description.
  public init(version: UInt64, features: Int, labels: Int, logits: Int, batchSize: Int) {
    self.version = version
    self.features = features
    self.labels = labels
    self.logits = logits
    self.batchSize = batchSize
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    version = try reader.integer()
    features = Int(try reader.integer(UInt32.self))
    labels = Int(try reader.integer(UInt32.self))
    logits = Int(try reader.integer(UInt32.self))
    batchSize = Int(try reader.integer(UInt32.self))
    guard features > 0, logits > 0, batchSize > 0 else {
      throw Refusal(
        .malformed, "a model of \(features) features and \(logits) logits that is trained by \(batchSize) examples")
    }
  }

  public func write(to writer: inout MessageWriter) {
    writer.integer(version)
    for number in [features, labels, logits, batchSize] { writer.integer(UInt32(number)) }
  }
}

/// Freezes a model or lets it train: string model, u8 frozen.
public struct SetStateRequest: MessageBody, Hashable, Sendable {
  /// The model.
  public var model: String
  /// Whether it scores but does not train.
  public var isFrozen: Bool

  /// Sets the state of `model`.
  public init(model: String, isFrozen: Bool) {
    self.model = model
    self.isFrozen = isFrozen
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    model = try reader.string(limit: ModelRequest.nameLimit)
    isFrozen = try reader.flag()
  }

  public func write(to writer: inout MessageWriter) {
    writer.string(model)
    writer.flag(isFrozen)
  }
}

/// Asks how far a stream is applied: string model, string source.
public struct OffsetRequest: MessageBody, Hashable, Sendable {
  /// The model.
  public var model: String
  /// The stream.
  public var source: String

  /// Asks about `source`.
  public init(model: String, source: String) {
    self.model = model
    self.source = source
  }

  public init(from reader: inout MessageReader) throws(Refusal) {
    model = try reader.string(limit: ModelRequest.nameLimit)
    source = try reader.string(limit: TrainBatchRequest.sourceLimit)
  }

  public func write(to writer: inout MessageWriter) {
    writer.string(model)
    writer.string(source)
  }
}

/// How far a stream is applied: u8 known, u64 end offset.
public struct OffsetReply: MessageBody, Hashable, Sendable {
  /// The end of what was applied, `nil` if nothing was.
  public var offset: UInt64?

  /// An answer.
  public init(offset: UInt64?) { self.offset = offset }

  public init(from reader: inout MessageReader) throws(Refusal) {
    let isKnown = try reader.flag()
    let end = try reader.integer(UInt64.self)
    offset = isKnown ? end : nil
  }

  public func write(to writer: inout MessageWriter) {
    writer.flag(offset != nil)
    writer.integer(offset ?? 0)
  }
}
