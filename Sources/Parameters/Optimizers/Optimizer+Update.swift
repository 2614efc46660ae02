package import Kernels

/// Where the weights and slots of the rows of a table lie: `[w | slots | scalars]`, row after row.
package struct RowLayout: Hashable, Sendable {
  /// The number of weights of a row.
  package let rowLength: Int
  /// The number of slots of every weight.
  package let slotCount: Int
  /// The number of scalars of every row.
  package let scalarCount: Int

  /// The layout of rows of `rowLength` weights that `optimizer` trains.
  package init(rowLength: Int, optimizer: Optimizer) {
    let rule = optimizer.rule.rule
    self.rowLength = rowLength
    slotCount = rule.slots.count
    scalarCount = type(of: rule).keepsScalarsPerRow ? rule.scalars.count : 0
  }

  /// How far apart two rows are.
  package var stride: Int { rowLength * (1 + slotCount) + scalarCount }

  /// Where the weights (part 0) and slots (1, 2, 3) of the row that begins at `start` lie.
  @inline(always)
  func part(_ part: Int, ofRowAt start: Int) -> Range<Int> {
    let first = start + (part <= slotCount ? part : 0) * rowLength
    return first..<first + rowLength
  }
}

extension Optimizer {
  /// Updates a dense parameter along `gradient`.
  ///
  /// - Parameters:
  ///   - weights: The weights.
  ///   - slots: The rule's slots, each as long as the weights.
  ///   - scalars: The rule's scalars.
  ///   - gradient: ∂L/∂w, as long as the weights.
  ///   - step: How many updates came before, for the schedule.
  package func update(
    _ weights: MemoryView<Float>, slots: [MemoryView<Float>], scalars: MemoryView<Float>,
    along gradient: MemoryView<Float>, step: UInt64
  ) {
    let views = SlotViews(
      slot0: slots.count > 0 ? slots[0] : weights, slot1: slots.count > 1 ? slots[1] : weights,
      slot2: slots.count > 2 ? slots[2] : weights)
    switch rule {
    case .sgd(let rule): update(weights, views, scalars, gradient, step, by: rule)
    case .momentum(let rule): update(weights, views, scalars, gradient, step, by: rule)
    case .adagrad(let rule): update(weights, views, scalars, gradient, step, by: rule)
    }
  }

  private func update(
    _ weights: MemoryView<Float>, _ slots: SlotViews, _ scalars: MemoryView<Float>, _ gradient: MemoryView<Float>,
    _ step: UInt64, by rule: some RunnableRule
  ) {
    let state = ScalarState(scalars)
    rule.denseKernel(rate: rule.rate, state).update(weights, slots, along: gradient)
    rule.advanced(state).store(to: scalars)
  }

  /// Updates the rows `rows` of `table` along `gradients`, one after the other.
  ///
  /// - Parameters:
  ///   - table: Rows in the layout `layout`.
  ///   - rows: Row numbers, strictly ascending.
  ///   - scalars: The rule's scalars for the whole table, if it keeps any.
  ///   - gradients: ∂L/∂w, shape `[rows, rowLength]`.
  ///   - step: How many updates came before, for the schedule.
  package func updateRows(
    of table: MemoryView<Float>, layout: RowLayout, rows: MemoryView<Int64>, scalars: MemoryView<Float>,
    along gradients: MemoryView<Float>, step: UInt64
  ) {
    switch rule {
    case .sgd(let rule): updateRows(table, layout, rows, scalars, gradients, step, by: rule)
    case .momentum(let rule): updateRows(table, layout, rows, scalars, gradients, step, by: rule)
    case .adagrad(let rule): updateRows(table, layout, rows, scalars, gradients, step, by: rule)
    }
  }

  private func updateRows(
    _ table: MemoryView<Float>, _ layout: RowLayout, _ rows: MemoryView<Int64>, _ scalars: MemoryView<Float>,
    _ gradients: MemoryView<Float>, _ step: UInt64, by rule: some RunnableRule
  ) {
    let state = ScalarState(scalars)
    let kernel = rule.rowKernel(rate: rule.rate, state)
    for position in 0..<rows.count {
      let start = Int(rows[position]) * layout.stride
      let slots = SlotViews(
        slot0: table[layout.part(1, ofRowAt: start)], slot1: table[layout.part(2, ofRowAt: start)],
        slot2: table[layout.part(3, ofRowAt: start)])
      let gradient = gradients[position * layout.rowLength..<(position + 1) * layout.rowLength]
      kernel.update(table[layout.part(0, ofRowAt: start)], slots, along: gradient)
    }
    rule.advanced(state).store(to: scalars)
  }
}

extension ScalarState {
  init(_ scalars: MemoryView<Float>) {
    first = scalars.count > 0 ? scalars[0] : 0
    second = scalars.count > 1 ? scalars[1] : 0
  }

  func store(to scalars: MemoryView<Float>) {
    if scalars.count > 0 { scalars[0] = first }
    if scalars.count > 1 { scalars[1] = second }
  }
}
