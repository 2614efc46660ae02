import Kernels
import Testing

@Suite struct `Random numbers` {
  @Test func `are Philox's published answers`() {
    // kat_vectors of Random123: philox4x32 10.
    let zero = Philox4x32(key: 0).words(at: .zero)
    #expect(zero == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = Philox4x32(key: .max).words(at: SIMD4(repeating: .max))
    #expect(ones == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = Philox4x32(key: 0x299f_31d0_a409_3822).words(
      at: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  private func split<Scalar: BitwiseCopyable & AdditiveArithmetic>(
    _ count: Int, at cuts: [Int], _ draw: (Int, MemoryView<Scalar>) -> Void
  ) -> [Scalar] {
    var values = [Scalar](repeating: .zero, count: count)
    values.withMemoryView { values in
      for (start, end) in zip([0] + cuts, cuts + [count]) { draw(start, values[start..<end]) }
    }
    return values
  }

  @Test(arguments: [[1], [4], [7, 8, 9], [33, 97], [256], [100, 100, 101, 500]])
  func `do not depend on how an array is split`(_ cuts: [Int]) {
    let draws: [(Int, MemoryView<Float>) -> Void] = [
      { Random.uniform(key: 7, stream: 3, offset: $0, into: $1) },
      { Random.normal(key: 7, stream: 3, offset: $0, into: $1) },
      { Random.truncatedNormal(key: 7, stream: 3, offset: $0, into: $1) },
    ]
    for draw in draws { #expect(split(700, at: cuts, draw) == split(700, at: [], draw)) }
    let uniform = { Random.uniform(key: 7, stream: 3, offset: $0, into: $1) } as (Int, MemoryView<Double>) -> Void
    #expect(split(700, at: cuts, uniform) == split(700, at: [], uniform))
  }

  @Test func `of other keys and streams are others`() {
    func draw(_ key: UInt64, _ stream: UInt64) -> [Float] {
      split(64, at: []) { Random.uniform(key: key, stream: stream, offset: $0, into: $1) }
    }
    #expect(draw(1, 1) == draw(1, 1))
    #expect(Set([draw(1, 1), draw(2, 1), draw(1, 2), draw(1 << 32, 1), draw(1, 1 << 32)]).count == 5)
  }

  private func moments(_ values: [Float]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    return (mean, values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count))
  }

  @Test func `have the moments of their distributions`() {
    let uniform = split(200_000, at: []) { Random.uniform(key: 1, stream: 2, offset: $0, into: $1) } as [Float]
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(moments(uniform).mean - 0.5) < 0.003)
    #expect(abs(moments(uniform).variance - 1.0 / 12) < 0.001)
    let normal = split(200_000, at: []) { Random.normal(key: 1, stream: 2, offset: $0, into: $1) } as [Float]
    #expect(abs(moments(normal).mean) < 0.01)
    #expect(abs(moments(normal).variance - 1) < 0.02)
    let truncated =
      split(200_000, at: []) {
        Random.truncatedNormal(key: 1, stream: 2, offset: $0, into: $1)
      } as [Float]
    #expect(truncated.allSatisfy { abs($0) < 2 })
    #expect(abs(moments(truncated).mean) < 0.01)
    #expect(abs(moments(truncated).variance - 0.7737) < 0.01)
  }

  @Test func `of SplitMix64 are its published ones`() {
    var generator = SplitMix64(seed: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
  }
}
