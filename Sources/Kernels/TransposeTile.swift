/// Transposing 16 × 16 words of four bytes in registers.
enum TransposeTile {
  static let size = 16

  private typealias Row = SIMD16<UInt32>

  /// Writes row `i` of the target with column `i` of the source, for 16 of each.
  ///
  /// Four rounds of the same step: the even elements of two neighbours, then their odd ones. Each moves one bit of the
  /// column number to the row number.
  @unsafe @inline(always)
  static func move(
    _ source: UnsafePointer<UInt32>, step sourceStep: Int, _ target: UnsafeMutablePointer<UInt32>, step targetStep: Int
  ) {
    // Safety: the caller has 16 rows of 16 words on either side.
    var rows = InlineArray<16, Row>(repeating: .zero)
    for index in 0..<16 {
      rows[index] = unsafe UnsafeRawPointer(source + index * sourceStep).loadUnaligned(as: Row.self)
    }
    rows = unshuffled(unshuffled(unshuffled(unshuffled(rows))))
    for index in 0..<16 {
      unsafe UnsafeMutableRawPointer(target + index * targetStep).storeBytes(of: rows[index], as: Row.self)
    }
  }

  @inline(always)
  private static func unshuffled(_ rows: InlineArray<16, Row>) -> InlineArray<16, Row> {
    var result = rows
    for index in 0..<8 {
      let (a, b) = (rows[2 * index], rows[2 * index + 1])
      result[index] = Row(lowHalf: a.evenHalf, highHalf: b.evenHalf)
      result[index + 8] = Row(lowHalf: a.oddHalf, highHalf: b.oddHalf)
    }
    return result
  }
}
