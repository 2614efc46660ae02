extension Lexer {
  /// Takes the letters, digits, signs and points that come next: a number, or a word such as `true`; empty if there are
  /// none.
  package mutating func word() -> ArraySlice<UInt8> {
    let start = offset
    while offset < bytes.count, Self.isWord(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }

  /// Takes the digits that come next; empty if there are none.
  package mutating func digits() -> ArraySlice<UInt8> {
    let start = offset
    while offset < bytes.count, Self.isDigit(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }

  /// Whether `text` is `-? (0 | [1-9] [0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
  package static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func skipDigits() -> Int {
      let count = rest.prefix(while: isDigit).count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let hasLeadingZero = rest.first == UInt8(ascii: "0")
    let wholeDigits = skipDigits()
    guard wholeDigits == 1 || (wholeDigits > 1 && !hasLeadingZero) else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard skipDigits() > 0 else { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard skipDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// Passes over white space, and reads the number that comes next; `nil`, and nothing is taken, if none does.
  ///
  /// It is rounded to a double and then to a float; one that is too large is infinite. Most numbers need no memory.
  package mutating func float() -> Float? {
    skipSpace()
    let start = offset
    if let quick = quickNumber() { return quick }
    offset = start
    let text = word()
    guard Self.isNumber(text), let value = Double(String(decoding: text, as: UTF8.self)) else {
      offset = start
      return nil
    }
    return Float(value)
  }

  /// A number of up to 15 digits without an exponent, which a quotient of two doubles gives exactly rounded.
  private mutating func quickNumber() -> Float? {
    let isNegative = offset < bytes.count && bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    var mantissa: UInt64 = 0
    var digits = 0
    var fraction = 0
    func digit(_ bytes: [UInt8], _ offset: Int) -> UInt64? {
      guard offset < bytes.count else { return nil }
      let value = bytes[offset] &- UInt8(ascii: "0")
      return value < 10 ? UInt64(value) : nil
    }
    while let value = digit(bytes, offset), digits < 16 {
      mantissa = mantissa &* 10 &+ value
      digits += 1
      offset += 1
    }
    guard digits == 1 || (digits > 1 && bytes[offset - digits] != UInt8(ascii: "0")) else { return nil }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      while let value = digit(bytes, offset), digits < 16 {
        mantissa = mantissa &* 10 &+ value
        digits += 1
        fraction += 1
        offset += 1
      }
      guard fraction > 0 else { return nil }
    }
    guard digits <= 15, offset >= bytes.count || !Self.isWord(bytes[offset]) else { return nil }
    let value = Double(mantissa) / Self.powersOfTen[fraction]
    return Float(isNegative ? -value : value)
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
