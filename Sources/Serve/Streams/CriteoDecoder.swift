import Kernels

/// Reads the lines of the Criteo click logs: a label, 13 counts and 26 categories, separated by tabs.
///
/// Field *k* (1…39) becomes the id `k << 10 | hash & 0x3ff`, where the hash is `mix(FNV-1a 64)` of the field's bytes
/// as they stand in the file; see ``StableHash``. A missing value is an empty field and has an id of its own. Lines
/// without a label (39 fields, as in the test file) are told by the first line.
///
/// - SeeAlso: Criteo Labs, *Display Advertising Challenge*, Kaggle 2014.
package struct CriteoDecoder: LineDecoder {
  /// Counts and categories.
  package static let fieldCount = 39

  package let exampleShape: [Int]? = [fieldCount]
  package private(set) var labelWidth: Int?

  /// Sees a file for the first time.
  package init() {}

  /// The id of `bytes[range]` in field `field`, from 1.
  @inline(always) package static func id(_ bytes: [UInt8], _ range: Range<Int>, field: Int) -> Int {
    var hash = StableHash.basis
    for index in range { hash = StableHash.absorb(bytes[index], into: hash) }
    return field << 10 | Int(truncatingIfNeeded: SplitMix64.mix(hash) & 0x3ff)
  }

  package mutating func start(
    _ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String
  ) throws(DataError) -> Bool {
    let tabs = bytes[line].count { $0 == 0x09 }
    guard tabs == Self.fieldCount || tabs == Self.fieldCount - 1 else {
      throw Self.wrongCount(tabs + 1, "40, or 39 without a label", number, name)
    }
    labelWidth = tabs == Self.fieldCount ? 1 : 0
    return false
  }

  package func decode(
    _ bytes: [UInt8], _ line: Range<Int>, number: Int, in name: String, into batch: inout Batch, row: Int
  ) throws(DataError) {
    var index = line.lowerBound
    if batch.labelWidth == 1 {
      let digit = index < line.upperBound ? bytes[index] &- UInt8(ascii: "0") : 0xff
      guard digit <= 1, index + 1 < line.upperBound, bytes[index + 1] == 0x09 else {
        throw DataError(name, .malformedLine(line: number, column: 1, "the label is neither 0 nor 1"))
      }
      batch.y[row] = Float(digit)
      index += 2
    }
    let base = row * Self.fieldCount
    var field = 1
    var start = index
    while true {
      let isEnd = index == line.upperBound
      if isEnd || bytes[index] == 0x09 {
        if field <= Self.fieldCount {
          batch.x[base + field - 1] = Float(Self.id(bytes, start..<index, field: field))
        }
        if isEnd { break }
        field += 1
        start = index + 1
      }
      index += 1
    }
    guard field == Self.fieldCount else {
      throw Self.wrongCount(field + batch.labelWidth, "\(Self.fieldCount + batch.labelWidth)", number, name)
    }
  }

  private static func wrongCount(_ found: Int, _ expected: String, _ line: Int, _ name: String) -> DataError {
    DataError(
      name, .malformedLine(line: line, column: nil, "\(found) fields separated by tabs, expected \(expected)"))
  }
}
