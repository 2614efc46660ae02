/// Reads numbers from text without making strings of them.
package enum NumberText {
  /// Powers of ten that a `Double` holds exactly.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  /// The decimal number in `bytes[range]`, or nil if there is none; `nan` and `inf` are numbers.
  ///
  /// - SeeAlso: W. Clinger, *How to Read Floating Point Numbers Accurately*, PLDI 1990: where both the digits and the
  ///   power of ten are exact, one division or multiplication rounds correctly.
  package static func float(_ bytes: [UInt8], _ range: Range<Int>) -> Float? {
    var index = range.lowerBound
    var isNegative = false
    if index < range.upperBound, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      isNegative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    var digits: UInt64 = 0
    var digitCount = 0
    var exponent = 0
    var isFraction = false
    while index < range.upperBound {
      let digit = bytes[index] &- UInt8(ascii: "0")
      if digit < 10 {
        digits = digits &* 10 &+ UInt64(digit)
        digitCount += 1
        if isFraction { exponent -= 1 }
      } else if bytes[index] == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else {
        break
      }
      index += 1
    }
    guard index == range.upperBound, digitCount > 0, digitCount <= 18, digits <= 1 << 53, exponent >= -22 else {
      return slowFloat(bytes, range)
    }
    let magnitude = Double(digits) / powersOfTen[-exponent]
    return Float(isNegative ? -magnitude : magnitude)
  }

  private static func slowFloat(_ bytes: [UInt8], _ range: Range<Int>) -> Float? {
    guard range.count <= 400, bytes[range].allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 | 0x20 != UInt8(ascii: "x") })
    else { return nil }
    return Double(String(decoding: bytes[range], as: UTF8.self)).map { Float($0) }
  }
}
