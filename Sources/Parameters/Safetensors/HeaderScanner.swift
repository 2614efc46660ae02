import JSON

/// Reads the JSON that safetensors headers are made of: objects, strings, and arrays of integers that are not negative.
///
/// Nothing nests deeper than the calls that read it, so no input exhausts the stack.
struct HeaderScanner {
  private var lexer: Lexer

  /// The next byte's position.
  var position: Int { lexer.offset }

  init(_ bytes: [UInt8]) { lexer = Lexer(bytes) }

  /// The error that something else was expected here.
  func expected(_ what: String) -> SafetensorsError { .malformedHeader(byte: position, expected: what) }

  /// Reads an object; `body` reads the value of each key.
  mutating func object(
    _ body: (inout HeaderScanner, String) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    guard lexer.take("{") else { throw expected("'{'") }
    if lexer.take("}") { return }
    repeat {
      let key = try string()
      guard lexer.take(":") else { throw expected("':'") }
      try body(&self, key)
    } while lexer.take(",")
    guard lexer.take("}") else { throw expected("',' or '}'") }
  }

  /// Reads an array of at most `limit` integers.
  mutating func integers(limit: Int) throws(SafetensorsError) -> [Int] {
    guard lexer.take("[") else { throw expected("'['") }
    if lexer.take("]") { return [] }
    var values: [Int] = []
    repeat {
      guard values.count < limit else { throw expected("at most \(limit) integers") }
      values.append(try integer())
    } while lexer.take(",")
    guard lexer.take("]") else { throw expected("',' or ']'") }
    return values
  }

  /// Reads an integer that is not negative.
  private mutating func integer() throws(SafetensorsError) -> Int {
    lexer.skipSpace()
    let digits = lexer.digits()
    let hasLeadingZero = digits.count > 1 && digits.first == UInt8(ascii: "0")
    guard !digits.isEmpty, !hasLeadingZero else { throw expected("an integer that is not negative") }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else { throw expected("an integer below 2^63") }
    return value
  }

  /// Reads a string.
  mutating func string() throws(SafetensorsError) -> String {
    guard lexer.take("\"") else { throw expected("a string") }
    do throws(StringError) {
      return try lexer.string()
    } catch {
      throw .malformedHeader(byte: error.offset, expected: Self.expected(insteadOf: error.problem))
    }
  }

  private static func expected(insteadOf problem: StringError.Problem) -> String {
    switch problem {
    case .controlCharacter: "no control character"
    case .unknownEscape: "an escape"
    case .wrongDigits: "four hex digits"
    case .halfSurrogatePair: "the other half of a surrogate pair"
    case .notUTF8: "UTF-8 before here"
    case .noEnd: "the end of a string"
    }
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(SafetensorsError) {
    lexer.skipSpace()
    guard lexer.isAtEnd else { throw expected("the end of the header") }
  }
}
