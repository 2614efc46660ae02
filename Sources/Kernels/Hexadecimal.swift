extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number in hexadecimal digits, as many as its type has.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: Self.bitWidth / 4 - digits.count) + digits
  }
}

extension Sequence<UInt8> {
  /// The bytes in hexadecimal digits, two for each.
  package func hexadecimal(separator: String = "") -> String {
    map(\.hexadecimal).joined(separator: separator)
  }
}

extension Array<UInt8> {
  /// The bytes that `text` writes in hexadecimal digits, two for each; nil if it is anything else.
  package init?(hexadecimal text: some StringProtocol) {
    let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }
  }
}
