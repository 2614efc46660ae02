/// Reads text of JSON (RFC 8259) piece by piece: punctuation, strings, numbers and words.
///
/// Readers build upon it. They know which piece may come next, how deep things may nest and what an error says; the
/// lexer makes no tree, so that large arrays of numbers need none.
@usableFromInline package struct Lexer: Sendable {
  /// The text.
  @usableFromInline package let bytes: [UInt8]
  /// Where in the text the next byte is; at the end, the number of bytes.
  @usableFromInline package var offset = 0

  /// Begins with the first of `bytes`.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether nothing is left.
  package var isAtEnd: Bool { offset == bytes.count }

  /// The next byte; `nil` at the end.
  @inlinable package var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// Passes over white space: spaces, tabs, line feeds and carriage returns, and nothing else.
  @inlinable package mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  /// Passes over white space, and tells whether `character` comes next.
  @inlinable package mutating func isNext(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return offset < bytes.count && bytes[offset] == UInt8(ascii: character)
  }

  /// Passes over white space, and takes `character` if it comes next.
  @inlinable package mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard isNext(character) else { return false }
    offset += 1
    return true
  }
}
