import Glibc

/// The transform of Box and Muller: two uniform numbers become two independent normal ones.
enum BoxMuller {
  /// The two normal samples of a pair of words.
  static func normals(_ pair: UInt64) -> (Double, Double) {
    let radius = (-2 * log((Double(UInt32(truncatingIfNeeded: pair)) + 0.5) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * Double(pair >> 32) * 0x1p-32
    return (radius * cos(angle), radius * sin(angle))
  }

  /// The first sample within two deviations from the blocks that are element `element`'s own.
  ///
  /// Each attempt has four samples. The blocks are numbered beyond those that elements share.
  static func truncated(_ generator: Philox4x32, _ stream: UInt64, element: UInt64) -> Double {
    var attempt: UInt64 = 1
    while true {
      let words = generator.words(block: attempt << 48 | element, stream: stream)
      for index in 0..<2 {
        let (a, b) = normals(UInt64(words[2 * index]) | UInt64(words[2 * index + 1]) << 32)
        if abs(a) < 2 { return a }
        if abs(b) < 2 { return b }
      }
      attempt += 1
    }
  }
}
