package import Kernels

extension Optimizer {
  /// Updates a dense parameter along `gradient`.
  ///
  /// - Parameters:
  ///   - weights: The weights.
  ///   - slots: The rule's slots, each as long as the weights.
  ///   - scalars: The rule's scalars.
  ///   - gradient: ∂L/∂w, as long as the weights.
  ///   - step: How many updates came before, for the schedule.
  ///   - pool: The threads that share the work if there is much of it.
  package func update(
    _ weights: MemoryView<Float>, slots: [MemoryView<Float>], scalars: MemoryView<Float>,
    along gradient: MemoryView<Float>, step: UInt64, pool: LanePool? = nil
  ) {
    let memory = DenseMemory(weights: weights, slots: slots, scalars: scalars)
    update(memory, alongAll: CollectionOfOne(DenseRun(start: 0, gradient: gradient)), step: step, pool: pool)
  }

  /// Updates runs of a dense parameter, or of the part of it that is in `memory`: one update, however many runs it has.
  ///
  /// - Parameter runs: ∂L/∂w of runs of `memory` that do not overlap.
  package func update(_ memory: DenseMemory, along runs: [DenseRun], step: UInt64) {
    update(memory, alongAll: runs, step: step, pool: nil)
  }

  private func update(
    _ memory: DenseMemory, alongAll runs: some Collection<DenseRun>, step: UInt64, pool: LanePool?
  ) {
    let state = ScalarState(memory.scalars)
    let scale = clipping.scale(sumOfSquares: runs.reduce(0) { $0 + $1.gradient.sumOfSquares })
    for run in runs {
      DenseUpdate(optimizer: self, memory: memory, part: run, state: state, step: step, scale: scale).apply(on: pool)
    }
    rule.runnable.advanced(state).store(to: memory.scalars)
  }

  /// Updates the rows `keys` of `table` along `gradients`; a rule that updates all rows, the others along zero.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - keys: Row numbers of the table, strictly ascending.
  ///   - gradients: ∂L/∂w, shape `[keys, rowLength]`.
  ///   - step: How many updates came before, for the schedule.
  package func update(
    _ table: RowTable, rows keys: MemoryView<Int64>, along gradients: MemoryView<Float>, step: UInt64
  ) {
    switch rule {
    case .sgd(let rule): update(table, keys, gradients, step, by: rule)
    case .momentum(let rule): update(table, keys, gradients, step, by: rule)
    case .adagrad(let rule): update(table, keys, gradients, step, by: rule)
    case .rmsProp(let rule): update(table, keys, gradients, step, by: rule)
    case .centeredRMSProp(let rule): update(table, keys, gradients, step, by: rule)
    case .adam(let rule): update(table, keys, gradients, step, by: rule)
    case .lazyAdam(let rule): update(table, keys, gradients, step, by: rule)
    case .ftrl(let rule): update(table, keys, gradients, step, by: rule)
    }
  }

  private func update(
    _ table: RowTable, _ keys: MemoryView<Int64>, _ gradients: MemoryView<Float>, _ step: UInt64,
    by rule: some RunnableRule
  ) {
    let rate = rule.rate * schedule.factor(after: step)
    if type(of: rule).keepsScalarsPerRow {
      let scale = clipping.scale(sumOfSquares: gradients.sumOfSquares)
      for position in 0..<keys.count {
        let row = Int(keys[position])
        let scalars = table.scalars(of: row)
        let state = ScalarState(scalars)
        let kernel = Limited(
          kernel: rule.rowKernel(rate: rate, state), scale: scale, clipping: clipping, bounds: bounds)
        kernel.update(table, row, along: gradients, at: position)
        rule.advanced(state).store(to: scalars)
      }
      return
    }
    let state = ScalarState(table.scalars)
    let kernel = rule.rowKernel(rate: rate, state)
    if isUnlimited {
      update(table, keys, gradients, kernel, allRows: type(of: rule).updatesAllRows)
    } else {
      update(table, keys, gradients, limited(kernel, gradients), allRows: type(of: rule).updatesAllRows)
    }
    rule.advanced(state).store(to: table.scalars)
  }

  @inline(always)
  private func update(
    _ table: RowTable, _ keys: MemoryView<Int64>, _ gradients: MemoryView<Float>, _ kernel: some UpdateKernel,
    allRows: Bool
  ) {
    guard allRows else {
      for position in 0..<keys.count {
        table.prefetch(keys, after: position)
        kernel.update(table, Int(keys[position]), along: gradients, at: position)
      }
      return
    }
    var position = 0
    for row in 0..<table.rowCount {
      if position < keys.count, keys[position] == row {
        kernel.update(table, row, along: gradients, at: position)
        position += 1
      } else {
        kernel.update(table, row, along: table.zeros, at: 0)
      }
    }
  }

  private func limited<Kernel: UpdateKernel>(_ kernel: Kernel, _ gradient: MemoryView<Float>) -> Limited<Kernel> {
    let scale = clipping.scale(sumOfSquares: gradient.sumOfSquares)
    return Limited(kernel: kernel, scale: scale, clipping: clipping, bounds: bounds)
  }
}

extension UpdateKernel {
  /// Updates the row `row` of `table` along the row `position` of `gradients`.
  @inline(always)
  fileprivate func update(
    _ table: RowTable, _ row: Int, along gradients: MemoryView<Float>, at position: Int
  ) {
    let (weights, slots) = table.parts(of: row, slotCount: Self.slotCount)
    let length = table.layout.rowLength
    update(weights, slots, along: gradients.slice(at: position &* length, count: length))
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
