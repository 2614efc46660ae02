/// One worker's part of a source that several workers share: of each round of blocks, the block of its rank.
///
/// Offsets count the part's own examples.
public struct PartOfSource: DataSource {
  public let name: String
  private var source: any DataSource
  private let part: UInt64
  private let parts: UInt64
  private let block: UInt64
  public private(set) var position: UInt64 = 0

  /// Part number `part` of `parts` of `source`, `block` examples at a time: as many as a batch has.
  public init(_ source: any DataSource, part: Int, of parts: Int, block: Int) {
    precondition(0..<parts ~= part && block > 0, "part \(part) of \(parts), \(block) examples")
    name = "\(source.name) part \(part) of \(parts)"
    self.source = source
    self.part = UInt64(part)
    self.parts = UInt64(parts)
    self.block = UInt64(block)
  }

  public var exampleShape: [Int]? { source.exampleShape }
  public var labelWidth: Int? { source.labelWidth }
  public var isFinite: Bool { source.isFinite }
  public var keepsOrder: Bool { source.keepsOrder }
  public var isLive: Bool { source.isLive }

  /// A source that has examples, but few, leaves nothing to the last parts.
  public var mayBeEmpty: Bool { source.position > 0 }

  public var count: Int? {
    source.count.map { count in
      let (rounds, rest) = UInt64(count).quotientAndRemainder(dividingBy: parts * block)
      return Int(rounds * block + min(block, rest - min(rest, part * block)))
    }
  }

  /// Where in the source the part's example at `position` lies.
  private func place(of position: UInt64) -> UInt64 {
    let (round, offset) = position.quotientAndRemainder(dividingBy: block)
    return (round * parts + part) * block + offset
  }

  public func origin(ofExample position: UInt64) -> String? { source.origin(ofExample: place(of: position)) }

  public mutating func reset(epoch: UInt64, seed: UInt64?) throws(DataError) {
    position = 0
    try source.reset(epoch: epoch, seed: seed)
  }

  public mutating func skip(to offset: UInt64) throws(DataError) -> UInt64 {
    let wanted = place(of: offset)
    let reached = try source.skip(to: wanted)
    if reached >= wanted {
      position = offset
    } else {
      // The source ended: the part has what lies before its end.
      let (rounds, rest) = reached.quotientAndRemainder(dividingBy: parts * block)
      position = rounds * block + min(block, rest - min(rest, part * block))
    }
    return position
  }

  public mutating func next(into batch: inout Batch, upTo limit: Int) throws(DataError) -> Bool {
    let start = place(of: position)
    let left = block - position % block
    guard try source.skip(to: start) == start, try source.next(into: &batch, upTo: Int(min(UInt64(limit), left))) else {
      batch.resize(examples: 0, width: batch.width, labelWidth: batch.labelWidth)
      return false
    }
    batch.begin = position
    position += UInt64(batch.examples)
    batch.end = position
    return true
  }
}
