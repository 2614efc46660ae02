package import Serve

/// Reads the numbers of a batch from JSON without building a tree: large arrays are why.
///
/// ```json
/// {"x": [[0.1, 0.2], [0.3, 0.4]], "y": [1, 0],
///  "source": "clicks-7", "begin": 0, "end": 2, "deadline_ms": 500, "min_version": 12}
/// ```
///
/// `x` has a row per example, which may be nested (28 rows of 28 numbers). `y` has a number per example, or a row.
package struct JSONBatchReader {
  private let bytes: [UInt8]
  private var offset = 0

  /// Deeper arrays are refused.
  private static let deepest = 8

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The body's members.
  package mutating func read() throws(ServiceError) -> BatchBody {
    var body = BatchBody()
    var seen: Set<String> = []
    try expect("{", "an object")
    guard !take("}") else { return body }
    repeat {
      let key = try string()
      guard seen.insert(key).inserted else { throw malformed("the key \"\(key)\" comes twice") }
      try expect(":", "':'")
      switch key {
      case "x": body.x = try rows("x")
      case "y": body.y = try rows("y")
      case "source": body.source = try string()
      case "begin": body.begin = try integer(key)
      case "end": body.end = try integer(key)
      case "deadline_ms": body.deadlineMilliseconds = try integer(key)
      case "min_version": body.minimumVersion = try integer(key)
      default: throw malformed("unknown key; expected x, y, source, begin, end, deadline_ms or min_version")
      }
    } while take(",")
    try expect("}", "',' or '}'")
    skipSpace()
    guard offset == bytes.count else { throw malformed("something follows the object") }
    return body
  }

  /// An array with a number or a row for each example.
  private mutating func rows(_ key: String) throws(ServiceError) -> BatchBody.Rows {
    var rows = BatchBody.Rows()
    try expect("[", "an array for \"\(key)\"")
    guard !take("]") else { return rows }
    repeat {
      let start = rows.values.count
      skipSpace()
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "[") {
        try array(into: &rows.values, depth: 1)
      } else {
        rows.values.append(try number())
      }
      let width = rows.values.count - start
      if rows.count == 0 { rows.width = width }
      guard width == rows.width else {
        throw malformed("row \(rows.count) of \"\(key)\" has \(width) numbers, the first has \(rows.width)")
      }
      rows.count += 1
    } while take(",")
    try expect("]", "',' or ']'")
    return rows
  }

  private mutating func array(into values: inout [Float], depth: Int) throws(ServiceError) {
    guard depth <= Self.deepest else { throw malformed("arrays nested deeper than \(Self.deepest)") }
    try expect("[", "an array")
    guard !take("]") else { return }
    repeat {
      skipSpace()
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "[") {
        try array(into: &values, depth: depth + 1)
      } else {
        values.append(try number())
      }
    } while take(",")
    try expect("]", "',' or ']'")
  }

  /// A number; also `NaN` and `Infinity`, as Python writes them, for the model to refuse with their position.
  private mutating func number() throws(ServiceError) -> Float {
    skipSpace()
    let start = offset
    if let quick = quickNumber() { return quick }
    offset = start
    while offset < bytes.count, Self.isWord(bytes[offset]) { offset += 1 }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default: break
    }
    guard Self.isNumber(bytes[start..<offset]), let value = Double(text) else {
      offset = start
      throw malformed("a number is expected")
    }
    return Float(value)
  }

  /// A number of up to 15 digits and a small exponent of ten, which a product or quotient of doubles gives exactly.
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

  /// Whether `text` is a number by the grammar of JSON.
  private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func skipDigits() -> Int {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest.dropFirst(digits.count)
      return digits.count
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

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  private mutating func integer(_ key: String) throws(ServiceError) -> UInt64 {
    skipSpace()
    let start = offset
    while offset < bytes.count, Self.isWord(bytes[offset]) { offset += 1 }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let value = UInt64(text), text.utf8.first != UInt8(ascii: "+") else {
      offset = start
      throw malformed("\"\(key)\" takes an integer from 0 to 2^64 - 1")
    }
    return value
  }

  /// A string without escapes: names need none.
  private mutating func string() throws(ServiceError) -> String {
    try expect("\"", "a string")
    let start = offset
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
      guard bytes[offset] >= 0x20, bytes[offset] != UInt8(ascii: "\\"), offset - start < 1024 else {
        throw malformed("a plain string of at most 1,024 bytes is expected")
      }
      offset += 1
    }
    guard offset < bytes.count, let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
      throw malformed("a string does not end, or is not UTF-8")
    }
    offset += 1
    return text
  }

  private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(ServiceError) {
    guard take(character) else { throw malformed("\(what) is expected") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpace() {
    while offset < bytes.count, bytes[offset] == 0x20 || (0x09...0x0D).contains(bytes[offset]) { offset += 1 }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private func malformed(_ problem: String) -> ServiceError {
    ServiceError(.malformed, "JSON, byte \(offset): \(problem)", detail: UInt64(offset))
  }
}
