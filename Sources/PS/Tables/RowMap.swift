package import Kernels

/// Numbers keys in the order in which they are added; keys are never removed.
///
/// Keys of a small range have a place each, so that ascending ones are found as fast as memory is read. Others are in a
/// hash table.
package struct RowMap: Sendable {
  /// The longest range of keys of which each has a place: 64 MiB, of which only the pages exist that were written to.
  package static let directRange = 1 << 24

  private enum Places: Sendable {
    case direct(DirectPlaces)
    case hashed(HashedPlaces)
  }

  /// The number of keys.
  package private(set) var count = 0
  private var places: Places

  /// A map without keys; those to come lie in `0..<keyRange`. Nil if the system has no addresses for it.
  package init?(keyRange: Int) {
    if keyRange <= Self.directRange {
      guard let direct = DirectPlaces(keyRange: keyRange) else { return nil }
      places = .direct(direct)
    } else {
      places = .hashed(HashedPlaces())
    }
  }

  /// Writes the number of each of `keys` to `numbers`, -1 for one that is not there.
  ///
  /// - Returns: How many are not there.
  package func find(_ keys: MemoryView<Int64>, into numbers: MemoryView<Int64>) -> Int {
    switch places {
    case .direct(let direct): direct.find(keys, into: numbers)
    case .hashed(let hashed): hashed.find(keys, into: numbers)
    }
  }

  /// The number of `key`; nil if it is not there.
  package func number(of key: Int64) -> Int? {
    switch places {
    case .direct(let direct): direct.number(of: key)
    case .hashed(let hashed): hashed.number(of: key)
    }
  }

  /// Makes room for `more` keys.
  ///
  /// - Complexity: Amortised O(`more`).
  package mutating func reserve(_ more: Int) {
    if case .hashed(var hashed) = places {
      hashed.reserve(count + more)
      places = .hashed(hashed)
    }
  }

  /// Adds `key`, which is not there and for which room is reserved.
  ///
  /// - Returns: Its number.
  package mutating func add(_ key: Int64) -> Int {
    count += 1
    switch places {
    case .direct(let direct): direct.set(key, count - 1)
    case .hashed(let hashed): hashed.set(key, count - 1)
    }
    return count - 1
  }
}

/// A place for each key that there can be.
private struct DirectPlaces: Sendable {
  /// By key, its number plus one; zero if the key is not there.
  private let numbers: MemoryView<Int32>
  private let memory: AlignedMemory

  init?(keyRange: Int) {
    let byteCount = keyRange * MemoryLayout<Int32>.stride
    guard let memory = AlignedMemory(ifAvailable: byteCount, hugePages: false, isSparse: true) else { return nil }
    self.memory = memory
    numbers = memory.view(of: Int32.self, count: keyRange)
  }

  func find(_ keys: MemoryView<Int64>, into found: MemoryView<Int64>) -> Int {
    var missing = 0
    for index in 0..<keys.count {
      let number = Int64(numbers[Int(keys[index])]) &- 1
      found[index] = number
      missing &+= number < 0 ? 1 : 0
    }
    return missing
  }

  func number(of key: Int64) -> Int? {
    let number = Int(numbers[Int(key)])
    return number == 0 ? nil : number - 1
  }

  func set(_ key: Int64, _ number: Int) { numbers[Int(key)] = Int32(number + 1) }
}

/// A hash table with open addressing and linear probing.
///
/// A search ends at the first empty place. At most half of the places are taken, so that most searches end where they
/// begin.
private struct HashedPlaces: Sendable {
  /// Two words per place: a key and its number plus one; zero marks an empty place.
  private var places: MemoryView<Int64>
  private var memory: AlignedMemory
  /// The number of places, a power of two, minus one.
  private var mask: Int

  private static let firstPlaces = 64

  init() {
    mask = Self.firstPlaces - 1
    memory = AlignedMemory(byteCount: Self.firstPlaces * 16, hugePages: false)
    places = memory.view(of: Int64.self, count: Self.firstPlaces * 2)
  }

  func find(_ keys: MemoryView<Int64>, into numbers: MemoryView<Int64>) -> Int {
    var elsewhere = 0
    for index in 0..<keys.count {
      // Looks where most of them are, without a branch, so that no look waits for the one before.
      // Safety: `mask` keeps every place within the memory.
      let key = keys[index]
      let place = firstPlace(of: key)
      let number = unsafe places.base[2 &* place] == key ? places.base[2 &* place &+ 1] &- 1 : -1
      numbers[index] = number
      elsewhere &+= number < 0 ? 1 : 0
    }
    guard elsewhere > 0 else { return 0 }
    var missing = 0
    for index in 0..<keys.count where numbers[index] < 0 {
      numbers[index] = places[2 &* place(of: keys[index]) &+ 1] &- 1
      missing &+= numbers[index] < 0 ? 1 : 0
    }
    return missing
  }

  func number(of key: Int64) -> Int? {
    let number = Int(places[2 &* place(of: key) &+ 1])
    return number == 0 ? nil : number - 1
  }

  /// Makes room for `count` keys in all; what is there is moved when the number of places doubles.
  mutating func reserve(_ count: Int) {
    var capacity = mask + 1
    while count * 2 > capacity { capacity *= 2 }
    guard capacity > mask + 1 else { return }
    let old = places
    let oldMemory = memory
    memory = AlignedMemory(byteCount: capacity * 16)
    places = memory.view(of: Int64.self, count: capacity * 2)
    mask = capacity - 1
    withExtendedLifetime(oldMemory) {
      for from in stride(from: 0, to: old.count, by: 2) where old[from + 1] != 0 {
        set(old[from], Int(old[from + 1]) - 1)
      }
    }
  }

  func set(_ key: Int64, _ number: Int) {
    let place = place(of: key)
    places[2 * place] = key
    places[2 * place + 1] = Int64(number + 1)
  }

  /// The place where `key` is, or where it would be put.
  @inline(always)
  private func place(of key: Int64) -> Int {
    // Safety: `mask` keeps every place within the memory.
    var place = firstPlace(of: key)
    while unsafe places.base[2 &* place] != key, unsafe places.base[2 &* place &+ 1] != 0 {
      place = (place &+ 1) & mask
    }
    return place
  }

  /// Where the search for `key` begins.
  @inline(always)
  private func firstPlace(of key: Int64) -> Int {
    Int(truncatingIfNeeded: SplitMix64.mix(UInt64(bitPattern: key))) & mask
  }
}
