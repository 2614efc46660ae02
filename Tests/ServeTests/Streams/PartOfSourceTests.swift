import Serve
import Testing

@Suite struct `A part of a source` {
  private func source(_ count: Int) -> MemorySource {
    MemorySource(
      name: "numbers", count: count, exampleShape: [1], features: .floats((0..<count).map(Float.init)), labels: [],
      labelWidth: 0)
  }

  private func examples(_ source: any DataSource, batch limit: Int, seed: UInt64? = nil) throws -> [Float] {
    var source = source
    var batch = Batch()
    var seen: [Float] = []
    try source.reset(epoch: 0, seed: seed)
    while try source.next(into: &batch, upTo: limit) {
      #expect(Int(batch.begin) == seen.count && Int(batch.end) == seen.count + batch.examples)
      seen += batch.x
    }
    return seen
  }

  @Test(arguments: [1, 2, 3, 5], [0, 1, 7, 24, 100])
  func `has with the others each example once, in any order of the examples`(_ parts: Int, _ count: Int) throws {
    let base = source(max(1, count))
    for seed in [nil, 3] as [UInt64?] {
      var all: [Float] = []
      for part in 0..<parts {
        let source = PartOfSource(base, part: part, of: parts, block: 4)
        let own = try examples(source, batch: 4, seed: seed)
        #expect(source.count == own.count)
        all += own
      }
      #expect(all.sorted() == (0..<max(1, count)).map(Float.init))
    }
  }

  @Test func `takes a block of each round`() throws {
    let part = PartOfSource(source(20), part: 1, of: 2, block: 4)
    #expect(try examples(part, batch: 4) == [4, 5, 6, 7, 12, 13, 14, 15])
    #expect(try examples(part, batch: 3) == [4, 5, 6, 7, 12, 13, 14, 15])
  }

  @Test func `goes on where it is told to`() throws {
    var part: any DataSource = PartOfSource(source(20), part: 1, of: 2, block: 4)
    try part.reset(epoch: 0, seed: nil)
    #expect(try part.skip(to: 5) == 5)
    var batch = Batch()
    #expect(try part.next(into: &batch, upTo: 4))
    #expect(batch.x == [13, 14, 15])
    #expect(try part.skip(to: 100) == 8)
  }
}
