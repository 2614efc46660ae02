public import Wire

/// The first 40 bytes of every request that changes something.
///
///      0  8  sequence   1, 2, … of the client's session with this server; a repeated one is not executed again
///      8  4  model      the number that registering gave; 0 while registering
///     12  4  clock      how many clocks the sender has completed
///     16  8  source     names the stream that the batch is from; 0 for none
///     24  8  begin      the offset of the batch's first example
///     32  8  end        the offset after its last one
public struct Mutation: Hashable, Sendable {
  /// Which mutation of the session it is, from 1.
  public var sequence: UInt64
  /// The model's number on this server.
  public var model: UInt32
  /// The sender's clock.
  public var clock: UInt32
  /// The stream, or 0.
  public var source: UInt64
  /// The part of the stream.
  public var offsets: Range<UInt64>

  /// Mutation `sequence` of `model`.
  public init(
    sequence: UInt64, model: UInt32, clock: UInt32 = 0, source: UInt64 = 0, offsets: Range<UInt64> = 0..<0
  ) {
    self.sequence = sequence
    self.model = model
    self.clock = clock
    self.source = source
    self.offsets = offsets
  }

  /// Reads the next 40 bytes.
  public init(from reader: inout MessageReader) throws(Refusal) {
    sequence = try reader.integer()
    model = try reader.integer()
    clock = try reader.integer()
    source = try reader.integer()
    let (begin, end) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
    guard begin <= end, source != 0 || end == 0 else {
      throw Refusal(.malformed, "a batch from \(begin) to \(end) of source \(source)")
    }
    offsets = begin..<end
  }

  /// Appends the 40 bytes.
  public func write(to writer: inout MessageWriter) {
    writer.integer(sequence)
    writer.integer(model)
    writer.integer(clock)
    writer.integer(source)
    writer.integer(offsets.lowerBound)
    writer.integer(offsets.upperBound)
  }
}

/// The first 16 bytes of every request that reads a model.
///
///      0  4  model
///      4  4  clock      how many clocks the sender has completed
///      8  4  max wait   milliseconds to wait for slower workers
///     12  1  mode       0: the model's consistency, 1: whatever is there
///     13  3  0
public struct ReadPrefix: Hashable, Sendable {
  /// The model's number on this server.
  public var model: UInt32
  /// The sender's clock.
  public var clock: UInt32
  /// How long the answer may wait for slower workers, in milliseconds.
  public var maxWaitMilliseconds: UInt32
  /// Whether the answer waits for nobody.
  public var isUnordered: Bool

  /// The longest wait that is granted.
  public static let waitLimit: UInt32 = 30_000

  /// Reads `model`.
  public init(
    model: UInt32, clock: UInt32 = 0, maxWaitMilliseconds: UInt32 = ReadPrefix.waitLimit, isUnordered: Bool = false
  ) {
    self.model = model
    self.clock = clock
    self.maxWaitMilliseconds = maxWaitMilliseconds
    self.isUnordered = isUnordered
  }

  /// Reads the next 16 bytes.
  public init(from reader: inout MessageReader) throws(Refusal) {
    model = try reader.integer()
    clock = try reader.integer()
    maxWaitMilliseconds = min(try reader.integer(), Self.waitLimit)
    isUnordered = try reader.flag()
    try reader.zeros(3)
  }

  /// Appends the 16 bytes.
  public func write(to writer: inout MessageWriter) {
    writer.integer(model)
    writer.integer(clock)
    writer.integer(maxWaitMilliseconds)
    writer.flag(isUnordered)
    writer.zeros(3)
  }
}

/// The first 24 bytes of every answer about a model.
///
///      0  8  version      pushes applied
///      8  4  clock        the slowest worker's
///     12  1  ignored      1: the batch had been applied before, by its stream offsets
///     13  3  0
///     16  8  durable lsn  the last log record that is safely on disk
public struct ReplyPrefix: Hashable, Sendable {
  /// The number of pushes applied to the model on this server.
  public var version: UInt64
  /// The clock of the slowest worker.
  public var minimumClock: UInt32
  /// Whether the batch was part of what its stream had brought before, and was therefore ignored. A repeated mutation
  /// is answered as it was the first time.
  public var isIgnored: Bool
  /// The last record of the log that is on disk; 0 without a log.
  public var durableLSN: UInt64

  /// An answer at `version`.
  public init(version: UInt64 = 0, minimumClock: UInt32 = 0, isIgnored: Bool = false, durableLSN: UInt64 = 0) {
    self.version = version
    self.minimumClock = minimumClock
    self.isIgnored = isIgnored
    self.durableLSN = durableLSN
  }

  /// Reads the next 24 bytes.
  public init(from reader: inout MessageReader) throws(Refusal) {
    version = try reader.integer()
    minimumClock = try reader.integer()
    isIgnored = try reader.flag()
    try reader.zeros(3)
    durableLSN = try reader.integer()
  }

  /// Appends the 24 bytes.
  public func write(to writer: inout MessageWriter) {
    writer.integer(version)
    writer.integer(minimumClock)
    writer.flag(isIgnored)
    writer.zeros(3)
    writer.integer(durableLSN)
  }
}
