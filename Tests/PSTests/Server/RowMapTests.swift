import Kernels
import PS
import Testing

@Suite struct `A map of rows` {
  @Test(arguments: [20_000, RowMap.directRange, RowMap.directRange + 1, Int.max])
  func `numbers keys in the order in which they are added, whatever their range`(_ range: Int) throws {
    var generator = SplitMix64(seed: UInt64(range))
    var map = try #require(RowMap(keyRange: range))
    var numbers: [Int64: Int64] = [:]
    for _ in 0..<20 {
      var keys = (0..<200).map { _ in Int64.random(in: 0..<Int64(range), using: &generator) } + [0, Int64(range) - 1]
      var found = [Int64](repeating: -2, count: keys.count)
      let missing = keys.withMemoryView { keys in found.withMemoryView { map.find(keys, into: $0) } }
      #expect(found == keys.map { numbers[$0] ?? -1 })
      #expect(missing == found.count { $0 < 0 })
      map.reserve(keys.count)
      for key in keys where numbers[key] == nil {
        #expect(map.number(of: key) == nil)
        numbers[key] = Int64(numbers.count)
        #expect(map.add(key) == numbers.count - 1)
        #expect(map.number(of: key) == numbers.count - 1)
      }
      #expect(map.count == numbers.count)
    }
  }
}
