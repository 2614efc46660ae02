/// The counter-based random number generator Philox-4×32 with ten rounds.
///
/// A bijection of 128-bit counters, one for each 64-bit key: any number of any stream can be had without those before
/// it, so tiles and threads draw exactly what one pass over everything would.
///
/// - SeeAlso: Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, SC 2011.
public struct Philox4x32: Sendable {
  private static let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)
  private static let rounds = 10

  private static let increments: (UInt32, UInt32) = (0x9E37_79B9, 0xBB67_AE85)

  /// The key's low and high halves.
  private let key: (low: UInt32, high: UInt32)

  /// The generator of key `key`.
  public init(key: UInt64) {
    self.key = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  }

  /// The four words at `counter`, lowest word first.
  public func words(at counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var (k0, k1) = key
    for _ in 0..<Self.rounds {
      let (high0, low0) = Self.multipliers.0.multipliedFullWidth(by: c[0])
      let (high1, low1) = Self.multipliers.1.multipliedFullWidth(by: c[2])
      c = SIMD4(high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0)
      k0 &+= Self.increments.0
      k1 &+= Self.increments.1
    }
    return c
  }

  /// The four words of block `block` of stream `stream`.
  func words(block: UInt64, stream: UInt64) -> SIMD4<UInt32> {
    words(
      at: SIMD4(
        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
        UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)))
  }

  /// The words of blocks `8 * group..<8 * group + 8`, the smallest piece that is made at once.
  ///
  /// Each lane carries one word on the way. Only its low half counts, so that a round is two multiplications and a
  /// few cheap instructions for eight blocks.
  @inline(always)
  func words(group: Int, stream: UInt64) -> PhiloxGroup {
    let low = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
    let blocks = SIMD8(repeating: UInt64(truncatingIfNeeded: group) &<< 3) | SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    var (c0, c1) = (blocks & low, blocks &>> 32)
    var (c2, c3) = (SIMD8(repeating: stream & 0xFFFF_FFFF), SIMD8(repeating: stream >> 32))
    let m0 = SIMD8(repeating: UInt64(Self.multipliers.0))
    let m1 = SIMD8(repeating: UInt64(Self.multipliers.1))
    var (k0, k1) = (SIMD8(repeating: UInt64(key.low)), SIMD8(repeating: UInt64(key.high)))
    for _ in 0..<Self.rounds {
      let p0 = (c0 & low) &* m0
      let p1 = (c2 & low) &* m1
      c0 = (p1 &>> 32) ^ c1 ^ k0
      c2 = (p0 &>> 32) ^ c3 ^ k1
      (c1, c3) = (p1, p0)
      k0 &+= SIMD8(repeating: UInt64(Self.increments.0))
      k1 &+= SIMD8(repeating: UInt64(Self.increments.1))
    }
    return PhiloxGroup(first: (c0 & low) | (c1 &<< 32), second: (c2 & low) | (c3 &<< 32))
  }
}

/// The 32 words of eight neighbouring blocks, in pairs whose first is the low half.
///
/// In this order they are drawn: words 0 and 1 of each block, then words 2 and 3 of each.
struct PhiloxGroup {
  static let wordCount = 32

  /// Words 0 and 1 of each block.
  let first: SIMD8<UInt64>
  /// Words 2 and 3 of each block.
  let second: SIMD8<UInt64>

  /// Pair `index` of 16.
  subscript(index: Int) -> UInt64 { index < 8 ? first[index] : second[index - 8] }
}
