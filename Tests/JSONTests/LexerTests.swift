import JSON
import Testing

@Suite struct `The lexer of JSON` {
  @Test func `passes over the four kinds of white space`() {
    var lexer = Lexer(Array(" \t\n\r\r\n1 ".utf8))
    lexer.skipSpace()
    #expect(lexer.offset == 6)
    #expect(lexer.peek == UInt8(ascii: "1"))
  }

  /// A null character, vertical tab, form feed, next line, no-break space, the start of a byte order mark, a slash.
  @Test(arguments: [0x00, 0x0B, 0x0C, 0x85, 0xA0, 0xEF, 0x2F] as [UInt8])
  func `takes nothing else for white space`(_ byte: UInt8) {
    var lexer = Lexer([byte])
    lexer.skipSpace()
    #expect(lexer.offset == 0)
    #expect(lexer.peek == byte)
  }

  @Test func `takes the character that it is asked for, and stays before any other`() {
    var lexer = Lexer(Array(" , ]".utf8))
    let tookBracket = lexer.take("]")
    #expect(!tookBracket)
    #expect(lexer.offset == 1)
    let tookComma = lexer.take(",")
    #expect(tookComma)
    #expect(lexer.offset == 2)
    let isBracket = lexer.isNext("]")
    #expect(isBracket)
    #expect(lexer.offset == 3)
    #expect(!lexer.isAtEnd)
    let tookLast = lexer.take("]")
    #expect(tookLast)
    #expect(lexer.isAtEnd)
    #expect(lexer.peek == nil)
    let tookMore = lexer.take("]")
    #expect(!tookMore)
  }

  @Test func `takes words and digits as far as they go`() {
    var lexer = Lexer(Array("true] 12a".utf8))
    let word = lexer.word()
    #expect(Array(word) == Array("true".utf8))
    let noWord = lexer.word()
    #expect(noWord.isEmpty)
    #expect(lexer.offset == 4)
    lexer.offset = 6
    let digits = lexer.digits()
    #expect(Array(digits) == Array("12".utf8))
    let noDigits = lexer.digits()
    #expect(noDigits.isEmpty)
    #expect(lexer.offset == 8)
  }
}

@Suite struct `A string of JSON` {
  /// Reads the string of which `text` is what follows the opening quote.
  private func read(_ text: [UInt8]) throws(StringError) -> String {
    var lexer = Lexer(text)
    return try lexer.string()
  }

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("/é😀\u{7F}\u{2028}", "/é😀\u{7F}\u{2028}"),
    (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"a\u0000b"#, "a\u{0}b"), (#"\u00e9\u00E9\uFFFF"#, "éé\u{FFFF}"),
    (#"\ud83d\ude00"#, "😀"), (#"\uD800\uDC00"#, "\u{10000}"), (#"\udbff\udfff!"#, "\u{10FFFF}!"),
  ])
  func `is read with its escapes`(_ text: String, _ expected: String) throws {
    let string = try read(Array((text + "\"").utf8))
    #expect(Array(string.utf8) == Array(expected.utf8))
  }

  @Test func `ends with its quote`() throws {
    var lexer = Lexer(Array(#"a\"b" , "c""#.utf8))
    let string = try lexer.string()
    #expect(string == "a\"b")
    #expect(lexer.offset == 5)
  }

  @Test(
    arguments: [
      ("a\nb", .controlCharacter, 1), ("\u{0}", .controlCharacter, 0), ("ab\u{1F}", .controlCharacter, 2),
      (#"\x41"#, .unknownEscape, 1), (#"\U0041"#, .unknownEscape, 1), (#"a\ "#, .unknownEscape, 2),
      (#"\'"#, .unknownEscape, 1), (#"\u12"#, .wrongDigits, 2), (#"\u12g4"#, .wrongDigits, 2),
      (#"\u+123"#, .wrongDigits, 2), (#"\u 123"#, .wrongDigits, 2), (#"\u１２３４"#, .wrongDigits, 2),
      (#"\ud800"#, .halfSurrogatePair, 2), (#"\udbff!"#, .halfSurrogatePair, 2), (#"a\udc00"#, .halfSurrogatePair, 3),
      (#"\udc00\ud800"#, .halfSurrogatePair, 2), (#"\ud800\ud800"#, .halfSurrogatePair, 2),
      (#"\ud800\n"#, .halfSurrogatePair, 2), (#"\ud800 \udc00"#, .halfSurrogatePair, 2),
      (#"\ud800\u0041"#, .halfSurrogatePair, 2), (#"\ud800\udc0"#, .wrongDigits, 8),
    ] as [(String, StringError.Problem, Int)])
  func `is refused with what is wrong, and where`(_ text: String, _ problem: StringError.Problem, _ offset: Int) {
    let error = #expect(throws: StringError.self) { try read(Array((text + "\"").utf8)) }
    #expect(error == StringError(problem, at: offset))
  }

  @Test(
    arguments: [("", .noEnd, 0), ("abc", .noEnd, 3), (#"\""#, .noEnd, 2), (#"a\"#, .unknownEscape, 2)]
      as [(String, StringError.Problem, Int)])
  func `has an end`(_ text: String, _ problem: StringError.Problem, _ offset: Int) {
    let error = #expect(throws: StringError.self) { try read(Array(text.utf8)) }
    #expect(error == StringError(problem, at: offset))
  }

  /// Overlong spellings, surrogates, what is above U+10FFFF, and parts of characters.
  @Test(
    arguments: [
      [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80],
      [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xC3], [0xE2, 0x82], [0xFE], [0xFF],
    ] as [[UInt8]])
  func `is UTF-8`(_ bytes: [UInt8]) {
    let error = #expect(throws: StringError.self) { try read(bytes + [UInt8(ascii: "\"")]) }
    #expect(error == StringError(.notUTF8, at: bytes.count + 1))
  }
}

@Suite struct `A number of JSON` {
  @Test(arguments: [
    "0", "-0", "1", "10", "-12.5", "0.0", "0.10", "1e5", "1E+05", "1e-5", "0e0", "-0.5e-3", "1e999",
    "123456789012345678901234567890", "0.000000000000000000001", "9007199254740993", "3.4028235677973366e38",
  ])
  func `is read as a double and rounded to a float`(_ text: String) throws {
    #expect(Lexer.isNumber(Array(text.utf8)[...]))
    let double = try #require(Double(text))
    var lexer = Lexer(Array(" \(text),".utf8))
    let value = lexer.float()
    #expect(value == Float(double))
    #expect(lexer.offset == text.utf8.count + 1)
  }

  @Test(arguments: [
    "", "-", "+", "+1", "-+1", "--1", "01", "-01", "00", "1.", "1.e5", ".5", "-.5", ".", "1e", "1e+", "1e-", "e5",
    "1e5.0", "1.2.3", "1e5e5", "0x10", "1a", "NaN", "nan", "Infinity", "-Infinity", "inf", "1234567890123456.", "１",
  ])
  func `is spelt as RFC 8259 says`(_ text: String) {
    #expect(!Lexer.isNumber(Array(text.utf8)[...]))
    var lexer = Lexer(Array(text.utf8))
    let value = lexer.float()
    #expect(value == nil)
    #expect(lexer.offset == 0)
  }
}
