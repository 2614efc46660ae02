import Kernels
import Testing

@Suite struct `Kernels that cast` {
  private let x: [Float] = [
    .nan, .infinity, -.infinity, 1e20, -1e20, 3.9, -3.9, 0, -0.0, -0x1p31, 0x1p31, -0x1p63, 0x1p63,
  ]

  private func cast<A: CastableScalar, B: CastableScalar>(_ x: [A], to initial: B) -> [B] {
    computed(x, x.count, initial) { Casting.cast($0, into: $1) }
  }

  @Test func `truncates floats and gives the least integer for what does not fit`() {
    let least = Int32.min
    let expected = [least, least, least, least, least, 3, -3, 0, 0, least, least, least, least]
    #expect(cast(x, to: Int32(0)) == expected)
    #expect(cast(x.map(Double.init), to: Int32(0)) == expected)
    let long = Int64.min
    let longs = [long, long, long, long, long, 3, -3, 0, 0, -(1 << 31), 1 << 31, long, long]
    #expect(cast(x, to: Int64(0)) == longs && cast(x.map(Double.init), to: Int64(0)) == longs)
    #expect(
      cast([2_147_483_647.5, -2_147_483_648.5, -2_147_483_649, 2_147_483_648], to: Int32(0)) == [
        .max, least, least, least,
      ])
  }

  @Test func `of integers keeps the low bits`() {
    #expect(cast([1 << 40 | 5, -1, .min] as [Int64], to: Int32(0)) == [5, -1, 0])
    #expect(cast([.max, .min, -7] as [Int32], to: Int64(0)) == [2_147_483_647, -2_147_483_648, -7])
    #expect(cast([16_777_217, -3] as [Int32], to: Float(0)) == [16_777_216, -3])
    #expect(cast([.max, 1] as [Int64], to: Double(0)) == [0x1p63, 1])
    #expect(cast([.max, 1] as [Int64], to: Float(0)) == [0x1p63, 1])
  }

  @Test func `of truth values goes through 0 and 1`() {
    #expect(cast([true, false], to: Float(9)) == [1, 0] && cast([true, false], to: Int64(9)) == [1, 0])
    #expect(cast([.nan, 0, -0.0, 0.1] as [Float], to: false) == [true, false, false, true])
    #expect(cast([2, 0] as [Int32], to: false) == [true, false] && cast([true], to: false) == [true])
  }

  @Test func `between floats rounds once and keeps what is no number`() {
    #expect(cast([1e-50, 1e300, 0.1] as [Double], to: Float(0)) == [0, .infinity, 0.1])
    #expect(cast([.nan] as [Float], to: 0.0)[0].isNaN && cast([0.1] as [Float], to: 0.0) == [Double(Float(0.1))])
  }

  @Test(arguments: oddSizes)
  func `of masks is the same at any length`(_ count: Int) {
    let x = (0..<count).map { $0 % 3 == 1 }
    #expect(cast(x, to: Float(9)) == x.map { $0 ? 1 : 0 } && cast(x, to: Int32(9)) == x.map { $0 ? 1 : 0 })
  }
}
