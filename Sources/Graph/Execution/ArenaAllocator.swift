/// Hands out offsets in an arena whose blocks are given back and used again.
///
/// Used when a plan is made: the order of taking and giving back is the order of execution, and what comes out is how
/// large the arena has to be. Best fit; blocks are aligned to a cache line.
package struct ArenaAllocator {
  /// The alignment of blocks in bytes.
  package static let alignment = 64

  /// The size of the arena so far, in bytes.
  package private(set) var byteCount = 0
  /// Free blocks by offset, none touching another.
  private var free: [(offset: Int, byteCount: Int)] = []

  /// An empty arena.
  package init() {}

  /// The offset of a block of at least `byteCount` bytes.
  package mutating func take(_ byteCount: Int) -> Int {
    let size = Self.rounded(byteCount)
    var best: Int?
    for (index, block) in free.enumerated() where block.byteCount >= size {
      if best == nil || block.byteCount < free[best!].byteCount { best = index }
    }
    guard let best else {
      // Nothing fits: grow, from the last free block if it lies at the end.
      if let last = free.last, last.offset + last.byteCount == self.byteCount {
        free.removeLast()
        self.byteCount = last.offset + size
        return last.offset
      }
      defer { self.byteCount += size }
      return self.byteCount
    }
    let offset = free[best].offset
    if free[best].byteCount == size {
      free.remove(at: best)
    } else {
      free[best] = (offset + size, free[best].byteCount - size)
    }
    return offset
  }

  /// Gives the block of `byteCount` bytes at `offset` back.
  package mutating func giveBack(_ byteCount: Int, at offset: Int) {
    var block = (offset: offset, byteCount: Self.rounded(byteCount))
    var index = free.firstIndex { $0.offset > offset } ?? free.count
    if index < free.count, block.offset + block.byteCount == free[index].offset {
      block.byteCount += free[index].byteCount
      free.remove(at: index)
    }
    if index > 0, free[index - 1].offset + free[index - 1].byteCount == block.offset {
      index -= 1
      block = (free[index].offset, free[index].byteCount + block.byteCount)
      free.remove(at: index)
    }
    free.insert(block, at: index)
  }

  private static func rounded(_ byteCount: Int) -> Int {
    max(alignment, (byteCount + alignment - 1) / alignment * alignment)
  }
}
