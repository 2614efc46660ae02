import Kernels
import Parameters
import Wire

extension ServerCore {
  /// The bytes of all values.
  var stateByteCount: Int { stores.values.reduce(0) { $0 + $1.tensors.byteCount } }

  /// Whether dense tensors may be there twice: they are copied when they change while a snapshot is written.
  private var copiesDenseTensors: Bool { configuration.durability != .none }

  /// The most bytes that `tensors` take as they are.
  private func memory(of tensors: ModelTensors) -> Int {
    tensors.byteCount + (copiesDenseTensors ? tensors.denseByteCount : 0)
  }

  /// The bytes that are left for models, at least, when everything is applied that was accepted.
  private var memoryLeft: Int {
    var left = configuration.memoryLimit - stores.values.reduce(0) { $0 + memory(of: $1.tensors) }
    for item in pending {
      let tensors = stores[item.entry.record.model]?.tensors
      switch item.entry.operation {
      case .register(_, let tensors?): left -= memory(of: tensors)
      case .push(let push):
        left -= tensors?.byteCount(ofMissing: push.blocks.rows, places: places) ?? 0
        if accepted.models[push.mutation.model]?.isSynchronous == true { left -= push.blocks.byteCount }
      case .putValues(let request): left -= tensors?.byteCount(ofMissing: request.rows, places: places) ?? 0
      default: break
      }
    }
    for store in stores.values {
      for push in store.gradients.all {
        left -= store.tensors.byteCount(ofMissing: push.blocks.rows, places: places) + push.blocks.byteCount
      }
    }
    return left
  }

  /// The tensors of a new model.
  ///
  /// - Throws: 301 for tensors that cannot be kept, or not beside the other models.
  func makeTensors(_ schema: ModelSchema) throws(Refusal) -> ModelTensors {
    try ModelTensors(
      schema.parameters, map: map, shard: configuration.shard, atMost: memoryLeft / (copiesDenseTensors ? 2 : 1))
  }

  /// Sets memory aside for those of `rows` that `tensors` does not have, and for `gradientByteCount` bytes of gradients that
  /// are kept until their clock ends.
  ///
  /// - Throws: 301 if there is too little.
  /// - Complexity: O(tensors of `rows`). O(`rows`) when little was surely left, and if some are missing then, what is left
  ///   is worked out anew from all models and all that was accepted.
  mutating func setAsideMemory(
    for rows: [TouchedRows], of tensors: ModelTensors, gradientByteCount: Int = 0
  ) throws(Refusal) {
    var byteCount = gradientByteCount + tensors.byteCount(ifNew: rows)
    if byteCount > memoryForRows { byteCount = gradientByteCount + tensors.byteCount(ofMissing: rows, places: places) }
    if byteCount > memoryForRows {
      memoryForRows = max(0, memoryLeft)
      guard byteCount <= memoryForRows else {
        let what = gradientByteCount > 0 ? "gradients that wait for their clock's end" : "new rows"
        throw .outOfMemory(what, byteCount: byteCount, left: memoryForRows)
      }
    }
    memoryForRows -= byteCount
  }
}

extension Refusal {
  /// That a server has no memory for `what`.
  static func outOfMemory(_ what: String, byteCount: Int, left: Int) -> Refusal {
    Refusal(
      .limit,
      "\(what) need \((byteCount + 1 << 20 - 1) >> 20) MiB of a server that has \(max(0, left) >> 20) MiB left for models; "
        + "divide the model among more servers, or give this one more with --max-memory")
  }
}

/// Rows of a table that a request changes.
struct TouchedRows {
  /// The table's number.
  var tensor: Int
  /// The rows, strictly ascending.
  var keys: WireArray<Int64>
}

extension [PushBlock] {
  /// The bytes of gradients and keys.
  var byteCount: Int {
    reduce(0) { count, block in
      switch block {
      case .dense(_, _, let values): count + 4 * values.count
      case .rows(_, let keys, let values): values.reduce(count + 8 * keys.count) { $0 + 4 * $1.count }
      }
    }
  }

  /// The rows that the gradients are for.
  var rows: [TouchedRows] {
    flatMap { block -> [TouchedRows] in
      guard case .rows(let tensors, let keys, _) = block else { return [] }
      return tensors.map { TouchedRows(tensor: $0, keys: keys) }
    }
  }
}

extension PutValuesRequest {
  /// The rows that values are for.
  var rows: [TouchedRows] {
    values.compactMap { range, _ in
      guard case .rows(let keys) = range.place else { return nil }
      return TouchedRows(tensor: range.tensor, keys: keys)
    }
  }
}

extension ModelTensors {
  /// The bytes that `rows` take if none of them is there.
  fileprivate func byteCount(ifNew rows: [TouchedRows]) -> Int {
    rows.reduce(0) { $0 + $1.keys.count * table($1.tensor).rowByteCount }
  }

  /// The bytes that those of `rows` take which are not there.
  fileprivate func byteCount(ofMissing rows: [TouchedRows], places: MemoryView<Int64>) -> Int {
    rows.reduce(0) { count, rows in
      let table = table(rows.tensor)
      return count + table.missingCount(of: rows.keys.view, places: places) * table.rowByteCount
    }
  }
}
