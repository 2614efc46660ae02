public import Kernels
import NIOCore
import Parameters
import Wire

// Weights and optimizer state as they are stored, for tools: exports, imports, checks.
extension ParameterClient {
  public func read(_ tensor: String, from offset: Int, into destination: MemoryView<Float>) throws {
    let place = try checkedPlace(tensor, offset, destination.count)
    let part = StoredPart(place.part)
    if partition.parameters[place.parameter].kind == .dense {
      for (shard, pieces) in densePieces(place, offset..<offset + destination.count) where !pieces.isEmpty {
        for piece in pieces {
          let values = try get(.elements(piece), part, place.parameter, from: shard)
          values.copy(to: destination[piece.lowerBound - offset..<piece.upperBound - offset])
        }
      }
    } else {
      try forEachRun(of: place, offset, destination.count) { rows, skipped, run in
        var memory = [Float](repeating: 0, count: rows.count * rowLength(of: place))
        try memory.withMemoryView { memory in
          try readRows(rows, place, into: memory)
          destination[run].copy(from: memory[skipped..<skipped + run.count])
        }
      }
    }
  }

  public func write(_ values: MemoryView<Float>, to tensor: String, at offset: Int) throws {
    let place = try checkedPlace(tensor, offset, values.count)
    if let position = values.firstNonFinite {
      throw StoreError.notFinite(tensor: tensor, position: offset + position, row: nil)
    }
    try write(values, to: place, at: offset, on: Array(0..<links.count))
  }

  /// Checks that the client may replace values, on all servers.
  ///
  /// - Throws: ``ClientError``, with error 409 if the model waits on one of them for first values that nobody brings.
  public func checkMayWrite() throws {
    _ = try links.call((0..<links.count).map { putRequest(on: $0, isLast: false, count: 0) { _ in } })
  }

  /// Writes what the servers `shards` have of the elements from `offset` on.
  func write(_ values: MemoryView<Float>, to place: TensorPlace, at offset: Int, on shards: [Int]) throws {
    let part = StoredPart(place.part)
    if partition.parameters[place.parameter].kind == .dense {
      for (shard, pieces) in densePieces(place, offset..<offset + values.count, all: true)
      where !pieces.isEmpty && shards.contains(shard) {
        for piece in pieces {
          try put(on: shard) { writer in
            writer.storedElements(part, tensor: place.parameter, piece)
            writer.array(values[piece.lowerBound - offset..<piece.upperBound - offset])
          }
        }
      }
    } else {
      let length = rowLength(of: place)
      try forEachRun(of: place, offset, values.count) { rows, skipped, run in
        var memory = [Float](repeating: 0, count: rows.count * length)
        try memory.withMemoryView { memory in
          // The first and the last row may be written in part only.
          if skipped > 0 || run.count < memory.count { try readRows(rows, place, into: memory) }
          memory[skipped..<skipped + run.count].copy(from: values[run])
          for shard in shards { try writeRows(rows, place, from: memory, length, on: shard) }
        }
      }
    }
  }

  /// Tells the servers `shards` that the values which they wait for are all there.
  func finishValues(on shards: [Int]) throws {
    var requests = [ServerRequest?](repeating: nil, count: links.count)
    for shard in shards { requests[shard] = putRequest(on: shard, isLast: true, count: 0) { _ in } }
    _ = try links.call(requests)
  }
}

// How much is read or written at a time, so that messages are as small as the servers want them.
extension ParameterClient {
  /// The bytes of a message beside keys and values, at most.
  private static let headByteCount = 256

  /// The most rows of `rowLength` values that are read or written at a time with their keys, beside so many other bytes.
  func rowsPerRequest(rowLength: Int, besides byteCount: Int = 0) -> Int {
    min(1 << 16, max(1, (links.payloadLimit - Self.headByteCount - byteCount) / (8 + 4 * rowLength)))
  }

  /// The most elements of a dense tensor that are read or written at a time.
  private var elementsPerRequest: Int { min(1 << 20, max(1, (links.payloadLimit - Self.headByteCount) / 4)) }
}

// Where elements are.
extension ParameterClient {
  private func checkedPlace(_ tensor: String, _ offset: Int, _ count: Int) throws -> TensorPlace {
    guard let place = places[tensor] else { throw StoreError.unknownTensor(tensor) }
    let total = tensors[place.tensor].count
    guard offset >= 0, offset <= total, count <= total - offset else {
      throw StoreError.outsideTensor(tensor, offset: offset, count: count, of: total)
    }
    return place
  }

  private func rowLength(of place: TensorPlace) -> Int {
    if case .scalar = place.part { 1 } else { partition.parameters[place.parameter].rowLength }
  }

  /// The elements `range` of a part of a dense tensor, by shard.
  ///
  /// A scalar is kept by every shard that has a part of the tensor, always the same; one of them is asked, `all` are told.
  private func densePieces(
    _ place: TensorPlace, _ range: Range<Int>, all: Bool = false
  ) -> [(shard: Int, pieces: [Range<Int>])] {
    if case .scalar = place.part {
      let owners = (0..<links.count).filter { !partition.ranges(ofTensor: place.parameter, on: $0).isEmpty }
      return (all ? owners : Array(owners.prefix(1))).map { ($0, range.isEmpty ? [] : [range]) }
    }
    let length = elementsPerRequest
    return (0..<links.count).map { shard in
      let pieces = partition.ranges(ofTensor: place.parameter, on: shard).flatMap { owned in
        let piece = owned.clamped(to: range)
        return stride(from: piece.lowerBound, to: piece.upperBound, by: length).map {
          $0..<min($0 + length, piece.upperBound)
        }
      }
      return (shard, pieces)
    }
  }

  /// Calls `body` with runs of whole rows that cover `count` elements from `offset` on: the rows, how many elements of
  /// them come before the run, and where the run lies among the elements.
  private func forEachRun(
    of place: TensorPlace, _ offset: Int, _ count: Int, _ body: (Range<Int64>, Int, Range<Int>) throws -> Void
  ) throws {
    let length = rowLength(of: place)
    let limit = rowsPerRequest(rowLength: length)
    var done = 0
    while done < count {
      let (row, skipped) = (offset + done).quotientAndRemainder(dividingBy: length)
      let rows = min(limit, (skipped + count - done + length - 1) / length)
      let run = min(count - done, rows * length - skipped)
      try body(Int64(row)..<Int64(row + rows), skipped, done..<done + run)
      done += run
    }
  }

  /// The rows `rows` that `shard` has.
  private func keys(_ rows: Range<Int64>, on shard: Int) -> [Int64] {
    partition.map.shards == 1
      ? Array(rows)
      : rows.filter { partition.map.shard(ofSlot: ShardMap.slot(ofRow: UInt64($0))) == shard }
  }
}

// What travels.
extension ParameterClient {
  private func readRows(_ rows: Range<Int64>, _ place: TensorPlace, into memory: MemoryView<Float>) throws {
    let length = rowLength(of: place)
    for shard in 0..<links.count {
      var keys = keys(rows, on: shard)
      guard !keys.isEmpty else { continue }
      let values = try keys.withMemoryView { keys in
        try get(.rows(keys), StoredPart(place.part), place.parameter, from: shard)
      }
      for (index, key) in keys.enumerated() {
        let row = Int(key - rows.lowerBound)
        values.copy(index * length..<(index + 1) * length, to: memory[row * length..<(row + 1) * length])
      }
    }
  }

  private func writeRows(
    _ rows: Range<Int64>, _ place: TensorPlace, from memory: MemoryView<Float>, _ length: Int, on shard: Int
  ) throws {
    var keys = keys(rows, on: shard)
    guard !keys.isEmpty else { return }
    try keys.withMemoryView { keys in
      try put(on: shard) { writer in
        writer.storedRows(StoredPart(place.part), tensor: place.parameter, keys)
        writer.array(count: keys.count * length, of: Float.self) { destination in
          for index in 0..<keys.count {
            let row = Int(keys[index] - rows.lowerBound)
            destination[index * length..<(index + 1) * length].copy(from: memory[row * length..<(row + 1) * length])
          }
        }
      }
    }
  }

  /// What of a tensor is read.
  private enum Piece {
    case elements(Range<Int>)
    case rows(MemoryView<Int64>)
  }

  private func get(
    _ piece: Piece, _ part: StoredPart, _ tensor: Int, from shard: Int
  ) throws -> WireArray<Float> {
    var writer = MessageWriter()
    writer.integer(model(on: shard))
    writer.zeros(4)
    writer.count(1)
    let count: Int
    switch piece {
    case .elements(let elements):
      writer.storedElements(part, tensor: tensor, elements)
      count = elements.count
    case .rows(let keys):
      writer.storedRows(part, tensor: tensor, keys)
      let isScalar = if case .scalar = part { true } else { false }
      count = keys.count * (isScalar ? 1 : partition.parameters[tensor].rowLength)
    }
    let answer = try links.call(shard, ServerRequest(reading: .getValues, writer.payload))
    return try links.reading(shard) { () throws(Refusal) in
      var reader = MessageReader(answer.payload)
      _ = try PullReply(from: &reader)
      let values = try reader.array(of: Float.self, count: count)
      try reader.finish()
      return values
    }
  }

  private func put(on shard: Int, _ body: (inout MessageWriter) -> Void) throws {
    _ = try links.call(shard, putRequest(on: shard, isLast: false, count: 1, body))
  }

  private func putRequest(
    on shard: Int, isLast: Bool, count: Int, _ body: (inout MessageWriter) -> Void
  ) -> ServerRequest {
    var writer = MessageWriter()
    Mutation(sequence: 0, model: model(on: shard)).write(to: &writer)
    writer.flag(isLast)
    writer.zeros(7)
    writer.count(count)
    body(&writer)
    return ServerRequest(changing: .putValues, writer.payload)
  }
}

extension StoredPart {
  init(_ part: TensorPlace.Part) {
    switch part {
    case .weights: self = .weights
    case .slot(let slot): self = .slot(slot)
    case .scalar(let scalar): self = .scalar(scalar)
    }
  }
}
