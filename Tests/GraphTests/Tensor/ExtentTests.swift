import Graph
import Kernels
import Testing

@Suite struct `An extent` {
  private static func draw(_ random: inout SplitMix64) -> Extent {
    Extent(batches: Int.random(in: -3...3, using: &random), fixed: Int.random(in: -12...12, using: &random))
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `computes for all batch sizes at once`(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let (a, b) = (Self.draw(&random), Self.draw(&random))
      for batch in [1, 2, 7, 1024] {
        let (x, y) = (try #require(a.value(batch: batch)), try #require(b.value(batch: batch)))
        #expect(a.adding(b)?.value(batch: batch) == x + y)
        #expect(a.subtracting(b)?.value(batch: batch) == x - y)
        if let product = a.multiplied(by: b) { #expect(product.value(batch: batch) == x * y, "\(a) × \(b)") }
        if let quotient = a.divided(by: b) { #expect(quotient.multiplied(by: b) == a, "\(a) ÷ \(b)") }
      }
      #expect(a.adding(b) == b.adding(a) && a.multiplied(by: b) == b.multiplied(by: a))
      if let product = a.multiplied(by: b), b != 0 { #expect(product.divided(by: b) == a, "\(a) × \(b) ÷ \(b)") }
    }
  }

  @Test func `has products and quotients only where they are affine`() {
    #expect(Extent.batch.multiplied(by: .batch) == nil)
    #expect(Extent.batch.multiplied(by: 3) == Extent(batches: 3))
    #expect(Extent(batches: 6, fixed: 2).divided(by: 2) == Extent(batches: 3, fixed: 1))
    #expect(Extent(batches: 6, fixed: 3).divided(by: 2) == nil)
    #expect(Extent(batches: 6).divided(by: Extent(batches: 2)) == 3)
    #expect(Extent(batches: 6, fixed: 1).divided(by: .batch) == nil)
    #expect(Extent(7).divided(by: 0) == nil)
    #expect(Extent(7).divided(by: -1) == -7)
  }

  @Test func `never overflows`() {
    let extremes = [Int.min, Int.min + 1, -1, 0, 1, 2, Int.max - 1, Int.max]
    let extents = extremes.flatMap { batches in extremes.map { Extent(batches: batches, fixed: $0) } }
    for a in extents {
      _ = a.value(batch: 1 << 24)
      _ = a.description
      for b in extents {
        _ = (a.adding(b), a.subtracting(b), a.multiplied(by: b))
        if let quotient = a.divided(by: b) { #expect(quotient.multiplied(by: b) == a, "\(a) ÷ \(b)") }
      }
    }
    #expect(Extent(Int.max).adding(1) == nil)
    #expect(Extent(Int.min).subtracting(1) == nil)
    #expect(Extent(batches: Int.max).value(batch: 2) == nil)
    #expect(Extent(Int.min).divided(by: -1) == nil)
  }

  @Test func `is written as one would by hand`() {
    let texts = [Extent.batch, 7, Extent(batches: 2), Extent(batches: 1, fixed: -1), Extent(batches: 3, fixed: 4), 0]
      .map(\.description)
    #expect(texts == ["B", "7", "2B", "B-1", "3B+4", "0"])
  }
}
