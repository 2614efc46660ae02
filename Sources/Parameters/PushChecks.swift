package import Kernels

extension ParameterGradients {
  /// Checks that the gradients fit `parameters` and are finite.
  ///
  /// - Parameter looksAtValues: Whether to look at the values at all; what fits may have others than finite ones if not.
  package func check(against parameters: [ParameterSpec], looksAtValues: Bool = true) throws(StoreError) {
    guard gradients.count == parameters.count else {
      throw .wrongNumberOfGradients(expected: parameters.count, found: gradients.count)
    }
    for index in gradients.indices { try parameters[index].check(gradients[index], looksAtValues) }
  }
}

extension RowRequest {
  /// Checks that the rows are rows of tables of `parameters`.
  package func check(against parameters: [ParameterSpec]) throws(StoreError) {
    for rows in tables {
      guard parameters.indices.contains(rows.parameter) else { throw .unknownParameter(rows.parameter) }
      let spec = parameters[rows.parameter]
      guard spec.kind == .table else { throw .rowsOfDense(parameter: spec.name) }
      try spec.check(rows: rows.keys)
    }
  }
}

extension ParameterSpec {
  /// Checks that `gradient` fits the parameter, and that it is finite if values are looked at.
  fileprivate func check(_ gradient: Gradient, _ looksAtValues: Bool) throws(StoreError) {
    switch gradient {
    case .none: return
    case .dense(let values):
      guard !isFrozen else { throw .frozen(parameter: name) }
      guard kind == .dense else { throw .wrongKind(parameter: name, expected: kind) }
      guard values.count == count else {
        throw .wrongCount(tensor: name, expected: count, found: values.count)
      }
      guard looksAtValues, let position = values.firstNonFinite else { return }
      throw .notFinite(tensor: name, position: position, row: nil)
    case .rows(let keys, let values):
      guard !isFrozen else { throw .frozen(parameter: name) }
      guard kind == .table else { throw .wrongKind(parameter: name, expected: kind) }
      let (expected, overflow) = keys.count.multipliedReportingOverflow(by: rowLength)
      guard !overflow, values.count == expected else {
        throw .wrongCount(tensor: name, expected: expected, found: values.count)
      }
      try check(rows: keys)
      guard looksAtValues, let position = values.firstNonFinite else { return }
      throw .notFinite(tensor: name, position: position, row: keys[position / rowLength])
    }
  }

  /// Checks that `keys` are rows of the table, strictly ascending.
  package func check(rows keys: MemoryView<Int64>) throws(StoreError) {
    let rowCount = rowCount
    // Who ascends from its first to its last key has no other outside.
    guard keys.count > 0 else { return }
    if Comparison.isStrictlyAscending(keys), keys[0] >= 0, keys[keys.count - 1] < rowCount { return }
    var previous: Int64 = -1
    for position in 0..<keys.count {
      let key = keys[position]
      guard key >= 0, key < rowCount else {
        throw .rowOutsideTable(parameter: name, position: position, key: key, rowCount: rowCount)
      }
      guard key > previous else { throw .rowsNotAscending(parameter: name, position: position, key: key) }
      previous = key
    }
  }
}

extension SourceRange {
  /// Whether the range follows what was applied up to `stored`, false if it was applied already.
  package func isNew(after stored: UInt64?) throws(StoreError) -> Bool {
    guard let stored else { return true }
    if end <= stored { return false }
    if begin > stored { throw .sourceGap(self, stored: stored) }
    if begin < stored { throw .sourceOverlap(self, stored: stored) }
    return true
  }
}

extension MemoryView<Float> {
  /// The position of the first value that is infinite or not a number.
  package var firstNonFinite: Int? {
    guard !Comparison.allFinite(self) else { return nil }
    return (0..<count).first { !self[$0].isFinite }
  }
}
