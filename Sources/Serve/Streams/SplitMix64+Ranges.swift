package import Kernels

extension SplitMix64 {
  /// A number below `bound`, by multiplication; the bias is below `bound / 2^64`.
  @inline(__always) package mutating func next(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
  }

  /// A number in [0, 1).
  @inline(__always) package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
