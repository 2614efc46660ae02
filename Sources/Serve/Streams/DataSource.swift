/// Where examples come from, one pass at a time.
///
/// A source fills the caller's batch. Offsets count the examples of the current pass; ``DataFeed`` strings passes
/// together into one stream whose offsets never go back.
public protocol DataSource {
  /// A name that stays the same from run to run, such as `idx:images.gz,labels.gz`.
  var name: String { get }

  /// The shape of one example's features, if known before reading.
  var exampleShape: [Int]? { get }

  /// The labels of one example, 0 for none, if known before reading.
  var labelWidth: Int? { get }

  /// The number of examples in a pass, if known before reading.
  var count: Int? { get }

  /// False if a pass never ends.
  var isFinite: Bool { get }

  /// True if examples come as they happened and are never shuffled.
  var keepsOrder: Bool { get }

  /// True if the next example may still have to happen, so that asking for it can take long; there is one pass then.
  var isLive: Bool { get }

  /// Whether it is no error that a pass ended without an example; no other pass has one then.
  var mayBeEmpty: Bool { get }

  /// The offset of the next example in this pass.
  var position: UInt64 { get }

  /// What a user should know before learning from it.
  var notices: [String] { get }

  /// Where the example at `position` comes from, which the last batch had, for messages: its file and line, say.
  func origin(ofExample position: UInt64) -> String?

  /// Starts a pass.
  ///
  /// - Parameters:
  ///   - epoch: The number of the pass, from 0.
  ///   - seed: With the pass, it decides the order of the examples; nil keeps the order of the file.
  /// - Throws: ``DataError`` if the source cannot be read once more.
  mutating func reset(epoch: UInt64, seed: UInt64?) throws(DataError)

  /// Goes on to the example at `offset`, which is not behind ``position``.
  ///
  /// - Returns: The new position: less than `offset` if the pass ends before.
  mutating func skip(to offset: UInt64) throws(DataError) -> UInt64

  /// Fills `batch` with the next examples, `limit` of them unless the pass ends before.
  ///
  /// - Returns: False, and an empty batch, at the end of the pass.
  /// - Complexity: Sources in memory allocate nothing once the batch has grown to its size.
  mutating func next(into batch: inout Batch, upTo limit: Int) throws(DataError) -> Bool
}

extension DataSource {
  public var isLive: Bool { false }
  public var mayBeEmpty: Bool { false }
  public var notices: [String] { [] }
  public func origin(ofExample position: UInt64) -> String? { nil }

  /// The features of one example, if known before reading.
  public var width: Int? { exampleShape?.reduce(1, *) }
}
