/// The set of ids as a bitmap with two levels of summary, and the number of ids before each word of it.
///
/// Walking the summaries finds the set words in ascending order without a look at the others, so that sorting costs
/// nothing; the place of an id is its word's number and a count of bits.
struct RowBitmap {
  /// 64 neighbouring ids.
  private struct Word: BitwiseCopyable {
    var bits: UInt64
    var before: Int
  }

  private var words = GrowingMemory<Word>()
  /// A bit per word that is not zero.
  private var summary = GrowingMemory<UInt64>()
  /// A bit per word of `summary` that is not zero.
  private var top = GrowingMemory<UInt64>()
  private var topCount = 0

  /// Makes room for ids in `0..<idRange`; the set is empty.
  mutating func reserve(_ idRange: Int) {
    let wordCount = (idRange + 63) / 64
    let summaryCount = (wordCount + 63) / 64
    topCount = (summaryCount + 63) / 64
    words.reserve(wordCount, keeping: 0)
    summary.reserve(summaryCount, keeping: 0)
    top.reserve(topCount, keeping: 0)
  }

  /// Adds `ids` up to the first that is not in `0..<idRange`, whose position is returned.
  @specialized(where Id == Int32)
  @specialized(where Id == Int64)
  func insert<Id: IndexScalar>(_ ids: MemoryView<Id>, _ idRange: Int) -> Int? {
    let (words, summary, top) = unsafe (
      self.words.view(self.words.capacity).base, self.summary.view(self.summary.capacity).base,
      self.top.view(self.top.capacity).base
    )
    // Safety: `reserve` made room for every id of the range, and each id is checked to be in it.
    for position in 0..<ids.count {
      let id = unsafe Int(ids.base[position])
      guard id >= 0, id < idRange else { return position }
      let word = id >> 6
      if unsafe words[word].bits == 0 {
        unsafe summary[word >> 6] |= 1 << UInt64(word & 63)
        unsafe top[word >> 12] |= 1 << UInt64((word >> 6) & 63)
      }
      unsafe words[word].bits |= 1 << UInt64(id & 63)
    }
    return nil
  }

  /// Writes the ids to `keys` in ascending order, numbers the words, and returns how many ids there are.
  func number(into keys: MemoryView<Int64>) -> Int {
    let (words, summary, top) = (
      words.view(words.capacity), summary.view(summary.capacity), top.view(topCount)
    )
    var count = 0
    for topIndex in 0..<topCount {
      forEachBit(top[topIndex]) { topBit in
        let summaryIndex = topIndex << 6 | topBit
        forEachBit(summary[summaryIndex]) { summaryBit in
          let index = summaryIndex << 6 | summaryBit
          words[index].before = count
          forEachBit(words[index].bits) { bit in
            keys[count] = Int64(index << 6 | bit)
            count += 1
          }
        }
        summary[summaryIndex] = 0
      }
      top[topIndex] = 0
    }
    return count
  }

  /// Writes the place of each of `ids` among the numbered ones.
  @specialized(where Id == Int32)
  @specialized(where Id == Int64)
  func find<Id: IndexScalar>(_ ids: MemoryView<Id>, _ idRange: Int, into places: MemoryView<Int32>) {
    let words = unsafe self.words.view(self.words.capacity).base
    for position in 0..<ids.count {
      let id = unsafe Int(ids.base[position])
      precondition(id >= 0 && id < idRange, "id \(id) was not added")
      // Safety: `reserve` made room for every id of the range; `places` is as long as `ids`.
      let word = unsafe words[id >> 6]
      let bit = 1 << UInt64(id & 63) as UInt64
      precondition(word.bits & bit != 0, "id \(id) was not added")
      unsafe places.base[position] = Int32(truncatingIfNeeded: word.before + (word.bits & (bit - 1)).nonzeroBitCount)
    }
  }

  /// Removes `ids`, which are all.
  func clear(_ ids: MemoryView<Int64>) {
    let words = words.view(words.capacity)
    for position in 0..<ids.count { words[Int(ids[position]) >> 6].bits = 0 }
  }

  @inline(always)
  private func forEachBit(_ bits: UInt64, _ body: (Int) -> Void) {
    var rest = bits
    while rest != 0 {
      body(rest.trailingZeroBitCount)
      rest &= rest - 1
    }
  }
}
