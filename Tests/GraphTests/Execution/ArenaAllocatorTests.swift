import Graph
import Kernels
import Testing

@Suite struct `An arena` {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `never gives out memory that is in use`(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var arena = ArenaAllocator()
    var taken: [(offset: Int, byteCount: Int)] = []
    for _ in 0..<400 {
      if !taken.isEmpty, Int.random(in: 0..<5, using: &random) < 2 {
        let block = taken.remove(at: Int.random(in: 0..<taken.count, using: &random))
        arena.giveBack(block.byteCount, at: block.offset)
        continue
      }
      let byteCount = Int.random(in: 0...1000, using: &random)
      let offset = arena.take(byteCount)
      #expect(offset % ArenaAllocator.alignment == 0 && offset + byteCount <= arena.byteCount)
      // Even empty blocks have a place of their own.
      let range = offset..<offset + max(byteCount, 1)
      #expect(!taken.contains { range.overlaps($0.offset..<$0.offset + max($0.byteCount, 1)) })
      taken.append((offset, byteCount))
    }
    // Once all is given back, the arena is one block again, whatever the order.
    let size = arena.byteCount
    for block in taken.shuffled(using: &random) { arena.giveBack(block.byteCount, at: block.offset) }
    #expect(arena.take(size) == 0 && arena.byteCount == size)
  }

  @Test func `uses memory again, the smallest block that fits`() {
    var arena = ArenaAllocator()
    let blocks = [256, 64, 128, 64].map { ($0, arena.take($0)) }
    #expect(blocks.map(\.1) == [0, 256, 320, 448] && arena.byteCount == 512)
    arena.giveBack(256, at: 0)
    arena.giveBack(128, at: 320)
    #expect(arena.take(100) == 320)
    #expect(arena.take(64) == 0 && arena.take(192) == 64)
    #expect(arena.take(1) == 512 && arena.byteCount == 576)
  }

  @Test func `grows at its end by what is missing`() {
    var arena = ArenaAllocator()
    _ = arena.take(64)
    let last = arena.take(64)
    arena.giveBack(64, at: last)
    #expect(arena.take(128) == last && arena.byteCount == 192)
  }
}
