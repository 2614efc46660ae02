import Graph
import Kernels
import Parameters

/// Adds up the row gradients of one table: occurrence by occurrence they come, once per row they go to the store.
///
/// Allocates only while it grows to the largest batch it has seen.
final class RowGradients {
  private let occurrences: RowOccurrences
  private let rowLength: Int
  private var sums = AlignedMemory(byteCount: 0)

  init(of occurrences: RowOccurrences, rowLength: Int) {
    self.occurrences = occurrences
    self.rowLength = rowLength
  }

  /// The gradient of the table: each touched row once, in ascending order.
  ///
  /// - Parameters:
  ///   - indices: The row of each occurrence, already checked by the gather.
  ///   - values: The gradient of each occurrence.
  func add(_ indices: TensorView, _ values: TensorView) -> Parameters.Gradient {
    occurrences.find(indices)
    let rows = occurrences.rows
    let count = rows.count * rowLength
    if sums.byteCount < count * MemoryLayout<Float>.stride {
      sums = AlignedMemory(byteCount: max(2 * sums.byteCount, count * MemoryLayout<Float>.stride))
    }
    let total = sums.view(of: Float.self, count: count)
    total.fill(0)
    Rows.scatterAdd(
      values.scalars(Float.self), rowLength: rowLength, indices: occurrences.places, into: total,
      rowStride: rowLength, rowCount: rows.count)
    return .rows(keys: rows, values: total)
  }
}
