/// Up to three operands that meet in a result, broadcast as NumPy and TensorFlow do.
///
/// Axes of extent 1 are dropped and neighbours that every operand walks through evenly are merged, so most cases end
/// with one or two axes. Axes are counted from the innermost. Operands are row-major: along the innermost axis
/// an operand's stride is 1, or 0 where it is repeated.
struct Broadcast {
  /// The number of axes that are left.
  private(set) var rank = 0
  /// The extents of these axes.
  private(set) var extents = InlineArray<8, Int>(repeating: 1)
  /// The strides of each operand along these axes.
  private(set) var strides = InlineArray<3, InlineArray<8, Int>>(repeating: InlineArray<8, Int>(repeating: 0))
  /// The number of elements of each operand.
  private(set) var counts = InlineArray<3, Int>(repeating: 1)
  /// The number of elements of the result.
  let count: Int

  /// Where `a`, `b` and `c` meet in `result`: every extent of theirs is that of the result, or 1.
  init(_ a: Dimensions, _ b: Dimensions, _ c: Dimensions = [], into result: Dimensions) {
    count = result.count
    for distance in 0..<result.rank {
      let extent = result[result.rank - 1 - distance]
      let step: InlineArray<3, Int> = [
        Self.step(a, distance, extent, &counts[0]), Self.step(b, distance, extent, &counts[1]),
        Self.step(c, distance, extent, &counts[2]),
      ]
      if extent != 1 { append(extent, step) }
    }
    precondition(
      counts[0] == a.count && counts[1] == b.count && counts[2] == c.count, "\(a), \(b), \(c) into \(result)")
  }

  /// The stride of `operand` along the axis `distance` from the innermost; `count` elements lie within it.
  private static func step(_ operand: Dimensions, _ distance: Int, _ extent: Int, _ count: inout Int) -> Int {
    guard distance < operand.rank else { return 0 }
    let own = operand[operand.rank - 1 - distance]
    precondition(own == extent || own == 1, "\(operand) has \(own) where the result has \(extent)")
    let stride = count
    count *= own
    return own == 1 ? 0 : stride
  }

  /// Adds an axis outside of the others, or widens the outermost.
  private mutating func append(_ extent: Int, _ step: InlineArray<3, Int>) {
    if rank > 0 {
      let outer = rank - 1
      var continues = true
      for operand in 0..<3 where step[operand] != strides[operand][outer] * extents[outer] { continues = false }
      if continues {
        extents[outer] *= extent
        return
      }
    }
    extents[rank] = extent
    for operand in 0..<3 { strides[operand][rank] = step[operand] }
    rank += 1
  }

  /// The extent of the innermost axis.
  var columns: Int { extents[0] }

  /// The extent of the axis around it.
  var rows: Int { extents[1] }
}

/// A walk over the blocks of rows and columns of a broadcast.
struct BroadcastCursor {
  private let broadcast: Broadcast
  private var position = InlineArray<8, Int>(repeating: 0)
  /// Where the block starts in each operand.
  private(set) var offsets = InlineArray<3, Int>(repeating: 0)
  /// Where the block starts in the result.
  private(set) var resultOffset = 0

  init(_ broadcast: Broadcast) { self.broadcast = broadcast }

  /// Goes on to the next block; false after the last.
  mutating func advance() -> Bool {
    resultOffset += broadcast.rows * broadcast.columns
    var axis = 2
    while axis < broadcast.rank {
      position[axis] += 1
      for operand in 0..<3 { offsets[operand] += broadcast.strides[operand][axis] }
      if position[axis] < broadcast.extents[axis] { return true }
      position[axis] = 0
      for operand in 0..<3 { offsets[operand] -= broadcast.strides[operand][axis] * broadcast.extents[axis] }
      axis += 1
    }
    return false
  }
}

/// Rows of an operand: where they start, how far apart they and their elements are.
@safe struct Rows2D<Scalar: BitwiseCopyable> {
  // Safety: made from a view whose count was checked against the shape it is walked with.
  let base: UnsafePointer<Scalar>
  /// From a row to the next, 0 where a row is repeated.
  let rowStep: Int
  /// From an element to the next: 1, or 0 where an element is repeated.
  let step: Int

  @unsafe init(_ base: UnsafePointer<Scalar>, rowStep: Int, step: Int) {
    unsafe self.base = base
    self.rowStep = rowStep
    self.step = step
  }

  /// The start of `row`.
  @inline(always) func row(_ row: Int) -> UnsafePointer<Scalar> { unsafe base + row &* rowStep }
}

/// A kernel that combines two blocks of rows and columns in a dense third.
protocol BlockKernel {
  associatedtype Operand: BitwiseCopyable
  associatedtype Outcome: BitwiseCopyable

  /// Combines a block of `a` and one of `b`, both of `rows` rows and `columns` columns, of which at least one is not
  /// repeated along the columns if there are several; `c` has room for all of them.
  @unsafe func run(
    _ a: Rows2D<Operand>, _ b: Rows2D<Operand>, into c: UnsafeMutablePointer<Outcome>, rows: Int, columns: Int)
}

extension BlockKernel {
  /// Runs over all blocks of two operands that meet in `c`.
  func run(
    _ a: MemoryView<Operand>, _ aShape: Dimensions, _ b: MemoryView<Operand>, _ bShape: Dimensions,
    into c: MemoryView<Outcome>, _ cShape: Dimensions
  ) {
    let broadcast = Broadcast(aShape, bShape, into: cShape)
    precondition(a.count == aShape.count, "\(a.count) scalars of shape \(aShape)")
    precondition(b.count == bShape.count, "\(b.count) scalars of shape \(bShape)")
    precondition(c.count == cShape.count, "\(c.count) scalars of shape \(cShape)")
    guard broadcast.count > 0 else { return }
    precondition(
      broadcast.columns == 1 || broadcast.strides[0][0] == 1 || broadcast.strides[1][0] == 1,
      "neither \(aShape) nor \(bShape) has the columns of \(cShape)")
    var cursor = BroadcastCursor(broadcast)
    repeat {
      // Safety: offsets and steps stay within the counts checked above.
      unsafe run(
        Rows2D(
          a.base + cursor.offsets[0], rowStep: broadcast.strides[0][1], step: broadcast.strides[0][0]),
        Rows2D(
          b.base + cursor.offsets[1], rowStep: broadcast.strides[1][1], step: broadcast.strides[1][0]),
        into: c.base + cursor.resultOffset, rows: broadcast.rows, columns: broadcast.columns)
    } while cursor.advance()
  }
}
