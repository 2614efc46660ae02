/// What is wrong with a string, and where.
package struct StringError: Error, Hashable, Sendable {
  /// What may be wrong with a string.
  package enum Problem: Hashable, Sendable {
    /// A control character, which only an escape may stand for.
    case controlCharacter
    /// A backslash, and then something that makes no escape with it.
    case unknownEscape
    /// Something other than four hexadecimal digits after `\u`.
    case wrongDigits
    /// Half a surrogate pair without the other half.
    case halfSurrogatePair
    /// Bytes that are not UTF-8, somewhere between the quotes.
    case notUTF8
    /// No quote at the end.
    case noEnd
  }

  /// What is wrong.
  package var problem: Problem
  /// The place of the character, of the letter after the backslash, of the digits after `\u`; the end of the string if
  /// all of it is wrong.
  package var offset: Int

  /// The error that there is `problem` at `offset`.
  package init(_ problem: Problem, at offset: Int) {
    self.problem = problem
    self.offset = offset
  }
}
