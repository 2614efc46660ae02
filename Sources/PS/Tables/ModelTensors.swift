import Kernels
import Parameters
import Wire

/// What a shard has of the tensors of one model.
struct ModelTensors: Sendable {
  /// The tensors as they were registered; their optimizers may have changed since.
  let parameters: [ParameterSpec]

  /// A tensor's memory.
  enum Tensor: Sendable {
    case dense(ShardTensor)
    case table(ShardTable)
  }

  var tensors: [Tensor] = []
  let map: ShardMap
  let shard: Int

  /// The tensors `parameters`, all with their initial values.
  ///
  /// - Parameter byteLimit: The most bytes that the dense ones may take; rows take theirs when they come.
  /// - Throws: 301 for tensors that cannot be kept.
  init(_ parameters: [ParameterSpec], map: ShardMap, shard: Int, atMost byteLimit: Int = .max) throws(Refusal) {
    self.parameters = parameters
    self.map = map
    self.shard = shard
    try Self.check(parameters)
    // Not even their parts are listed of more tensors than there is memory for.
    var (runs, byteCount): ([[Range<Int>]], Int) = ([], 0)
    for (number, spec) in parameters.enumerated() where spec.kind == .dense {
      runs.append(map.ranges(ofTensor: number, count: spec.count, on: shard))
      byteCount += ShardTensor.byteCount(of: spec, runs: runs[runs.count - 1])
      guard byteCount <= byteLimit else {
        throw .outOfMemory("the model's dense tensors", byteCount: byteCount, left: byteLimit)
      }
    }
    runs.reverse()
    for spec in parameters {
      let tensor: Tensor? =
        switch spec.kind {
        case .dense: ShardTensor(spec, runs: runs.removeLast()).map(Tensor.dense)
        case .table: ShardTable(spec).map(Tensor.table)
        }
      guard let tensor else { throw Refusal(.limit, "'\(spec.name)': this server has no memory for it") }
      tensors.append(tensor)
    }
  }

  /// Checks that the tensors of a model can be kept, whatever the memory.
  private static func check(_ parameters: [ParameterSpec]) throws(Refusal) {
    do { try ParameterSpec.check(parameters) } catch { throw Refusal(.limit, "\(error)") }
    for spec in parameters {
      switch spec.kind {
      case .dense:
        guard spec.count <= UInt32.max else {
          throw Refusal(.limit, "'\(spec.name)' has \(spec.count) elements; a dense tensor has at most 2^32 - 1")
        }
      case .table:
        guard !spec.optimizer.rule.updatesAllRows else {
          throw Refusal(
            .limit, "'\(spec.name)': \(spec.optimizer.name) would update every row of a table; use lazy_adam")
        }
        guard spec.rowLength <= Limits.payloadCap / MemoryLayout<Float>.stride else {
          throw Refusal(.limit, "'\(spec.name)': a row of \(spec.rowLength) weights, more than a message can have")
        }
      }
    }
  }

  /// The tensor number `number`, which is a table.
  func table(_ number: Int) -> ShardTable {
    guard case .table(let table) = tensors[number] else { preconditionFailure("tensor \(number) is dense") }
    return table
  }

  /// The number of rows that were pushed or written.
  var rowCount: Int {
    tensors.reduce(0) { count, tensor in
      if case .table(let table) = tensor { count + table.keys.count } else { count }
    }
  }
}

extension ModelTensors {
  /// The tensor number `number` as it was registered, which is of `kind`.
  ///
  /// - Throws: 303 for a number that no tensor has, 304 for one of the other kind.
  func parameter(_ number: Int, is kind: ParameterSpec.Kind) throws(Refusal) -> ParameterSpec {
    guard parameters.indices.contains(number) else {
      throw Refusal(.unknownTensor, "tensor \(number) of a model that has \(parameters.count)")
    }
    let spec = parameters[number]
    guard spec.kind == kind else {
      throw Refusal(
        .shapeMismatch,
        spec.kind == .table ? "'\(spec.name)' is a table of rows" : "'\(spec.name)' is dense, not a table")
    }
    return spec
  }

  /// Checks that gradients fit the model, are finite, and are all this shard's.
  ///
  /// - Throws: 303, 304, 305, 306, 406.
  func check(_ blocks: [PushBlock]) throws(Refusal) {
    // The end of what was pushed so far of each tensor.
    var ends = [Int](repeating: 0, count: parameters.count)
    for block in blocks {
      switch block {
      case .dense(let tensor, let first, let values):
        let spec = try trained(tensor, is: .dense)
        let range = first..<first + values.count
        try check(range, of: tensor)
        guard first >= ends[tensor] else {
          throw Refusal(
            .keysNotAscending, "'\(spec.name)': a block at \(first) behind one that ends at \(ends[tensor])")
        }
        ends[tensor] = range.upperBound
        try checkFinite(values.view, of: spec)
      case .rows(let tensors, let keys, let values):
        for tensor in tensors {
          let spec = try trained(tensor, is: .table)
          guard ends[tensor] == 0 else {
            throw Refusal(.keysNotAscending, "'\(spec.name)' occurs in two blocks; put its rows into one")
          }
          ends[tensor] = 1
        }
        try check(keys.view, ofAll: tensors)
        for (tensor, values) in zip(tensors, values) { try checkFinite(values.view, of: parameters[tensor]) }
      }
    }
  }

  /// Checks that what is asked for exists and is this shard's.
  ///
  /// - Throws: 303, 304, 305, 406.
  func check(_ blocks: [PullBlock]) throws(Refusal) {
    for block in blocks {
      switch block {
      case .dense(let tensor, let first, let count):
        _ = try parameter(tensor, is: .dense)
        try check(first..<first + count, of: tensor)
      case .rows(let tensors, let keys):
        for tensor in tensors { _ = try parameter(tensor, is: .table) }
        try check(keys.view, ofAll: tensors)
      }
    }
  }

  /// The bytes of a message that has `size` before the values of `blocks`, which were checked.
  func byteCount(of blocks: some Sequence<PullBlock>, behind size: Int) -> Int {
    var size = size
    func add(_ count: Int) { size = (size + 7) / 8 * 8 + count * MemoryLayout<Float>.stride }
    for block in blocks {
      switch block {
      case .dense(_, _, let count): add(count)
      case .rows(let tensors, let keys): for tensor in tensors { add(keys.count * parameters[tensor].rowLength) }
      }
    }
    return size
  }

  /// The number of weights of a row of the table number `number`.
  func rowLength(ofTable number: Int) throws(Refusal) -> Int { try parameter(number, is: .table).rowLength }

  private func trained(_ tensor: Int, is kind: ParameterSpec.Kind) throws(Refusal) -> ParameterSpec {
    let spec = try parameter(tensor, is: kind)
    guard !spec.isFrozen else { throw Refusal(.shapeMismatch, "'\(spec.name)' is frozen and takes no gradient") }
    return spec
  }

  private func checkFinite(_ values: MemoryView<Float>, of spec: ParameterSpec) throws(Refusal) {
    guard let position = values.firstNonFinite else { return }
    throw Refusal(
      .notFinite, detail: UInt64(position),
      "'\(spec.name)': value \(position) of a block is not finite; nothing changed")
  }

  /// Checks that the shard has all elements `range` of a dense tensor.
  func check(_ range: Range<Int>, of tensor: Int) throws(Refusal) {
    let spec = parameters[tensor]
    guard range.upperBound <= spec.count else {
      throw Refusal(.shapeMismatch, "'\(spec.name)': elements \(range) of \(spec.count)")
    }
    guard case .dense(let memory) = tensors[tensor], memory.start(of: range) != nil else {
      throw Refusal(.wrongShard, "'\(spec.name)': elements \(range) are not all in blocks of this shard")
    }
  }

  /// Checks that `keys` are rows of all `tables` that the shard has, strictly ascending.
  ///
  /// - Complexity: O(`keys` + `tables`): what the table with the fewest rows has, all have.
  private func check(_ keys: MemoryView<Int64>, ofAll tables: [Int]) throws(Refusal) {
    guard let smallest = tables.min(by: { parameters[$0].rowCount < parameters[$1].rowCount }) else { return }
    try check(keys, of: smallest)
  }

  /// Checks that `keys` are rows of a table that the shard has, strictly ascending.
  func check(_ keys: MemoryView<Int64>, of tensor: Int) throws(Refusal) {
    do throws(StoreError) { try parameters[tensor].check(rows: keys) } catch {
      if case .rowsNotAscending = error { throw Refusal(.keysNotAscending, "\(error)") }
      throw Refusal(.shapeMismatch, "\(error)")
    }
    guard map.shards > 1 else { return }
    for position in 0..<keys.count {
      let key = UInt64(bitPattern: keys[position])
      guard map.shard(ofSlot: ShardMap.slot(ofRow: key)) == shard else {
        throw Refusal(.wrongShard, "'\(parameters[tensor].name)': row \(key) belongs to another shard")
      }
    }
  }
}
