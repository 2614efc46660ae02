import JSON
package import Serve

/// Reads the numbers of a batch from JSON without building a tree: large arrays are why.
///
/// ```json
/// {"x": [[0.1, 0.2], [0.3, 0.4]], "y": [1, 0],
///  "source": "clicks-7", "begin": 0, "end": 2, "deadline_ms": 500, "min_version": 12}
/// ```
///
/// `x` has a row per example, which may be nested (28 rows of 28 numbers), or the numbers of all examples one after
/// another. So has `y`.
package struct JSONBatchReader {
  private var lexer: Lexer

  /// Deeper arrays are refused.
  private static let deepest = 8

  package init(_ bytes: [UInt8]) { lexer = Lexer(bytes) }

  /// The body's members.
  package mutating func read() throws(ServiceError) -> BatchBody {
    var body = BatchBody()
    try expect("{", "an object")
    if !lexer.take("}") {
      try members(of: &body)
      try expect("}", "',' or '}'")
    }
    lexer.skipSpace()
    guard lexer.isAtEnd else { throw malformed("something follows the object") }
    return body
  }

  private mutating func members(of body: inout BatchBody) throws(ServiceError) {
    var seen: Set<String> = []
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
    } while lexer.take(",")
  }

  /// An array with a number or a row for each example.
  private mutating func rows(_ key: String) throws(ServiceError) -> BatchBody.Rows {
    var rows = BatchBody.Rows()
    try expect("[", "an array for \"\(key)\"")
    guard !lexer.take("]") else { return rows }
    rows.isFlat = true
    repeat {
      let start = rows.values.count
      if lexer.isNext("[") {
        rows.isFlat = false
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
    } while lexer.take(",")
    try expect("]", "',' or ']'")
    return rows
  }

  private mutating func array(into values: inout [Float], depth: Int) throws(ServiceError) {
    guard depth <= Self.deepest else { throw malformed("arrays nested deeper than \(Self.deepest)") }
    try expect("[", "an array")
    guard !lexer.take("]") else { return }
    repeat {
      if lexer.isNext("[") {
        try array(into: &values, depth: depth + 1)
      } else {
        values.append(try number())
      }
    } while lexer.take(",")
    try expect("]", "',' or ']'")
  }

  /// A number; also `NaN` and `Infinity`, as Python writes them, for the model to refuse with their position.
  private mutating func number() throws(ServiceError) -> Float {
    if let value = lexer.float() { return value }
    let start = lexer.offset
    switch String(decoding: lexer.word(), as: UTF8.self) {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      lexer.offset = start
      throw malformed("a number is expected")
    }
  }

  private mutating func integer(_ key: String) throws(ServiceError) -> UInt64 {
    lexer.skipSpace()
    let start = lexer.offset
    let word = lexer.word()
    guard Lexer.isNumber(word), let value = UInt64(String(decoding: word, as: UTF8.self)) else {
      lexer.offset = start
      throw malformed("\"\(key)\" takes an integer from 0 to 2^64 - 1")
    }
    return value
  }

  /// A string without escapes: names need none.
  private mutating func string() throws(ServiceError) -> String {
    try expect("\"", "a string")
    let start = lexer.offset
    let text: String
    do throws(StringError) {
      text = try lexer.string()
    } catch {
      lexer.offset = error.offset
      switch error.problem {
      case .noEnd, .notUTF8: throw malformed("a string does not end, or is not UTF-8")
      case .controlCharacter, .unknownEscape, .wrongDigits, .halfSurrogatePair: throw malformed(Self.plainString)
      }
    }
    let spelling = lexer.bytes[start..<lexer.offset - 1]
    guard spelling.count <= 1024, !spelling.contains(UInt8(ascii: "\\")) else {
      lexer.offset = start
      throw malformed(Self.plainString)
    }
    return text
  }

  private static let plainString = "a plain string of at most 1,024 bytes is expected"

  private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(ServiceError) {
    guard lexer.take(character) else { throw malformed("\(what) is expected") }
  }

  private func malformed(_ problem: String) -> ServiceError {
    ServiceError(.malformed, "JSON, byte \(lexer.offset): \(problem)", detail: UInt64(lexer.offset))
  }
}
