import Kernels
import Parameters
import Wire

/// Rows of tables that are read by the same keys, dealt out to the shards; each key travels once for all its tables.
struct KeyGroup {
  /// The tables' numbers.
  private(set) var tensors: [Int]
  /// The gradients of the rows, one view per table; empty for rows that are to be read.
  private(set) var gradients: [MemoryView<Float>]
  /// The rows, strictly ascending.
  let keys: MemoryView<Int64>
  /// What each shard has; not used with one shard.
  private var parts: [Part] = []

  /// The keys that a shard has, and their places among all.
  private struct Part {
    var keys: [Int64] = []
    var places: [Int32] = []
  }

  private init(_ tensor: Int, _ keys: MemoryView<Int64>, _ gradient: MemoryView<Float>?) {
    tensors = [tensor]
    gradients = gradient.map { [$0] } ?? []
    self.keys = keys
  }

  /// The rows of a request.
  static func groups(of pull: RowRequest, _ map: ShardMap) -> [KeyGroup] {
    var groups: [KeyGroup] = []
    for rows in pull.tables where rows.keys.count > 0 { add(rows.parameter, rows.keys, nil, to: &groups) }
    for index in groups.indices { groups[index].deal(map) }
    return groups
  }

  /// The rows that gradients are for.
  static func groups(of push: ParameterGradients, _ map: ShardMap) -> [KeyGroup] {
    var groups: [KeyGroup] = []
    for (tensor, gradient) in push.gradients.enumerated() {
      guard case .rows(let keys, let values) = gradient, keys.count > 0 else { continue }
      add(tensor, keys, values, to: &groups)
    }
    for index in groups.indices { groups[index].deal(map) }
    return groups
  }

  private static func add(
    _ tensor: Int, _ keys: MemoryView<Int64>, _ gradient: MemoryView<Float>?, to groups: inout [KeyGroup]
  ) {
    guard let same = groups.firstIndex(where: { $0.keys.hasSameElements(as: keys) }) else {
      return groups.append(KeyGroup(tensor, keys, gradient))
    }
    groups[same].tensors.append(tensor)
    if let gradient { groups[same].gradients.append(gradient) }
  }

  private mutating func deal(_ map: ShardMap) {
    guard map.shards > 1 else { return }
    parts = [Part](repeating: Part(), count: map.shards)
    for place in 0..<keys.count {
      let shard = map.shard(ofSlot: ShardMap.slot(ofRow: UInt64(bitPattern: keys[place])))
      parts[shard].keys.append(keys[place])
      parts[shard].places.append(Int32(place))
    }
  }

  /// How many keys `shard` has.
  func count(on shard: Int) -> Int { parts.isEmpty ? keys.count : parts[shard].keys.count }

  /// Appends the keys that `shard` has; lends them if these are all.
  func writeKeys(on shard: Int, to writer: inout MessageWriter) {
    guard !parts.isEmpty else { return writer.lend(keys) }
    parts[shard].keys.withReadOnlyView { writer.array($0) }
  }

  /// Appends the gradients of the table number `table` of the group for the rows that `shard` has; lends them if that is
  /// all rows.
  func writeGradients(ofTable table: Int, on shard: Int, rowLength: Int, to writer: inout MessageWriter) {
    guard !parts.isEmpty else { return writer.lend(gradients[table]) }
    writer.array(count: count(on: shard) * rowLength, of: Float.self) { destination in
      parts[shard].places.withReadOnlyView {
        _ = Rows.gather(
          table: gradients[table], rowStride: rowLength, rowLength: rowLength, rowCount: keys.count, indices: $0,
          into: destination)
      }
    }
  }

  /// Copies `rows`, those from number `first` on that `shard` sent of the table `spec` of the group, to their places in
  /// `mirror`.
  func scatter(
    _ rows: MemoryView<Float>, from shard: Int, startingAt first: Int, of spec: ParameterSpec,
    to mirror: MemoryView<Float>
  ) {
    withKeys(of: shard) { keys in
      Rows.scatter(
        rows, rowLength: spec.rowLength, indices: keys[first..<first + rows.count / spec.rowLength], into: mirror,
        rowStride: spec.rowLength, rowCount: spec.rowCount)
    }
  }

  private func withKeys(of shard: Int, _ body: (MemoryView<Int64>) -> Void) {
    guard !parts.isEmpty else { return body(keys) }
    parts[shard].keys.withReadOnlyView(body)
  }
}

extension MemoryView<Int64> {
  /// Whether `other` has the same elements in the same order.
  fileprivate func hasSameElements(as other: MemoryView<Int64>) -> Bool {
    guard count == other.count else { return false }
    // Lists of different tables differ early, if at all.
    for index in 0..<count where self[index] != other[index] { return false }
    return true
  }
}
