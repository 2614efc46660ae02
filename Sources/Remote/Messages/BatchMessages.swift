import Kernels
public import NIOCore
public import PS
public import Serve
public import Wire

/// A batch to learn from.
///
///     string model, string source (empty: none), u64 begin, u64 end, u32 deadline in ms (0: the server's),
///     u32 examples, u32 features, u32 labels, f32[examples × features] x, f32[examples × labels] y
public struct TrainBatchRequest: Sendable {
  /// The model.
  public var model: String
  /// The stream that the batch is from; empty if it is from none.
  public var source: String
  /// The part of the stream that it is.
  public var offsets: Range<UInt64>
  /// How long it may wait for its turn; 0 for as long as the server says.
  public var deadlineMilliseconds: UInt32
  /// The examples and labels.
  public var batch: Batch

  /// The most bytes of the name of a stream.
  static let sourceLimit = TrainRequest.sourceNameLimit

  /// Learns from `batch`.
  public init(
    model: String, source: String = "", offsets: Range<UInt64> = 0..<0, deadlineMilliseconds: UInt32 = 0, batch: Batch
  ) {
    self.model = model
    self.source = source
    self.offsets = offsets
    self.deadlineMilliseconds = deadlineMilliseconds
    self.batch = batch
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    model = try reader.string(limit: ModelRequest.nameLimit)
    source = try reader.string(limit: Self.sourceLimit)
    let (begin, end) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
    guard source.isEmpty ? begin == 0 && end == 0 : begin < end else {
      throw Refusal(.malformed, "offsets \(begin)..<\(end); a source needs a begin below its end, no source has 0")
    }
    offsets = begin..<end
    deadlineMilliseconds = try reader.integer()
    batch = try reader.batch(hasLabels: true)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 256 + 4 * (batch.x.count + batch.y.count))
    writer.string(model)
    writer.string(source)
    writer.integer(offsets.lowerBound)
    writer.integer(offsets.upperBound)
    writer.integer(deadlineMilliseconds)
    writer.batch(batch, hasLabels: true)
    return writer.payload
  }
}

/// What came of a batch.
///
///     u64 version, f32 loss before the update, u8 duplicate, 3 × 0, u32 step in µs, figures
public struct TrainBatchReply: Hashable, Sendable {
  /// The version of the parameters that the batch is part of.
  public var version: UInt64
  /// The loss before the update; NaN for a duplicate.
  public var loss: Float
  /// Whether the batch had been applied before.
  public var isDuplicate: Bool
  /// How long the step took, without waiting.
  public var stepMicroseconds: UInt32
  /// The batch's own figures, then the model's.
  public var figures: [FiguresReply.Figure]

  /// An answer.
  public init(
    version: UInt64, loss: Float, isDuplicate: Bool, stepMicroseconds: UInt32, figures: [FiguresReply.Figure]
  ) {
    self.version = version
    self.loss = loss
    self.isDuplicate = isDuplicate
    self.stepMicroseconds = stepMicroseconds
    self.figures = figures
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    version = try reader.integer()
    loss = try reader.float()
    isDuplicate = try reader.flag()
    try reader.zeros(3)
    stepMicroseconds = try reader.integer()
    figures = try reader.figures()
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 512)
    writer.integer(version)
    writer.float(loss)
    writer.flag(isDuplicate)
    writer.zeros(3)
    writer.integer(stepMicroseconds)
    writer.figures(figures)
    return writer.payload
  }
}

/// Examples to score.
///
///     string model, u64 minimum version, u32 deadline in ms (0: the server's), u32 examples, u32 features,
///     f32[examples × features] x
public struct ScoreBatchRequest: Sendable {
  /// The model.
  public var model: String
  /// The version that the parameters must have reached.
  public var minimumVersion: UInt64
  /// How long it may wait for its turn; 0 for as long as the server says.
  public var deadlineMilliseconds: UInt32
  /// The examples; labels are not sent.
  public var batch: Batch

  /// Scores `batch`.
  public init(model: String, minimumVersion: UInt64 = 0, deadlineMilliseconds: UInt32 = 0, batch: Batch) {
    self.model = model
    self.minimumVersion = minimumVersion
    self.deadlineMilliseconds = deadlineMilliseconds
    self.batch = batch
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    model = try reader.string(limit: ModelRequest.nameLimit)
    minimumVersion = try reader.integer()
    deadlineMilliseconds = try reader.integer()
    batch = try reader.batch(hasLabels: false)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 256 + 4 * batch.x.count)
    writer.string(model)
    writer.integer(minimumVersion)
    writer.integer(deadlineMilliseconds)
    writer.batch(batch, hasLabels: false)
    return writer.payload
  }
}

/// Scores: u64 version, u32 examples, u32 classes, f32[examples × classes] probabilities.
public struct ScoreBatchReply: Hashable, Sendable {
  /// The version of the parameters.
  public var version: UInt64
  /// The probabilities of one example: 1, of label 1, or one for each class.
  public var classes: Int
  /// The probabilities, row-major, `[examples, classes]`.
  public var probabilities: [Float]

  /// An answer.
  public init(version: UInt64, classes: Int, probabilities: [Float]) {
    self.version = version
    self.classes = classes
    self.probabilities = probabilities
  }

  /// Reads the payload.
  public init(reading payload: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(payload)
    version = try reader.integer()
    let (examples, classes) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
    self.classes = classes
    probabilities = try reader.matrix(examples, classes)
    try reader.finish()
  }

  /// The payload.
  public var payload: ByteBuffer {
    var writer = MessageWriter(capacity: 32 + 4 * probabilities.count)
    writer.integer(version)
    writer.integer(UInt32(probabilities.count / max(1, classes)))
    writer.integer(UInt32(classes))
    probabilities.withReadOnlyView { writer.array($0) }
    return writer.payload
  }
}

extension MessageReader {
  fileprivate mutating func batch(hasLabels: Bool) throws(Refusal) -> Batch {
    let (examples, features) = (Int(try integer(UInt32.self)), Int(try integer(UInt32.self)))
    let labels = hasLabels ? Int(try integer(UInt32.self)) : 0
    // The arrays are checked against what is there before anything is allocated.
    let x = try matrix(examples, features)
    let y = hasLabels ? try matrix(examples, labels) : []
    // Examples without features or labels take no bytes, however many they are.
    guard examples == 0 || features > 0 && (labels > 0 || !hasLabels) else {
      throw Refusal(.malformed, "\(examples) examples of \(features) features and \(labels) labels")
    }
    return Batch(examples: examples, x: x, y: y)
  }

  fileprivate mutating func matrix(_ rows: Int, _ columns: Int) throws(Refusal) -> [Float] {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow else { throw Refusal(.malformed, "\(rows) × \(columns) numbers") }
    return try array(of: Float.self, count: count).array
  }
}

extension MessageWriter {
  fileprivate mutating func batch(_ batch: Batch, hasLabels: Bool) {
    integer(UInt32(batch.examples))
    integer(UInt32(batch.width))
    if hasLabels { integer(UInt32(batch.labelWidth)) }
    batch.x.withReadOnlyView { array($0) }
    if hasLabels { batch.y.withReadOnlyView { array($0) } }
  }
}
