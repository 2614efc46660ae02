import Kernels

/// What a ``MemoryStore`` guards: the parameters and the optimizers' state.
struct MemoryState: Sendable {
  enum Storage: Sendable {
    case dense(DenseTensor)
    case table(Table)
  }

  private(set) var parameters: [ParameterSpec]
  var version: UInt64 = 0
  var streams = StreamEnds()
  let tensors: [StoredTensor]

  private let pool: LanePool?
  private let storage: [Storage]
  private let values: [ParameterValues.Values]
  private let places: [String: TensorPlace]

  init(_ parameters: [ParameterSpec], pool: LanePool?) throws(StoreError) {
    let (tensors, places) = try TensorPlace.list(parameters)
    var storage: [Storage] = []
    for spec in parameters {
      switch spec.kind {
      case .dense: storage.append(.dense(try DenseTensor(spec)))
      case .table: storage.append(.table(try Table(spec)))
      }
    }
    self.parameters = parameters
    self.pool = pool
    self.tensors = tensors
    self.places = places
    self.storage = storage
    values = zip(parameters, storage).map { spec, storage in
      switch storage {
      case .dense(let tensor):
        .init(scalars: tensor.weights, rowStride: spec.rowLength)
      case .table(let table):
        .init(scalars: table.table.rows, rowStride: table.table.layout.stride)
      }
    }
  }

  mutating func exchange(push: ParameterGradients?, pull: RowRequest?) throws(StoreError) -> ParameterValues {
    var isDuplicate = false
    if let pull { try prepare(pull) }
    if let push { isDuplicate = try apply(push) }
    return ParameterValues(parameters: values, version: version, isDuplicate: isDuplicate)
  }

  mutating func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws(StoreError) {
    guard parameters.indices.contains(parameter) else { throw .unknownParameter(parameter) }
    let current = parameters[parameter].optimizer
    guard current.rule.kind == optimizer.rule.kind else {
      throw .otherRule(parameter: parameters[parameter].name, expected: current.name, found: optimizer.name)
    }
    parameters[parameter].optimizer = optimizer
  }

  /// Checks everything, then applies everything.
  private mutating func apply(_ push: ParameterGradients) throws(StoreError) -> Bool {
    try push.check(against: parameters)
    if let source = push.source {
      guard try source.isNew(after: streams[source.name]) else { return true }
      streams.advance(source.name, to: source.end)
    }
    Denormals.flushed { update(push.gradients) }
    version += 1
    return false
  }

  private func update(_ gradients: [Gradient]) {
    for index in gradients.indices {
      let optimizer = parameters[index].optimizer
      switch (gradients[index], storage[index]) {
      case (.dense(let gradient), .dense(let tensor)):
        optimizer.update(
          tensor.weights, slots: tensor.slots, scalars: tensor.scalars, along: gradient, step: version,
          pool: pool)
      case (.rows(let keys, let gradients), .table(let table)):
        if optimizer.rule.updatesAllRows { table.prepare(0..<table.table.rowCount) } else { table.prepare(keys) }
        optimizer.update(table.table, rows: keys, along: gradients, step: version)
      default: break
      }
    }
  }

  /// Whether a table is so large that filling all of it would be felt.
  var prefersRowRequests: Bool {
    storage.contains { if case .table(let table) = $0 { table.prefersRowRequests } else { false } }
  }

  /// Makes the rows of `pull` valid.
  private func prepare(_ pull: RowRequest) throws(StoreError) {
    if pull.wantsAllRows {
      for case .table(let table) in storage { table.prepareAll() }
      return
    }
    try pull.check(against: parameters)
    for rows in pull.tables {
      if case .table(let table) = storage[rows.parameter] { table.prepare(rows.keys) }
    }
  }
}

extension MemoryState {
  func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws(StoreError) {
    try withRuns(of: tensor, from: offset, count: destination.count) { stored, position in
      destination[position..<position + stored.count].copy(from: stored)
    }
  }

  func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws(StoreError) {
    if let position = values.firstNonFinite { throw .notFinite(tensor: tensor, position: offset + position, row: nil) }
    try withRuns(of: tensor, from: offset, count: values.count) { stored, position in
      stored.copy(from: values[position..<position + stored.count])
    }
  }

  /// Calls `body` with the contiguous runs of memory of `count` elements of `tensor` and their position among them.
  private func withRuns(
    of tensor: String, from offset: Int, count: Int, _ body: (MemoryView<Float>, Int) -> Void
  ) throws(StoreError) {
    guard let place = places[tensor] else { throw .unknownTensor(tensor) }
    let total = tensors[place.tensor].count
    guard offset >= 0, offset <= total, count <= total - offset else {
      throw .outsideTensor(tensor, offset: offset, count: count, of: total)
    }
    switch storage[place.parameter] {
    case .dense(let dense):
      let memory =
        switch place.part {
        case .weights: dense.weights
        case .slot(let slot): dense.slots[slot]
        case .scalar(let scalar): dense.scalars[scalar..<scalar + 1]
        }
      body(memory[offset..<offset + count], 0)
    case .table(let storage):
      let table = storage.table
      if case .scalar(let scalar) = place.part, table.layout.scalarCount == 0 {
        return body(table.scalars[scalar + offset..<scalar + offset + count], 0)
      }
      let (start, length) = place.part.range(in: table.layout)
      var position = 0
      while position < count {
        let (row, column) = (offset + position).quotientAndRemainder(dividingBy: length)
        storage.prepare(row..<row + 1)
        let run = min(length - column, count - position)
        let from = row * table.layout.stride + start + column
        body(table.rows[from..<from + run], position)
        position += run
      }
    }
  }
}
