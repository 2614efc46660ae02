/// Hashes and random bits that are the same on every machine, in every run and every version.
public enum StableHash {
  /// SplitMix64's finaliser: every bit of the result depends on every bit of `value`.
  ///
  /// - SeeAlso: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014.
  @inlinable @inline(always) public static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// The hash of no bytes before it is finished: FNV-1a's offset basis.
  @inlinable @inline(always) package static var basis: UInt64 { 0xcbf2_9ce4_8422_2325 }

  /// `hash` after one more byte, as FNV-1a does it.
  @inlinable @inline(always) package static func absorb(_ byte: UInt8, into hash: UInt64) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// `mix(FNV-1a 64)` of `bytes`.
  @inlinable public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash = basis
    for byte in bytes { hash = absorb(byte, into: hash) }
    return mix(hash)
  }
}

/// A small, fast, seeded generator; equal seeds give equal numbers everywhere.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// Starts at `seed`.
  @inline(always) package init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  @inline(always) package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return StableHash.mix(state)
  }

  /// A number below `bound`, by multiplication; the bias is below `bound / 2^64`.
  @inline(always) package mutating func next(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
  }

  /// A number in [0, 1).
  @inline(always) package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
