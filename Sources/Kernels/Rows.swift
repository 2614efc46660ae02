/// A type that indexes rows: `Int32` and `Int64`.
public protocol IndexScalar: FixedWidthInteger & SignedInteger, BitwiseCopyable, Sendable {}

extension Int32: IndexScalar {}
extension Int64: IndexScalar {}

/// Reading and accumulating rows of tables by index: embedding lookup and its gradient.
public enum Rows {
  /// Copies the rows of `table` at `indices` to `output`, packed, in order.
  ///
  /// - Parameters:
  ///   - table: Rows that start `rowStride` scalars apart; only their first `rowLength` scalars are read.
  ///   - rowCount: The number of rows in the table; indices lie in `0..<rowCount`.
  ///   - output: Shape `[indices.count, rowLength]`.
  /// - Returns: `nil`, or the position of the first index out of range, from where on nothing was copied.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  public static func gather<Scalar: BitwiseCopyable, Index: IndexScalar>(
    table: MemoryView<Scalar>, rowStride: Int, rowLength: Int, rowCount: Int,
    indices: MemoryView<Index>, into output: MemoryView<Scalar>
  ) -> Int? {
    check(table, rowStride: rowStride, rowLength: rowLength, rowCount: rowCount)
    precondition(
      output.count == indices.count * rowLength, "\(indices.count) rows of \(rowLength) in \(output.count) scalars")
    switch MemoryLayout<Scalar>.size {
    case 1:
      return moveRows(
        table.rebound(to: UInt8.self), rowStride, rowLength, rowCount, indices, output.rebound(to: UInt8.self),
        .fromTable)
    case 4:
      return moveRows(
        table.rebound(to: UInt32.self), rowStride, rowLength, rowCount, indices, output.rebound(to: UInt32.self),
        .fromTable)
    case 8:
      return moveRows(
        table.rebound(to: UInt64.self), rowStride, rowLength, rowCount, indices, output.rebound(to: UInt64.self),
        .fromTable)
    default: preconditionFailure("scalars of \(MemoryLayout<Scalar>.size) bytes")
    }
  }

  static func check<Scalar>(_ table: MemoryView<Scalar>, rowStride: Int, rowLength: Int, rowCount: Int) {
    precondition(rowLength >= 0 && rowStride >= rowLength, "rows of \(rowLength) scalars, \(rowStride) apart")
    precondition(
      rowCount == 0 || (rowCount - 1) * rowStride + rowLength <= table.count,
      "\(rowCount) rows, \(rowStride) apart, in \(table.count) scalars")
  }

  /// Copies `rows`, packed, to the rows of `table` at `indices`, in order: the other way round than ``gather``.
  ///
  /// - Parameters:
  ///   - rows: Shape `[indices.count, rowLength]`.
  ///   - table: Rows that start `rowStride` scalars apart; only their first `rowLength` scalars are written.
  ///   - rowCount: The number of rows in the table; indices lie in `0..<rowCount`.
  /// - Returns: `nil`, or the position of the first index out of range, from where on nothing was copied.
  @discardableResult
  public static func scatter<Index: IndexScalar>(
    _ rows: MemoryView<Float>, rowLength: Int, indices: MemoryView<Index>, into table: MemoryView<Float>,
    rowStride: Int, rowCount: Int
  ) -> Int? {
    check(table, rowStride: rowStride, rowLength: rowLength, rowCount: rowCount)
    precondition(
      rows.count == indices.count * rowLength, "\(indices.count) rows of \(rowLength) in \(rows.count) scalars")
    return moveRows(
      table.rebound(to: UInt32.self), rowStride, rowLength, rowCount, indices, rows.rebound(to: UInt32.self), .toTable)
  }

  /// Where rows are moved.
  private enum Direction {
    case fromTable, toTable
  }

  /// The loop of ``gather`` and ``scatter``, with the lengths that embedding tables often have as constants.
  @specialized(where Word == UInt8, Index == Int32)
  @specialized(where Word == UInt8, Index == Int64)
  @specialized(where Word == UInt32, Index == Int32)
  @specialized(where Word == UInt32, Index == Int64)
  @specialized(where Word == UInt64, Index == Int32)
  @specialized(where Word == UInt64, Index == Int64)
  private static func moveRows<Word: BitwiseCopyable, Index: IndexScalar>(
    _ table: MemoryView<Word>, _ rowStride: Int, _ rowLength: Int, _ rowCount: Int,
    _ indices: MemoryView<Index>, _ packed: MemoryView<Word>, _ direction: Direction
  ) -> Int? {
    // Safety: the callers checked the extents of both, `moveRows` checks each index.
    let (table, packed) = unsafe (table.base, packed.base)
    switch rowLength {
    case 1: return unsafe moveRows(table, rowStride, length: 1, rowCount, indices, packed, direction)
    case 4: return unsafe moveRows(table, rowStride, length: 4, rowCount, indices, packed, direction)
    case 8: return unsafe moveRows(table, rowStride, length: 8, rowCount, indices, packed, direction)
    case 16: return unsafe moveRows(table, rowStride, length: 16, rowCount, indices, packed, direction)
    case 17: return unsafe moveRows(table, rowStride, length: 17, rowCount, indices, packed, direction)
    case 32: return unsafe moveRows(table, rowStride, length: 32, rowCount, indices, packed, direction)
    default: return unsafe moveRows(table, rowStride, length: rowLength, rowCount, indices, packed, direction)
    }
  }

  @inline(always)
  private static func moveRows<Word: BitwiseCopyable, Index: IndexScalar>(
    _ table: UnsafeMutablePointer<Word>, _ rowStride: Int, length: Int, _ rowCount: Int,
    _ indices: MemoryView<Index>, _ packed: UnsafeMutablePointer<Word>, _ direction: Direction
  ) -> Int? {
    var packed = unsafe packed
    for position in 0..<indices.count {
      let index = unsafe Int(indices.base[position])
      guard index >= 0, index < rowCount else { return position }
      unsafe prefetch(table, rowStride, length: length, indices, after: position)
      let row = unsafe table + index * rowStride
      switch direction {
      case .fromTable: unsafe StridedWalk.copyRun(row, packed, length)
      case .toTable: unsafe StridedWalk.copyRun(packed, row, length)
      }
      unsafe packed += length
    }
    return nil
  }
}
