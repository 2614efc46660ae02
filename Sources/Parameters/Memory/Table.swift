import Kernels

/// A table in memory: one buffer of rows, each `[w | slots | scalars]`.
struct Table: Sendable {
  /// Where the parts of a row lie.
  let layout: RowLayout
  /// The number of rows.
  let rowCount: Int
  /// All rows.
  let rows: MemoryView<Float>
  /// The optimizer's scalars for the whole table; empty if each row has its own.
  let scalars: MemoryView<Float>

  private let memory: FloatMemory

  init(_ spec: ParameterSpec) throws(StoreError) {
    let rule = spec.optimizer.rule.rule
    layout = RowLayout(rowLength: spec.rowLength, optimizer: spec.optimizer)
    rowCount = spec.rowCount
    let count = rowCount * layout.stride
    let scalarCount = layout.scalarCount == 0 ? rule.scalars.count : 0
    memory = try FloatMemory(count: count + scalarCount, for: spec)
    rows = memory.view[0..<count]
    scalars = memory.view[count..<count + scalarCount]
    for index in 0..<scalarCount { scalars[index] = rule.scalars[index].initialValue }
    let start =
      rule.slots.flatMap { [Float](repeating: $0.initialValue, count: spec.rowLength) }
      + (scalarCount == 0 ? rule.scalars.map(\.initialValue) : [])
    guard spec.initialValues != .zeros || start.contains(where: { $0 != 0 }) else { return }
    for row in 0..<rowCount {
      let base = row * layout.stride
      spec.initialValues.fill(rows[base..<base + spec.rowLength], from: row * spec.rowLength)
      for (index, value) in start.enumerated() { rows[base + spec.rowLength + index] = value }
    }
  }
}
