/// Reads the JSON that safetensors headers are made of: objects, strings, and arrays of integers that are not negative.
///
/// Nothing nests deeper than the calls that read it, so no input exhausts the stack.
struct JSONScanner {
  private let bytes: [UInt8]
  /// The next byte's position.
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The error that something else was expected here.
  func expected(_ what: String) -> SafetensorsError { .malformedHeader(byte: position, expected: what) }

  /// Reads an object; `body` reads the value of each key.
  mutating func object(
    _ body: (inout JSONScanner, String) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    guard take("{") else { throw expected("'{'") }
    if take("}") { return }
    repeat {
      let key = try string()
      guard take(":") else { throw expected("':'") }
      try body(&self, key)
    } while take(",")
    guard take("}") else { throw expected("',' or '}'") }
  }

  /// Reads an array of at most `limit` integers.
  mutating func integers(limit: Int) throws(SafetensorsError) -> [Int] {
    guard take("[") else { throw expected("'['") }
    if take("]") { return [] }
    var values: [Int] = []
    repeat {
      guard values.count < limit else { throw expected("at most \(limit) integers") }
      values.append(try integer())
    } while take(",")
    guard take("]") else { throw expected("',' or ']'") }
    return values
  }

  /// Reads an integer that is not negative.
  private mutating func integer() throws(SafetensorsError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, let digit = Self.digit(bytes[position]), digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow, !carry else { throw expected("an integer below 2^63") }
      value = sum
      position += 1
    }
    let hasLeadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
    guard position > start, !hasLeadingZero else { throw expected("an integer that is not negative") }
    return value
  }

  /// Reads a string.
  mutating func string() throws(SafetensorsError) -> String {
    guard take("\"") else { throw expected("a string") }
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw expected("UTF-8 before here") }
        return string
      case UInt8(ascii: "\\"): try text.append(contentsOf: String(escaped()).utf8)
      case 0..<0x20: throw expected("no control character")
      default: text.append(byte)
      }
    }
    throw expected("the end of a string")
  }

  /// Reads what follows a backslash.
  private mutating func escaped() throws(SafetensorsError) -> Unicode.Scalar {
    guard position < bytes.count else { throw expected("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try codeUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      let isPair =
        position + 1 < bytes.count && bytes[position] == UInt8(ascii: "\\") && bytes[position + 1] == UInt8(ascii: "u")
      guard unit < 0xDC00, isPair else { throw expected("the other half of a surrogate pair") }
      position += 2
      let low = try codeUnit()
      guard 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) else {
        throw expected("the other half of a surrogate pair")
      }
      return scalar
    default: throw expected("an escape")
    }
  }

  private mutating func codeUnit() throws(SafetensorsError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Self.digit(bytes[position]) else { throw expected("four hex digits") }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(SafetensorsError) {
    skipSpace()
    guard position == bytes.count else { throw expected("the end of the header") }
  }

  /// Takes the next byte if it is `character`, after white space.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\t")
  }

  /// The value of a hexadecimal digit.
  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
