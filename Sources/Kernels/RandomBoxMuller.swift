import Glibc

/// The transform of Box and Muller: two uniform numbers become two independent normal ones.
enum BoxMuller {
  /// Normal sample `index` of the four that a block's words give.
  static func normal(_ words: SIMD4<UInt32>, _ index: Int) -> Double {
    let pair = index & ~1
    let radius = (-2 * log((Double(words[pair]) + 0.5) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * Double(words[pair + 1]) * 0x1p-32
    return radius * (index == pair ? cos(angle) : sin(angle))
  }
}
