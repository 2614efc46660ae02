package import Kernels

/// Where the weights and slots of the rows of a table lie: `[w | slots | scalars]`, row after row.
package struct RowLayout: Hashable, Sendable {
  /// The number of weights of a row.
  package let rowLength: Int
  /// The number of slots of every weight.
  package let slotCount: Int
  /// The number of scalars of every row.
  package let scalarCount: Int
  /// How far apart two rows are.
  package let stride: Int

  /// The layout of rows of `rowLength` weights that `optimizer` trains.
  package init(rowLength: Int, optimizer: Optimizer) {
    let rule = optimizer.rule.base
    self.rowLength = rowLength
    slotCount = rule.slots.count
    scalarCount = type(of: rule).keepsScalarsPerRow ? rule.scalars.count : 0
    stride = rowLength * (1 + slotCount) + scalarCount
  }
}

/// What follows the weights of a row before its first update: slots, then the row's own scalars.
///
/// It has a number for each slot, not for each of its values: who registers a model says how long a row is.
package struct InitialRowState: Sendable {
  private let slots: [Float]
  private let scalars: [Float]

  /// The state of the rows that `optimizer` trains.
  package init(_ optimizer: Optimizer) {
    let rule = optimizer.rule.base
    slots = rule.slots.map(\.initialValue)
    scalars = type(of: rule).keepsScalarsPerRow ? rule.scalars.map(\.initialValue) : []
  }

  /// Whether all of it is zero.
  package var isZero: Bool { slots.allSatisfy { $0 == 0 } && scalars.allSatisfy { $0 == 0 } }

  /// Sets what follows the first `rowLength` floats of `row`.
  package func fill(_ row: MemoryView<Float>, rowLength: Int) {
    var start = rowLength
    for value in slots {
      row[start..<start + rowLength].fill(value)
      start += rowLength
    }
    for (index, value) in scalars.enumerated() { row[start + index] = value }
  }
}

/// The memory of a table's rows, as optimizers update it.
package struct RowTable: Sendable {
  /// Where the parts of a row lie.
  package let layout: RowLayout
  /// The number of rows.
  package let rowCount: Int
  /// All rows.
  package let rows: MemoryView<Float>
  /// The optimizer's scalars for the whole table; empty if each row has its own.
  package let scalars: MemoryView<Float>
  /// One row of zeros: the gradient of a row that a push does not touch, for rules that update all rows.
  package let zeros: MemoryView<Float>

  /// A table of `rowCount` rows in `rows`.
  package init(
    layout: RowLayout, rowCount: Int, rows: MemoryView<Float>, scalars: MemoryView<Float>, zeros: MemoryView<Float>
  ) {
    precondition(rows.count == rowCount * layout.stride, "\(rows.count) floats for \(rowCount) rows")
    self.layout = layout
    self.rowCount = rowCount
    self.rows = rows
    self.scalars = scalars
    self.zeros = zeros
  }

  /// A row's weights and the first `slotCount` of its slots.
  ///
  /// One check of the row instead of one of each part: updates of rows of 17 take a third less.
  @inline(always)
  func parts(of row: Int, slotCount: Int) -> (weights: MemoryView<Float>, slots: SlotViews) {
    precondition(row >= 0 && row < rowCount && slotCount <= layout.slotCount, "row \(row) of \(rowCount)")
    // Safety: there are as many rows, and a row has room for its weights and slots.
    let start = unsafe rows.base + row &* layout.stride
    func part(_ index: Int) -> MemoryView<Float> {
      unsafe MemoryView(base: start + index &* layout.rowLength, count: layout.rowLength)
    }
    let weights = part(0)
    return (
      weights,
      SlotViews(
        slot0: slotCount > 0 ? part(1) : weights, slot1: slotCount > 1 ? part(2) : weights,
        slot2: slotCount > 2 ? part(3) : weights)
    )
  }

  /// Asks for the row that is updated a few rows after that number `position` of `keys`.
  @inline(always)
  func prefetch(_ keys: MemoryView<Int64>, after position: Int) {
    // Safety: nothing is read.
    unsafe Rows.prefetch(rows.base, layout.stride, length: layout.stride, keys, after: position)
  }

  /// A row's own scalars.
  @inline(always)
  func scalars(of row: Int) -> MemoryView<Float> {
    rows[(row + 1) * layout.stride - layout.scalarCount..<(row + 1) * layout.stride]
  }
}
