import Kernels
import Testing

@Suite struct `A row index` {
  /// Ranges on either side of the limit between bitmap and hash table.
  static let ranges = [1, 2, 63, 64, 65, 4096, 100_000, 1 << 26, RowIndex.directRange + 1, 1 << 40, Int.max]

  private func check(_ index: RowIndex, _ ids: [Int64], idRange: Int) {
    var ids = ids
    var places: [Int: Int] = [:]
    for (place, id) in Set(ids).sorted().enumerated() { places[Int(id)] = place }
    let failure = ids.withMemoryView { index.index($0, idRange: idRange) }
    #expect(failure == nil)
    #expect(index.unique.array == Set(ids).sorted())
    #expect(index.inverse.array.map { Int($0) } == ids.map { places[Int($0)]! })
  }

  @Test(arguments: ranges) func `agrees with a dictionary, batch after batch`(_ idRange: Int) {
    let index = RowIndex()
    var generator = SplitMix64(seed: UInt64(idRange))
    for count in [0, 1, 10, 1000, 5, 20_000, 300] {
      // A few hot ids, as in real streams.
      let hot = Int64.random(in: 0..<Int64(idRange), using: &generator)
      let ids = (0..<count).map { _ in
        Bool.random(using: &generator) ? hot : Int64.random(in: 0..<Int64(idRange), using: &generator)
      }
      check(index, ids, idRange: idRange)
    }
  }

  @Test(arguments: [100, 1 << 40]) func `keeps the ids of a batch while it works on the next`(_ idRange: Int) {
    let index = RowIndex()
    var (first, second, more) = ([9, 1, 9] as [Int64], [2, 9] as [Int64], (0..<100).map { Int64($0) })
    for _ in 0..<2 {
      #expect(first.withMemoryView { index.index($0, idRange: idRange) } == nil)
      let kept = index.unique
      #expect(second.withMemoryView { index.index($0, idRange: idRange) } == nil)
      #expect(kept.array == [1, 9] && index.unique.array == [2, 9])
      let next = index.unique
      #expect(more.withMemoryView { index.index($0, idRange: idRange) } == nil)
      #expect(next.array == [2, 9] && index.unique.array == more)
    }
  }

  @Test func `changes its range between batches`() {
    let index = RowIndex()
    for idRange in Self.ranges + Self.ranges.reversed() { check(index, [Int64(idRange - 1), 0], idRange: idRange) }
  }

  @Test(arguments: [100, 1 << 40]) func `takes ids in parts and of either type`(_ idRange: Int) {
    let index = RowIndex()
    var (a, b, c) = ([7, 3, 7] as [Int64], [3, 99, 0] as [Int32], (0..<50).map { Int64($0) })
    var places = [Int32](repeating: -1, count: 3)
    for _ in 0..<3 {
      index.begin(idRange: idRange)
      #expect(a.withMemoryView { index.add($0) } == nil)
      #expect(b.withMemoryView { index.add($0) } == nil)
      index.finish()
      #expect(index.unique.array == [0, 3, 7, 99])
      b.withMemoryView { ids in places.withMemoryView { index.find(ids, into: $0) } }
      #expect(places == [1, 3, 0])
      #expect(c.withMemoryView { index.index($0, idRange: idRange) } == nil)
      #expect(index.count == 50)
    }
  }

  @Test(arguments: [100, 1 << 40], [-1, Int64.min, Int64.max]) func `reports an id out of range`(
    _ idRange: Int, _ bad: Int64
  ) {
    let index = RowIndex()
    for wrong in [bad, Int64(idRange)] {
      var ids = [5, 6, wrong, 7]
      #expect(ids.withMemoryView { index.index($0, idRange: idRange) } == 2)
      #expect(index.unique.array == [])
      #expect(index.inverse.array == [])
    }
    check(index, [6, 5], idRange: idRange)
  }

  @Test func `sums gradients of one row in order`() {
    let index = RowIndex()
    var (ids, values) = ([9, 4, 9] as [Int32], [1, 2, 10, 20, 100, 200] as [Float])
    var sums = [Float](repeating: 0, count: 4)
    #expect(ids.withMemoryView { index.index($0, idRange: 10) } == nil)
    values.withMemoryView { values in
      sums.withMemoryView { sums in
        _ = Rows.scatterAdd(
          values, rowLength: 2, indices: index.inverse, into: sums, rowStride: 2, rowCount: index.count)
      }
    }
    #expect(index.unique.array == [4, 9])
    #expect(sums == [10, 20, 101, 202])
  }
}
