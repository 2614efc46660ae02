/// Text of JSON that grows at its end.
package struct TextBuffer: Sendable {
  /// What was written.
  private(set) var text = ""
  private let isCompact: Bool

  /// Nothing yet.
  ///
  /// - Parameter isCompact: Whether no space follows a comma or a colon.
  init(isCompact: Bool) { self.isCompact = isCompact }

  /// Writes `piece`, which is JSON already.
  mutating func append(_ piece: String) { text += piece }

  /// Writes what separates one value from the next.
  mutating func appendComma() { text += isCompact ? "," : ", " }

  /// Writes `name` as what comes before the value of a member.
  mutating func append(name: String) {
    append(quoted: name)
    text += isCompact ? ":" : ": "
  }

  /// Writes `string` in quotes.
  mutating func append(quoted string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
