/// Hashes that are the same on every machine, in every run and every version.
public enum StableHash {
  /// The hash of no bytes before it is finished: FNV-1a's offset basis.
  @inline(__always) package static var basis: UInt64 { 0xcbf2_9ce4_8422_2325 }

  /// `hash` after one more byte, as FNV-1a does it.
  @inline(__always) package static func absorb(_ byte: UInt8, into hash: UInt64) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// `mix(FNV-1a 64)` of `bytes`, where `mix` is SplitMix64's finaliser: every bit depends on every byte.
  public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash = basis
    for byte in bytes { hash = absorb(byte, into: hash) }
    return SplitMix64.mix(hash)
  }
}
