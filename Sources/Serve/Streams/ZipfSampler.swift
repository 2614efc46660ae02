import Glibc

/// Draws the values 0, 1, 2, … with chances that fall as 1, 2^-s, 3^-s, …
///
/// - Complexity: O(1) per draw, by Walker's alias method.
/// - SeeAlso: M. Vose, *A Linear Algorithm for Generating Random Numbers with a Given Distribution*, IEEE TSE 1991.
package struct ZipfSampler: Sendable {
  /// The chance of each value.
  package let chances: [Double]

  /// In each entry: the chance of keeping the value (upper 32 bits) and what to take otherwise.
  private let entries: [UInt64]

  /// Draws from `count` values, a power of two.
  package init(count: Int, exponent: Double) {
    precondition(count > 0 && count & (count - 1) == 0, "\(count) values")
    var weights = (1...count).map { pow(Double($0), -exponent) }
    let sum = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= sum }
    chances = weights

    var scaled = weights.map { $0 * Double(count) }
    var entries = [UInt64](repeating: UInt64(UInt32.max) << 32, count: count)
    var small = scaled.indices.filter { scaled[$0] < 1 }
    var large = scaled.indices.filter { scaled[$0] >= 1 }
    while let poor = small.popLast(), let rich = large.last {
      entries[poor] = UInt64(scaled[poor] * 0x1p32) << 32 | UInt64(rich)
      scaled[rich] -= 1 - scaled[poor]
      if scaled[rich] < 1 {
        large.removeLast()
        small.append(rich)
      }
    }
    self.entries = entries
  }

  /// The value that 64 random bits stand for.
  @inline(always) package func draw(_ bits: UInt64) -> Int {
    let value = Int(truncatingIfNeeded: bits) & (entries.count - 1)
    let entry = entries[value]
    return bits >> 32 <= entry >> 32 ? value : Int(truncatingIfNeeded: entry & 0xffff_ffff)
  }
}
