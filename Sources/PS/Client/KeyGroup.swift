import Kernels
import Parameters

/// Rows of tables that are read by the same keys, dealt out to the shards; each key travels once for all its tables.
struct KeyGroup {
  /// The tables' numbers.
  private(set) var tensors: [Int]
  /// The gradients of the rows, one view per table; empty for rows that are to be read.
  private(set) var gradients: [MemoryView<Float>]
  /// The rows, strictly ascending.
  let keys: MemoryView<Int64>
  /// The places in ``keys`` of each shard's keys; not used with one shard.
  private var places: [[Int32]] = []

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
    places = [[Int32]](repeating: [], count: map.shards)
    for place in 0..<keys.count {
      let slot = ShardMap.slot(ofRow: UInt64(bitPattern: keys[place]))
      places[map.shard(ofSlot: slot)].append(Int32(place))
    }
  }

  /// How many keys `shard` has.
  func count(on shard: Int) -> Int { places.isEmpty ? keys.count : places[shard].count }

  /// Copies the keys that `shard` has to `destination`, which has room for just these.
  func copyKeys(of shard: Int, to destination: MemoryView<Int64>) {
    guard !places.isEmpty else { return destination.copy(from: keys) }
    for (index, place) in places[shard].enumerated() { destination[index] = keys[Int(place)] }
  }

  /// Copies the gradients of the table number `table` of the group for the rows that `shard` has.
  func copyGradients(ofTable table: Int, on shard: Int, rowLength: Int, to destination: MemoryView<Float>) {
    guard !places.isEmpty else { return destination.copy(from: gradients[table]) }
    for (index, place) in places[shard].enumerated() {
      let from = Int(place) * rowLength
      destination[index * rowLength..<(index + 1) * rowLength]
        .copy(from: gradients[table][from..<from + rowLength])
    }
  }

  /// Copies `rows`, what `shard` sent of a table of the group, to the places of these rows in `mirror`.
  func scatter(_ rows: MemoryView<Float>, from shard: Int, rowLength: Int, to mirror: MemoryView<Float>) {
    for index in 0..<count(on: shard) {
      let key = Int(keys[places.isEmpty ? index : Int(places[shard][index])])
      mirror[key * rowLength..<(key + 1) * rowLength]
        .copy(from: rows[index * rowLength..<(index + 1) * rowLength])
    }
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
