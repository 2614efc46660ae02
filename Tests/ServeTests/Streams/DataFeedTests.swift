import Serve
import Testing

@Suite struct `A feed` {
  private func source(keepsOrder: Bool = false) -> MemorySource {
    MemorySource(
      name: "ten", count: 10, exampleShape: [1], features: .floats((0..<10).map { Float($0) }), labels: [],
      labelWidth: 0, keepsOrder: keepsOrder)
  }

  private func rest(_ feed: inout DataFeed, by size: Int) throws -> (x: [Float], ends: [UInt64]) {
    var (batch, x, ends) = (Batch(), [Float](), [UInt64]())
    while try feed.next(into: &batch, upTo: size) {
      #expect(batch.begin == ends.last ?? batch.begin)
      x += batch.x
      ends.append(batch.end)
    }
    #expect(batch.examples == 0)
    return (x, ends)
  }

  @Test func `counts on from pass to pass and never mixes two`() throws {
    var feed = try DataFeed(source(), passes: 2, seed: 5)
    #expect(feed.count == 20)
    let (x, ends) = try rest(&feed, by: 4)
    #expect(ends == [4, 8, 10, 14, 18, 20])
    #expect(x[..<10].sorted() == x[10...].sorted() && x[..<10] != x[10...])
    #expect(feed.offset == 20)
  }

  @Test(arguments: [UInt64(0), 3, 10, 14, 20, 25])
  func `resumes where another ended`(_ offset: UInt64) throws {
    var whole = try DataFeed(source(), passes: 3, seed: 5)
    var resumed = try DataFeed(source(), passes: 3, seed: 5, resumingAt: offset)
    #expect(resumed.offset == offset)
    let expected = try rest(&whole, by: 1).x.dropFirst(Int(offset))
    #expect(try rest(&resumed, by: 4).x == Array(expected))
  }

  @Test func `ends at its limit`() throws {
    var feed = try DataFeed(source(), passes: 5, limit: 13)
    #expect(feed.count == 13)
    #expect(try rest(&feed, by: 4).ends == [4, 8, 10, 13])
  }

  @Test func `counts the examples of some steps, unless they are too many to count`() throws {
    let feed = try DataFeed(source(), passes: 2)
    #expect(feed.goal(steps: nil, batch: 4) == 20)
    #expect(feed.goal(steps: 3, batch: 4) == 12)
    #expect(feed.goal(steps: UInt64(1) << 62, batch: 4) == 20)
    let endless = try DataFeed(source(), passes: .max)
    #expect(endless.goal(steps: 3, batch: 4) == 12)
    for steps in [nil, UInt64(1) << 62, UInt64.max] as [UInt64?] {
      #expect(endless.goal(steps: steps, batch: 4) == nil)
    }
  }

  @Test(arguments: [1, 2, .max] as [UInt64]) func `ends at once if its part of a source is empty`(
    _ passes: UInt64
  ) throws {
    for offset in [0, 5] as [UInt64] {
      // Of ten examples, in blocks of four, nothing is left to the last of four.
      let part = PartOfSource(source(), part: 3, of: 4, block: 4)
      var feed = try DataFeed(part, passes: passes, seed: 5, resumingAt: offset)
      #expect(try rest(&feed, by: 4).x == [])
      #expect(feed.offset == 0 && feed.goal(steps: nil, batch: 4) == 0)
    }
  }

  @Test func `is an error if there is no example at all, also in parts`() throws {
    let none = MemorySource(
      name: "none", count: 0, exampleShape: [1], features: .floats([]), labels: [], labelWidth: 0)
    for source in [none, PartOfSource(none, part: 1, of: 2, block: 4)] as [any DataSource] {
      var feed = try DataFeed(source, passes: 2)
      var batch = Batch()
      #expect(throws: DataError(source.name, .empty)) { try feed.next(into: &batch, upTo: 4) }
    }
  }

  @Test func `leaves streams in their order`() throws {
    var feed = try DataFeed(source(keepsOrder: true), seed: 5)
    #expect(try rest(&feed, by: 3).x == (0..<10).map { Float($0) })
  }
}
