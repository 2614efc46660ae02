/// Passes over a source, strung together into one ordered stream.
///
/// Offsets count the examples of all passes, so that they never go back and one number says where to resume. Of a live
/// source they count those of earlier runs as well: what it gives is new, so none of it is skipped.
public struct DataFeed {
  /// The source.
  public private(set) var source: any DataSource
  /// The number of the current pass, from 0.
  public private(set) var epoch: UInt64 = 0

  private let passes: UInt64
  private let seed: UInt64?
  private let limit: UInt64
  private var passStart: UInt64 = 0

  /// Starts at the beginning, or at `offset` to resume.
  ///
  /// - Parameters:
  ///   - passes: How often to go through the source; `.max` for as often as it can be gone through, a live one once.
  ///   - seed: Decides the order of each pass; nil keeps the order of the file, as streams always do.
  ///   - limit: The stream ends before this offset.
  ///   - offset: The `end` of the last batch of an earlier run with the same source and seed; a live source goes on
  ///     with whatever it gives.
  /// - Throws: ``DataError``, also if the source is live and wanted several times.
  public init(
    _ source: any DataSource, passes: UInt64 = 1, seed: UInt64? = nil, limit: UInt64 = .max,
    resumingAt offset: UInt64 = 0
  ) throws(DataError) {
    guard passes <= 1 || passes == .max || !source.isLive else {
      throw DataError(source.name, .usage("it can be read only once"))
    }
    self.source = source
    self.passes = source.isLive ? min(passes, 1) : passes
    self.seed = source.keepsOrder ? nil : seed
    self.limit = limit
    if source.isLive {
      passStart = offset
    } else if let count = source.count, count > 0 {
      epoch = offset / UInt64(count)
      passStart = epoch * UInt64(count)
    }
    guard epoch < passes else { return }
    try self.source.reset(epoch: epoch, seed: self.seed)
    while passStart < offset, self.offset < offset {
      let wanted = offset - passStart
      guard try self.source.skip(to: wanted) < wanted else { break }
      guard try startNextPass() else { break }
    }
  }

  /// The offset of the next example.
  public var offset: UInt64 { passStart + (epoch < passes ? source.position : 0) }

  /// The number of examples in all passes, if known.
  public var count: UInt64? {
    guard let count = source.count else { return limit < .max ? limit : nil }
    let (all, overflow) = UInt64(count).multipliedReportingOverflow(by: passes)
    return min(limit, overflow ? .max : all)
  }

  /// The number of examples in `steps` batches of `batch`, or in all passes if these are fewer; `nil` if it is not
  /// known, or more than can be counted.
  public func goal(steps: UInt64?, batch: Int) -> UInt64? {
    let (ofSteps, overflow) = (steps ?? UInt64.max).multipliedReportingOverflow(by: UInt64(batch))
    let fewest = min(count ?? .max, overflow ? .max : ofSteps)
    return fewest < .max ? fewest : nil
  }

  /// Fills `batch` with the next examples, `limit` of them unless the pass ends before; a batch is never of two passes.
  ///
  /// - Returns: False, and an empty batch, at the end of the last pass.
  /// - Throws: ``DataError``, also if the source holds no example at all and is no part of one that does.
  public mutating func next(into batch: inout Batch, upTo limit: Int) throws(DataError) -> Bool {
    while epoch < passes, offset < self.limit {
      let wanted = Int(min(UInt64(limit), self.limit - offset))
      if try source.next(into: &batch, upTo: wanted) {
        batch.begin += passStart
        batch.end += passStart
        return true
      }
      guard try startNextPass() else { break }
    }
    batch.resize(examples: 0, width: batch.width, labelWidth: batch.labelWidth)
    batch.begin = offset
    batch.end = offset
    return false
  }

  /// Where the example at `offset` comes from, which the last batch had, for messages, if that is known.
  func origin(ofExample offset: UInt64) -> String? {
    offset < passStart ? nil : source.origin(ofExample: offset - passStart)
  }

  private mutating func startNextPass() throws(DataError) -> Bool {
    guard source.position > 0 else {
      // A live source that was learned from before may have nothing new.
      guard source.mayBeEmpty || source.isLive && passStart > 0 else { throw DataError(source.name, .empty) }
      epoch = passes
      return false
    }
    passStart += source.position
    epoch += 1
    guard epoch < passes else { return false }
    try source.reset(epoch: epoch, seed: seed)
    return true
  }
}
