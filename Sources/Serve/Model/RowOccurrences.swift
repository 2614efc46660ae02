import Graph
import Kernels

/// Which rows a batch touches, found once for all tables that are read at the same places.
///
/// Allocates only while it grows to the largest batch it has seen.
final class RowOccurrences {
  private let rowCount: Int
  private let index: RowIndex
  /// Whether somebody else puts the rows of each batch into the index.
  private let isIndexed: Bool
  private var isKnown = false

  /// The occurrences of rows of a table of `rowCount` rows.
  ///
  /// - Parameter index: Has the rows of each batch by the time that they are asked for here; `nil` if they are not known.
  init(rowCount: Int, index: RowIndex? = nil) {
    self.rowCount = rowCount
    self.index = index ?? RowIndex()
    isIndexed = index != nil
  }

  /// The touched rows, in ascending order.
  var rows: MemoryView<Int64> { index.unique }
  /// For each occurrence the place of its row among the touched ones.
  var places: MemoryView<Int32> { index.inverse }

  /// Forgets the batch.
  func forget() { isKnown = false }

  /// Finds the rows that `indices` name, unless they are known for this batch; the gather has checked them.
  func find(_ indices: TensorView) {
    guard !isKnown else { return }
    isKnown = true
    if indices.dtype == .int32 { find(indices.scalars(Int32.self)) } else { find(indices.scalars(Int64.self)) }
  }

  private func find<Id: IndexScalar>(_ indices: MemoryView<Id>) {
    guard !isIndexed else { return index.place(indices) }
    let outside = index.index(indices, idRange: rowCount)
    precondition(outside == nil, "a gathered row is not in the table")
  }
}

/// The occurrences of rows in a program, the same ones for outputs that are the same indices.
struct RowOccurrencesOfProgram {
  private let program: Program
  private var known: [(indices: Int, rowCount: Int, occurrences: RowOccurrences)] = []

  init(_ program: Program) { self.program = program }

  /// All that were asked for.
  var all: [RowOccurrences] { known.map(\.occurrences) }

  /// Those of the indices that are the output number `output`, in a table of `rowCount` rows, which `index` has if it is
  /// not `nil`.
  mutating func occurrences(ofOutput output: Int, rowCount: Int, index: RowIndex?) -> RowOccurrences {
    let indices = program.source(ofOutput: output)
    if let same = known.first(where: { $0.indices == indices && $0.rowCount == rowCount }) { return same.occurrences }
    let occurrences = RowOccurrences(rowCount: rowCount, index: index)
    known.append((indices, rowCount, occurrences))
    return occurrences
  }
}
