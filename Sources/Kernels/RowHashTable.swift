/// The set of ids as a hash table with linear probing, for ids of any range.
///
/// Emptied by a new stamp, without a look at the entries.
struct RowHashTable {
  private struct Entry: BitwiseCopyable {
    var key: Int64
    var place: Int32
    /// The entry is in use if this is the table's stamp.
    var stamp: UInt32
  }

  private var entries = GrowingMemory<Entry>()
  private var sorted = GrowingMemory<Int64>()
  private var mask = 0
  private var stamp: UInt32 = 1

  /// Removes all ids.
  mutating func clear() {
    stamp &+= 1
    guard stamp == 0 else { return }
    entries.view(mask + 1).fill(Entry(key: 0, place: 0, stamp: 0))
    stamp = 1
  }

  /// Makes room for `count` ids; `keys` are those that are there.
  mutating func reserve(_ count: Int, _ keys: MemoryView<Int64>) {
    guard 2 * count > mask || mask == 0 else { return }
    var size = max(1024, mask + 1)
    while size < 2 * count { size *= 2 }
    entries = GrowingMemory()
    entries.reserve(size, keeping: 0)
    mask = size - 1
    sorted.reserve(size, keeping: 0)
    for position in 0..<keys.count { _ = insert(keys[position]) }
  }

  /// Adds `ids`, and those that are new to `keys` at `count`, up to the first that is not in `0..<idRange`.
  @specialized(where Id == Int32)
  @specialized(where Id == Int64)
  func insert<Id: IndexScalar>(
    _ ids: MemoryView<Id>, _ idRange: Int, _ keys: MemoryView<Int64>, _ count: inout Int
  ) -> Int? {
    for position in 0..<ids.count {
      let id = Int64(ids[position])
      guard id >= 0, id < idRange else { return position }
      if insert(id) {
        keys[count] = id
        count += 1
      }
    }
    return nil
  }

  /// Sorts `keys`, all ids of the table, and notes the place of each.
  mutating func number(_ keys: MemoryView<Int64>) {
    RadixSort.sort(keys, scratch: sorted.view(keys.count))
    let entries = entries.view(mask + 1)
    for place in 0..<keys.count { entries[slot(of: keys[place])].place = Int32(truncatingIfNeeded: place) }
  }

  /// Writes the place of each of `ids`, which are in the table.
  @specialized(where Id == Int32)
  @specialized(where Id == Int64)
  func find<Id: IndexScalar>(_ ids: MemoryView<Id>, into places: MemoryView<Int32>) {
    let entries = entries.view(mask + 1)
    for position in 0..<ids.count {
      let entry = entries[slot(of: Int64(ids[position]))]
      precondition(entry.stamp == stamp, "id \(ids[position]) was not added")
      places[position] = entry.place
    }
  }

  private func insert(_ key: Int64) -> Bool {
    let entries = entries.view(mask + 1)
    let slot = slot(of: key)
    guard entries[slot].stamp != stamp else { return false }
    entries[slot] = Entry(key: key, place: 0, stamp: stamp)
    return true
  }

  /// The slot that holds `key`, or where it would be.
  private func slot(of key: Int64) -> Int {
    let entries = entries.view(mask + 1)
    var slot = Int(truncatingIfNeeded: SplitMix64.mix(UInt64(bitPattern: key))) & mask
    while entries[slot].stamp == stamp && entries[slot].key != key { slot = (slot + 1) & mask }
    return slot
  }
}

/// Sorting without comparisons and without allocating.
enum RadixSort {
  /// Sorts non-negative `keys`, byte by byte from the lowest; bytes that all keys share cost one look.
  static func sort(_ keys: MemoryView<Int64>, scratch: MemoryView<Int64>) {
    precondition(scratch.count == keys.count, "scratch for \(scratch.count) of \(keys.count) keys")
    var differing: Int64 = 0
    for position in 0..<keys.count { differing |= keys[position] ^ keys[0] }
    var (from, to) = (keys, scratch)
    var isInScratch = false
    for shift in stride(from: 0 as Int64, to: 64, by: 8) where (differing >> shift) & 255 != 0 {
      var ends = InlineArray<256, Int>(repeating: 0)
      for position in 0..<from.count { ends[Int((from[position] >> shift) & 255)] += 1 }
      var start = 0
      for digit in 0..<256 { (ends[digit], start) = (start, start + ends[digit]) }
      for position in 0..<from.count {
        let digit = Int((from[position] >> shift) & 255)
        to[ends[digit]] = from[position]
        ends[digit] += 1
      }
      swap(&from, &to)
      isInScratch.toggle()
    }
    if isInScratch { keys.copy(from: scratch) }
  }
}
