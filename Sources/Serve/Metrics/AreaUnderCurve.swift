/// Computes exact areas under the ROC curve, reusing its memory.
///
/// The area is the chance that a positive example scores above a negative one, ties counting one half: the
/// Mann–Whitney statistic with average ranks, and scikit-learn's `roc_auc_score`.
///
/// - SeeAlso: J. Hanley, B. McNeil, *The Meaning and Use of the Area under a ROC Curve*, Radiology 1982.
public struct AreaUnderCurve: Sendable {
  private var keys: [UInt64] = []
  private var spare: [UInt64] = []
  private var counts = [Int](repeating: 0, count: 1 << digitBits)

  private static let digitBits = 11

  /// Takes no memory yet.
  public init() {}

  /// The area for `scores`, where an example is positive if its label is above one half.
  ///
  /// - Returns: Nil if there are only positive or only negative examples, or a score is NaN.
  /// - Complexity: O(n), by radix sort; allocates only when n is larger than ever before.
  public mutating func area(_ scores: [Float], _ labels: [Float]) -> Double? {
    precondition(scores.count == labels.count, "\(scores.count) scores and \(labels.count) labels")
    keys.removeAll(keepingCapacity: true)
    for index in scores.indices {
      guard !scores[index].isNaN else { return nil }
      keys.append(Self.key(scores[index], isPositive: labels[index] > 0.5))
    }
    sortKeys()
    return Self.area(ofSorted: keys)
  }

  /// A number that is ordered as scores are, with the label as its last bit.
  private static func key(_ score: Float, isPositive: Bool) -> UInt64 {
    let bits = (score == 0 ? 0 : score).bitPattern
    let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    return UInt64(ordered) << 1 | (isPositive ? 1 : 0)
  }

  /// Sorts by the 33 bits of a key in three passes.
  private mutating func sortKeys() {
    if spare.count < keys.count { spare.append(contentsOf: repeatElement(0, count: keys.count - spare.count)) }
    if spare.count > keys.count { spare.removeLast(spare.count - keys.count) }
    for shift in stride(from: 0, to: 33, by: Self.digitBits) {
      for digit in counts.indices { counts[digit] = 0 }
      for key in keys { counts[Self.digit(key, shift)] += 1 }
      var start = 0
      for digit in counts.indices {
        (counts[digit], start) = (start, start + counts[digit])
      }
      for key in keys {
        let digit = Self.digit(key, shift)
        spare[counts[digit]] = key
        counts[digit] += 1
      }
      swap(&keys, &spare)
    }
  }

  @inline(always) private static func digit(_ key: UInt64, _ shift: Int) -> Int {
    Int(truncatingIfNeeded: key >> UInt64(shift)) & (1 << digitBits - 1)
  }

  private static func area(ofSorted keys: [UInt64]) -> Double? {
    // Counts are at most 2^32 or so, their products fit; halves are avoided by counting won pairs twice.
    var (positives, negatives, wonTwice) = (UInt64(0), UInt64(0), UInt64(0))
    var index = 0
    while index < keys.count {
      let score = keys[index] >> 1
      var (tiedPositives, tiedNegatives) = (UInt64(0), UInt64(0))
      while index < keys.count, keys[index] >> 1 == score {
        if keys[index] & 1 == 1 { tiedPositives += 1 } else { tiedNegatives += 1 }
        index += 1
      }
      wonTwice += tiedPositives * (2 * negatives + tiedNegatives)
      positives += tiedPositives
      negatives += tiedNegatives
    }
    guard positives > 0, negatives > 0 else { return nil }
    return Double(wonTwice) / (2 * Double(positives) * Double(negatives))
  }
}
