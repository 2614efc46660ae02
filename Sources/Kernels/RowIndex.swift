/// The distinct rows that a batch of ids touches, in ascending order, and which of them each id is.
///
/// Fetching rows and accumulating their gradients costs what the distinct rows cost; ids of a stream repeat a lot.
/// `begin`, `add` once or more, `finish`; then `unique` holds the keys and `find` numbers ids. Reusable: after a few
/// batches it allocates nothing, and a batch costs time in proportion to its ids, whatever their range.
///
/// ```swift
/// index.begin(idRange: 2_555_904)
/// guard index.add(ids) == nil else { … }   // the position of an id out of range
/// index.finish()
/// index.find(ids, into: inverse)
/// Rows.scatterAdd(gradients, rowLength: 16, indices: inverse, into: sums, rowStride: 16, rowCount: index.count)
/// ```
public final class RowIndex {
  /// Ranges up to this one use a bitmap, a quarter of a byte per id of the range; longer ones a hash table.
  package static let directRange = 1 << 28

  private var bitmap = RowBitmap()
  private var table = RowHashTable()
  private var keys = GrowingMemory<Int64>()
  /// The memory of the batch before, whose keys may still be lent.
  private var lastKeys = GrowingMemory<Int64>()
  private var inverseMemory = GrowingMemory<Int32>()
  private var idRange = 0
  private var added = 0
  private var isFinished = false

  private var isDirect: Bool { idRange <= Self.directRange }

  /// An index of no ids.
  public init() {}

  /// The number of distinct ids.
  public private(set) var count = 0

  /// The distinct ids, ascending; valid until the next but one ``begin(idRange:)``.
  public var unique: MemoryView<Int64> { keys.view(count) }

  /// What ``place(_:)`` found: for each id its place in ``unique``.
  public private(set) var inverse = MemoryView<Int32>.empty

  /// Forgets all ids; the next ones lie in `0..<idRange`.
  public func begin(idRange: Int) {
    precondition(idRange >= 0, "a range of \(idRange) ids")
    if isDirect { bitmap.clear(unique) } else { table.clear() }
    swap(&keys, &lastKeys)
    self.idRange = idRange
    (count, added, isFinished) = (0, 0, false)
    if isDirect { bitmap.reserve(idRange) } else { table.reserve(0, unique) }
  }

  /// Adds `ids`.
  ///
  /// - Returns: `nil`, or the position of the first id out of range, from where on nothing was added.
  public func add<Id: IndexScalar>(_ ids: MemoryView<Id>) -> Int? {
    precondition(!isFinished, "ids added after finish()")
    added += ids.count
    keys.reserve(added, keeping: count)
    guard !isDirect else { return bitmap.insert(ids, idRange) }
    table.reserve(added, keys.view(count))
    return table.insert(ids, idRange, keys.view(added), &count)
  }

  /// Numbers the distinct ids in ascending order.
  public func finish() {
    precondition(!isFinished, "finish() called twice")
    isFinished = true
    if isDirect {
      count = bitmap.number(into: keys.view(added))
    } else {
      table.number(unique)
    }
  }

  /// Writes the place of each of `ids` in ``unique`` to `places`; every id was added before.
  ///
  /// Several threads may do this at once.
  public func find<Id: IndexScalar>(_ ids: MemoryView<Id>, into places: MemoryView<Int32>) {
    precondition(isFinished, "find() before finish()")
    precondition(places.count == ids.count, "\(ids.count) ids into \(places.count) places")
    if isDirect { bitmap.find(ids, idRange, into: places) } else { table.find(ids, into: places) }
  }

  /// Keeps the place of each of `ids`, which were all added before, in ``inverse``.
  public func place<Id: IndexScalar>(_ ids: MemoryView<Id>) {
    inverseMemory.reserve(ids.count, keeping: 0)
    inverse = inverseMemory.view(ids.count)
    find(ids, into: inverse)
  }

  /// Indexes one view of ids: all four steps, with the places of the ids in ``inverse``.
  ///
  /// - Returns: `nil`, or the position of the first id out of range; the index is then empty.
  public func index<Id: IndexScalar>(_ ids: MemoryView<Id>, idRange: Int) -> Int? {
    begin(idRange: idRange)
    let failure = add(ids)
    finish()
    if let failure {
      begin(idRange: idRange)
      finish()
      inverse = .empty
      return failure
    }
    place(ids)
    return nil
  }
}

/// Memory for a growing number of scalars.
struct GrowingMemory<Scalar: BitwiseCopyable> {
  private var memory = AlignedMemory(byteCount: 0)
  private(set) var capacity = 0

  /// Makes room for `count` scalars; the first `kept` keep their values, new ones are zero.
  mutating func reserve(_ count: Int, keeping kept: Int) {
    guard count > capacity else { return }
    let grown = max(count, capacity * 2, 1024)
    let larger = AlignedMemory(byteCount: grown * MemoryLayout<Scalar>.stride, hugePages: false)
    larger.view(of: Scalar.self, count: kept).copy(from: view(kept))
    (memory, capacity) = (larger, grown)
  }

  /// The first `count` scalars.
  func view(_ count: Int) -> MemoryView<Scalar> { memory.view(of: Scalar.self, count: count) }
}
