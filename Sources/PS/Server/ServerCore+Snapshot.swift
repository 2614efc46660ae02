import Kernels
package import NIOCore
import Parameters
package import Wire

/// A snapshot that is being written: the server as it was at one moment, given away in chunks while it goes on.
struct SnapshotProgress: Sendable {
  /// What it knew then.
  let ledger: Ledger
  /// The values of models that are gone since.
  var gone: [UInt32: ModelStore] = [:]
  /// The gradients of open clocks.
  let gradients: [(model: UInt32, push: (clock: UInt32, rank: Int, blocks: [PushBlock]))]
  /// What was given away.
  var hasLedger = false
  var model = 0
  var tensor = 0
  var gradient = 0
  let models: [UInt32]
}

/// What a chunk of a snapshot says, by number.
private enum ChunkKind: UInt32 {
  /// ``Ledger``, then a list of {u32 model, schema as it was registered}.
  case ledger = 1
  /// u32 model, u32 tensor, then a part of it.
  case tensor = 2
  /// u32 model, u32 clock, u32 rank, list of blocks: a push whose clock is open.
  case gradients = 3
}

extension ServerCore {
  /// About how many bytes a chunk has.
  private static let chunkByteCount = 1 << 20

  /// Begins a snapshot of what is applied now.
  ///
  /// - Returns: The last record that it has; nil if one is being written, or the system has no memory for it.
  package mutating func beginSnapshot() -> UInt64? {
    guard snapshot == nil else { return nil }
    let models = stores.keys.sorted()
    for model in models {
      guard stores[model]?.tensors.beginCapture() == true else {
        endSnapshot()
        return nil
      }
    }
    let gradients = models.flatMap { model in (stores[model]?.gradients.all ?? []).map { (model, $0) } }
    snapshot = SnapshotProgress(ledger: applied, gradients: gradients, models: models)
    return applied.lastLSN
  }

  /// Ends the snapshot, whether all of it was given away or not.
  package mutating func endSnapshot() {
    for model in stores.keys.sorted() { stores[model]?.tensors.endCapture() }
    snapshot = nil
  }

  /// The next chunk of the snapshot that was begun; nil if there are no more.
  package mutating func nextSnapshotChunk() -> ByteBuffer? {
    guard var progress = snapshot else { preconditionFailure("a chunk of a snapshot that was not begun") }
    defer { snapshot = progress }
    var writer = MessageWriter(capacity: Self.chunkByteCount + 4096)
    if !progress.hasLedger {
      progress.hasLedger = true
      return ledgerChunk(progress)
    }
    while progress.model < progress.models.count {
      let model = progress.models[progress.model]
      writer.restart(capacity: Self.chunkByteCount + 4096)
      writer.integer(ChunkKind.tensor.rawValue)
      writer.integer(model)
      writer.integer(UInt32(progress.tensor))
      writer.zeros(4)
      if progress.write(&writer, of: &stores, Self.chunkByteCount) { return writer.payload }
    }
    guard progress.gradient < progress.gradients.count else { return nil }
    let (model, push) = progress.gradients[progress.gradient]
    progress.gradient += 1
    writer.restart(capacity: 64)
    writer.integer(ChunkKind.gradients.rawValue)
    writer.integer(model)
    writer.integer(push.clock)
    writer.count(push.rank)
    writer.pushBlocks(push.blocks)
    return writer.payload
  }

  private func ledgerChunk(_ progress: SnapshotProgress) -> ByteBuffer {
    var writer = MessageWriter()
    writer.integer(ChunkKind.ledger.rawValue)
    progress.ledger.write(to: &writer)
    writer.count(progress.models.count)
    for model in progress.models {
      guard let state = progress.ledger.models[model], let store = progress.gone[model] ?? stores[model] else {
        preconditionFailure("values of the model \(model), which there is not")
      }
      var schema = state.schema
      schema.parameters = store.tensors.parameters
      writer.integer(model)
      schema.write(to: &writer)
    }
    return writer.payload
  }

  /// Keeps the values of a model that is about to go, if a snapshot still needs them.
  mutating func keepForSnapshot(_ model: UInt32) {
    guard let progress = snapshot, progress.models.contains(model), progress.gone[model] == nil else { return }
    snapshot?.gone[model] = stores[model]
  }

  /// Takes a chunk that ``nextSnapshotChunk()`` gave, all of them in order. For a server that knows nothing yet.
  ///
  /// - Throws: A refusal of a chunk that does not fit; the server is of no use then.
  package mutating func restore(_ chunk: ByteBuffer) throws(Refusal) {
    var reader = MessageReader(chunk)
    switch ChunkKind(rawValue: try reader.integer()) {
    case .ledger:
      applied = try Ledger(from: &reader)
      accepted = applied
      durableLSN = applied.lastLSN
      for _ in 0..<(try reader.count(limit: configuration.modelLimit, elementBytes: 16)) {
        let model = try reader.integer(UInt32.self)
        let schema = try ModelSchema(from: &reader)
        guard let state = applied.models[model], state.schemaHash == schema.hash,
          state.schema.parameters.map(\.layout) == schema.parameters.map(\.layout)
        else { throw Refusal(.malformed, "a schema of the model \(model), which there is not") }
        stores[model] = ModelStore(tensors: try makeTensors(schema), leaseEnd: now + configuration.leaseTime)
      }
      guard stores.count == applied.models.count else { throw Refusal(.malformed, "a model without a schema") }
      for model in stores.keys.sorted() { moveClock(of: model) }
    case .tensor:
      let (model, tensor) = (try reader.integer(UInt32.self), Int(try reader.integer(UInt32.self)))
      try reader.zeros(4)
      guard stores[model] != nil else { throw Refusal(.malformed, "values of the model \(model), which there is not") }
      try stores[model]?.tensors.restore(tensor, from: &reader)
    case .gradients:
      let model = try reader.integer(UInt32.self)
      let (clock, rank) = (try reader.integer(UInt32.self), Int(try reader.integer(UInt32.self)))
      let (state, store) = try appliedModel(model)
      guard state.isSynchronous, rank < state.clocks.members.count else {
        throw Refusal(.malformed, "gradients of rank \(rank) of the model \(model)")
      }
      let blocks = try reader.pushBlocks(of: nil, rowLength: store.tensors.rowLength(ofTable:))
      try store.tensors.check(blocks)
      stores[model]?.gradients.add(blocks.map(\.detached), rank: rank, clock: clock)
    case nil: throw Refusal(.malformed, "a chunk of an unknown kind")
    }
    try reader.finish()
  }

  /// Checks that nothing is missing of a snapshot whose chunks were all taken.
  ///
  /// - Throws: A refusal that says what is missing.
  package func checkRestored() throws(Refusal) {
    for model in stores.keys.sorted() where stores[model]?.tensors.isRestored == false {
      throw Refusal(.malformed, "values of the model \(model) are missing")
    }
  }
}

extension SnapshotProgress {
  /// Appends the next part of the model and tensor whose turn it is; false if there is no more of them.
  fileprivate mutating func write(
    _ writer: inout MessageWriter, of stores: inout [UInt32: ModelStore], _ byteCount: Int
  ) -> Bool {
    let number = models[model]
    let isGone = gone[number] != nil
    let count = (isGone ? gone[number] : stores[number])?.tensors.tensors.count ?? 0
    guard tensor < count else {
      (model, tensor) = (model + 1, 0)
      return false
    }
    let hasMore =
      isGone
      ? gone[number]?.tensors.writeCaptured(tensor, byteCount: byteCount, to: &writer)
      : stores[number]?.tensors.writeCaptured(tensor, byteCount: byteCount, to: &writer)
    if hasMore != true { tensor += 1 }
    return hasMore == true
  }
}

extension MessageWriter {
  /// Gradients, as a push that says the kind of each block has them.
  fileprivate mutating func pushBlocks(_ blocks: [PushBlock]) {
    count(blocks.count)
    for block in blocks {
      switch block {
      case .dense(let tensor, let first, let values):
        denseBlock(.dense, tensor: tensor, first: first, count: values.count)
        array(values.view)
      case .rows(let tensors, let keys, let values):
        rowsBlock(.rows, tensors: tensors, keyCount: keys.count)
        array(keys.view)
        for values in values { array(values.view) }
      }
    }
  }
}

extension ParameterSpec {
  /// What the memory of a parameter depends on, which never changes.
  fileprivate var layout: [AnyHashable] { [shape, kind, optimizer.rule.kind] }
}
