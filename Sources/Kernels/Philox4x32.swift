/// The counter-based random number generator Philox-4×32 with ten rounds.
///
/// A bijection of 128-bit counters, one for each 64-bit key: any number of any stream can be had without those before
/// it, so tiles and threads draw exactly what one pass over everything would.
///
/// - SeeAlso: Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, SC 2011.
public struct Philox4x32: Sendable {
  fileprivate static let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)
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
  @inline(always)
  func words(group: Int, stream: UInt64) -> PhiloxGroup {
    var lanes = PhiloxLanes(group: group, stream: stream)
    var keys = laneKeys
    for _ in 0..<Self.rounds {
      lanes.advance(keys)
      keys = Self.next(keys)
    }
    return lanes.words
  }

  /// The words of four groups from `group` on.
  ///
  /// A round waits for the one before it; four chains of rounds side by side keep the processor busy.
  @inline(always)
  func words(fourGroupsFrom group: Int, stream: UInt64) -> (PhiloxGroup, PhiloxGroup, PhiloxGroup, PhiloxGroup) {
    var (a, b) = (PhiloxLanes(group: group, stream: stream), PhiloxLanes(group: group + 1, stream: stream))
    var (c, d) = (PhiloxLanes(group: group + 2, stream: stream), PhiloxLanes(group: group + 3, stream: stream))
    var keys = laneKeys
    for _ in 0..<Self.rounds {
      a.advance(keys)
      b.advance(keys)
      c.advance(keys)
      d.advance(keys)
      keys = Self.next(keys)
    }
    return (a.words, b.words, c.words, d.words)
  }

  private var laneKeys: (SIMD8<UInt64>, SIMD8<UInt64>) {
    (SIMD8(repeating: UInt64(key.low)), SIMD8(repeating: UInt64(key.high)))
  }

  @inline(always)
  private static func next(_ keys: (SIMD8<UInt64>, SIMD8<UInt64>)) -> (SIMD8<UInt64>, SIMD8<UInt64>) {
    (
      keys.0 &+ SIMD8(repeating: UInt64(increments.0)), keys.1 &+ SIMD8(repeating: UInt64(increments.1))
    )
  }
}

/// Eight blocks on their way through the rounds, a word in each lane.
///
/// Only the low half of a lane counts, so that a round is two multiplications and a few cheap instructions.
private struct PhiloxLanes {
  private var c0, c1, c2, c3: SIMD8<UInt64>

  @inline(always)
  init(group: Int, stream: UInt64) {
    let blocks = SIMD8(repeating: UInt64(truncatingIfNeeded: group) &<< 3) | SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    (c0, c1) = (blocks & 0xFFFF_FFFF, blocks &>> 32)
    (c2, c3) = (SIMD8(repeating: stream & 0xFFFF_FFFF), SIMD8(repeating: stream >> 32))
  }

  @inline(always)
  mutating func advance(_ keys: (SIMD8<UInt64>, SIMD8<UInt64>)) {
    let p0 = (c0 & 0xFFFF_FFFF) &* SIMD8(repeating: UInt64(Philox4x32.multipliers.0))
    let p1 = (c2 & 0xFFFF_FFFF) &* SIMD8(repeating: UInt64(Philox4x32.multipliers.1))
    (c0, c2) = ((p1 &>> 32) ^ c1 ^ keys.0, (p0 &>> 32) ^ c3 ^ keys.1)
    (c1, c3) = (p1, p0)
  }

  @inline(always)
  var words: PhiloxGroup {
    PhiloxGroup(first: (c1 & 0xFFFF_FFFF) | (c0 &<< 32), second: (c3 & 0xFFFF_FFFF) | (c2 &<< 32))
  }
}

/// The 32 words of eight neighbouring blocks, two in each lane.
///
/// In this order they are drawn: words 1 and 0 of each block, then words 3 and 2 of each, low halves first.
struct PhiloxGroup {
  /// Words 1 and 0 of each block.
  let first: SIMD8<UInt64>
  /// Words 3 and 2 of each block.
  let second: SIMD8<UInt64>

  /// Pair `index` of 16.
  subscript(index: Int) -> UInt64 { index < 8 ? first[index] : second[index - 8] }
}
