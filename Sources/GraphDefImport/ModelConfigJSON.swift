import JSON

/// A JSON value, with numbers as they were written.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A key of an object and its value.
  package struct Member: Hashable, Sendable {
    package var key: String
    package var value: JSONValue

    package init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// What this is, for errors.
  package var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let text): "the number \(text)"
    case .string(let text): "the string \(quoted(text))"
    case .array(let values): values.isEmpty ? "an empty array" : "an array of \(values.count)"
    case .object: "an object"
    }
  }

  private func quoted(_ text: String) -> String {
    text.count <= 60 ? "\"\(text)\"" : "\"\(text.prefix(60))…\""
  }

  /// The value that fills `bytes`, which are JSON in UTF-8.
  ///
  /// `NaN` and the infinities, which Python writes, read as numbers. A key that an object has twice is refused.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes)
    self = try parser.document()
  }
}

/// Why text is not JSON, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The line, from 1.
  package var line: Int
  /// The column, in bytes from 1.
  package var column: Int
  package var found: String
  package var expected: String

  package var description: String {
    "line \(line), column \(column): found \(found), expected \(expected)"
  }
}

/// A reader of JSON that bounds nesting and makes a tree.
private struct JSONParser {
  private static let maximumDepth = 64

  private var lexer: Lexer

  init(_ bytes: [UInt8]) {
    lexer = Lexer(bytes)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { lexer.offset = 3 }
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value(depth: 0)
    lexer.skipSpace()
    guard lexer.isAtEnd else { throw error(expected: "the end of the file") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    lexer.skipSpace()
    guard depth < Self.maximumDepth else { throw error(expected: "at most \(Self.maximumDepth) nested values") }
    switch lexer.peek {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    default: return try word()
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    lexer.offset += 1
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    if lexer.take("}") { return .object([]) }
    repeat {
      guard lexer.isNext("\"") else { throw error(expected: "a key in double quotes") }
      let start = lexer.offset
      let key = try string()
      guard keys.insert(key).inserted else {
        throw error(at: start, found: "the key \"\(key)\" again", expected: "each key once")
      }
      guard lexer.take(":") else { throw error(expected: "':' after the key \"\(key)\"") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
    } while lexer.take(",")
    guard lexer.take("}") else { throw error(expected: "',' or '}'") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    lexer.offset += 1
    var values: [JSONValue] = []
    if lexer.take("]") { return .array([]) }
    repeat {
      values.append(try value(depth: depth + 1))
    } while lexer.take(",")
    guard lexer.take("]") else { throw error(expected: "',' or ']'") }
    return .array(values)
  }

  /// A number or one of the words that stand alone.
  private mutating func word() throws(JSONError) -> JSONValue {
    let start = lexer.offset
    let word = lexer.word()
    let text = String(decoding: word, as: UTF8.self)
    switch text {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "NaN", "Infinity", "-Infinity": return .number(text)
    default:
      guard Lexer.isNumber(word) else {
        throw error(at: start, found: text.isEmpty ? nil : "'\(text.prefix(40))'", expected: "a value")
      }
      return .number(text)
    }
  }

  /// The string that begins with the quote that comes next.
  private mutating func string() throws(JSONError) -> String {
    let start = lexer.offset
    lexer.offset += 1
    do throws(StringError) {
      return try lexer.string()
    } catch {
      throw self.error(error, inStringAt: start)
    }
  }

  /// The error that `error` is in the string at `start`.
  private func error(_ error: StringError, inStringAt start: Int) -> JSONError {
    switch error.problem {
    case .controlCharacter: self.error(at: error.offset, expected: "no control character in a string")
    case .unknownEscape:
      self.error(at: error.offset, expected: "one of \" \\ / b f n r t u after a backslash")
    case .wrongDigits: self.error(at: error.offset, expected: "four hexadecimal digits")
    case .halfSurrogatePair:
      self.error(at: error.offset, found: "half a surrogate pair", expected: "both halves")
    case .notUTF8: self.error(at: start, found: "a string that is not UTF-8", expected: "UTF-8")
    case .noEnd: self.error(at: start, found: "a string without an end", expected: "'\"'")
    }
  }

  /// What is at `offset`, for errors.
  private func found(at offset: Int) -> String {
    guard offset < lexer.bytes.count else { return "the end of the file" }
    let byte = lexer.bytes[offset]
    return (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
  }

  private func error(expected: String) -> JSONError { error(at: lexer.offset, expected: expected) }

  private func error(at offset: Int, found: String? = nil, expected: String) -> JSONError {
    let before = lexer.bytes[..<offset]
    let line = before.count { $0 == 0x0A } + 1
    let column = before.count - ((before.lastIndex(of: 0x0A) ?? -1) + 1) + 1
    return JSONError(line: line, column: column, found: found ?? self.found(at: offset), expected: expected)
  }
}
