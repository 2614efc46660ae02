/// The counter-based random number generator Philox-4×32 with ten rounds.
///
/// A bijection of 128-bit counters, one for each 64-bit key: any number of any stream can be had without those before
/// it, so tiles and threads draw exactly what one pass over everything would.
///
/// - SeeAlso: Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, SC 2011.
public struct Philox4x32: Hashable, Sendable {
  /// The key's low and high halves.
  let key: (low: UInt32, high: UInt32)

  static let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)
  static let increments: (UInt32, UInt32) = (0x9E37_79B9, 0xBB67_AE85)
  static let rounds = 10

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
  @inline(always)
  func words(block: UInt64, stream: UInt64) -> SIMD4<UInt32> {
    words(
      at: SIMD4(
        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
        UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)))
  }

  /// The words of eight neighbouring blocks: vector `w` holds word `w` of each, in the low halves of its lanes.
  ///
  /// Only the low half of a lane counts on the way, so that a round is two multiplications, two shifts and four
  /// exclusive ors for eight blocks; the high halves of the result are zero.
  @inline(always)
  func eightBlocks(
    from block: UInt64, stream: UInt64
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    let low = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
    let blocks = SIMD8(repeating: block) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    var (c0, c1) = (blocks & low, blocks &>> 32)
    var (c2, c3) = (SIMD8(repeating: stream & 0xFFFF_FFFF), SIMD8(repeating: stream >> 32))
    var (k0, k1) = key
    let m0 = SIMD8(repeating: UInt64(Self.multipliers.0))
    let m1 = SIMD8(repeating: UInt64(Self.multipliers.1))
    for _ in 0..<Self.rounds {
      let p0 = (c0 & low) &* m0
      let p1 = (c2 & low) &* m1
      c0 = (p1 &>> 32) ^ c1 ^ SIMD8(repeating: UInt64(k0))
      c2 = (p0 &>> 32) ^ c3 ^ SIMD8(repeating: UInt64(k1))
      (c1, c3) = (p1, p0)
      k0 &+= Self.increments.0
      k1 &+= Self.increments.1
    }
    return (c0 & low, c1 & low, c2 & low, c3 & low)
  }

  public static func == (a: Philox4x32, b: Philox4x32) -> Bool { a.key == b.key }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(key.low)
    hasher.combine(key.high)
  }
}
