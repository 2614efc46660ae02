import Kernels

/// Numbers keys in the order in which they are added: a hash table with open addressing and linear probing.
///
/// Keys are never removed, so a search ends at the first empty place. At most half of the places
/// are taken, so that most searches end where they begin.
struct RowMap: Sendable {
  /// The number of keys.
  private(set) var count = 0

  /// Two words per place: a key and its number plus one; zero marks an empty place.
  private var places: MemoryView<Int64>
  private var memory: AlignedMemory
  /// The number of places, a power of two, minus one.
  private var mask: Int

  private static let firstPlaces = 64

  /// A map without keys.
  init() {
    mask = Self.firstPlaces - 1
    memory = AlignedMemory(byteCount: Self.firstPlaces * 16, hugePages: false)
    places = memory.view(of: Int64.self, count: Self.firstPlaces * 2)
  }

  /// Writes the number of each of `keys` to `numbers`, -1 for one that is not there.
  ///
  /// - Returns: How many are not there.
  func find(_ keys: MemoryView<Int64>, into numbers: MemoryView<Int64>) -> Int {
    var missing = 0
    for index in 0..<keys.count {
      let number = places[2 &* place(of: keys[index]) &+ 1] &- 1
      numbers[index] = number
      missing &+= number < 0 ? 1 : 0
    }
    return missing
  }

  /// The number of `key`; nil if it is not there.
  func number(of key: Int64) -> Int? {
    let number = Int(places[2 &* place(of: key) &+ 1])
    return number == 0 ? nil : number - 1
  }

  /// Makes room for `more` keys.
  ///
  /// - Complexity: Amortised O(`more`); what is there is moved when the number of places doubles.
  mutating func reserve(_ more: Int) {
    var capacity = mask + 1
    while (count + more) * 2 > capacity { capacity *= 2 }
    guard capacity > mask + 1 else { return }
    let old = places
    let oldMemory = memory
    memory = AlignedMemory(byteCount: capacity * 16)
    places = memory.view(of: Int64.self, count: capacity * 2)
    mask = capacity - 1
    withExtendedLifetime(oldMemory) {
      for from in stride(from: 0, to: old.count, by: 2) where old[from + 1] != 0 {
        let place = place(of: old[from])
        places[2 * place] = old[from]
        places[2 * place + 1] = old[from + 1]
      }
    }
  }

  /// Adds `key`, which is not there and for which room is reserved.
  ///
  /// - Returns: Its number.
  mutating func add(_ key: Int64) -> Int {
    let place = place(of: key)
    places[2 * place] = key
    places[2 * place + 1] = Int64(count + 1)
    count += 1
    return count - 1
  }

  /// The place where `key` is, or where it would be put.
  @inline(always)
  private func place(of key: Int64) -> Int {
    // Safety: `mask` keeps every place within the memory.
    var place = Int(truncatingIfNeeded: SplitMix64.mix(UInt64(bitPattern: key))) & mask
    while unsafe places.base[2 &* place] != key, unsafe places.base[2 &* place &+ 1] != 0 {
      place = (place &+ 1) & mask
    }
    return place
  }
}
