extension Lexer {
  /// Reads the rest of a string, whose opening quote was taken, and the closing quote.
  package mutating func string() throws(StringError) -> String {
    // The part from `start` on is still to be copied; what is before it has its escapes replaced.
    var decoded: [UInt8] = []
    var start = offset
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        decoded += bytes[start..<offset]
        offset += 1
        guard let string = String(validating: decoded, as: UTF8.self) else { throw StringError(.notUTF8, at: offset) }
        return string
      case UInt8(ascii: "\\"):
        decoded += bytes[start..<offset]
        decoded += Array(String(try escape()).utf8)
        start = offset
      case 0..<0x20: throw StringError(.controlCharacter, at: offset)
      default: offset += 1
      }
    }
    throw StringError(.noEnd, at: offset)
  }

  /// Reads a backslash and what follows it.
  private mutating func escape() throws(StringError) -> Unicode.Scalar {
    offset += 1
    let scalar: Unicode.Scalar
    switch peek {
    case UInt8(ascii: "\""): scalar = "\""
    case UInt8(ascii: "\\"): scalar = "\\"
    case UInt8(ascii: "/"): scalar = "/"
    case UInt8(ascii: "b"): scalar = "\u{8}"
    case UInt8(ascii: "f"): scalar = "\u{C}"
    case UInt8(ascii: "n"): scalar = "\n"
    case UInt8(ascii: "r"): scalar = "\r"
    case UInt8(ascii: "t"): scalar = "\t"
    case UInt8(ascii: "u"):
      offset += 1
      return try unicodeScalar()
    default: throw StringError(.unknownEscape, at: offset)
    }
    offset += 1
    return scalar
  }

  /// Reads four hexadecimal digits, or two surrogates of four each with `\u` between them.
  private mutating func unicodeScalar() throws(StringError) -> Unicode.Scalar {
    let start = offset
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
      offset += 2
      let second = try codeUnit()
      if (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      {
        return scalar
      }
    }
    throw StringError(.halfSurrogatePair, at: start)
  }

  /// Reads four hexadecimal digits.
  private mutating func codeUnit() throws(StringError) -> UInt32 {
    let digits = bytes[offset...].prefix(4)
    var unit: UInt32 = 0
    for byte in digits {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw StringError(.wrongDigits, at: offset)
      }
      unit = unit << 4 | UInt32(digit)
    }
    guard digits.count == 4 else { throw StringError(.wrongDigits, at: offset) }
    offset += 4
    return unit
  }
}
