/// A value that JSON has a spelling for.
package protocol Writable {
  /// Writes the value to the end of `buffer`.
  func write(to buffer: inout TextBuffer)
}

extension String: Writable {
  /// Writes it in quotes.
  package func write(to buffer: inout TextBuffer) { buffer.append(quoted: self) }
}

extension Bool: Writable {
  /// Writes `true` or `false`.
  package func write(to buffer: inout TextBuffer) { buffer.append(self ? "true" : "false") }
}

extension Writable where Self: BinaryInteger {
  /// Writes its decimal digits.
  package func write(to buffer: inout TextBuffer) { buffer.append(description) }
}

extension Int: Writable {}
extension UInt32: Writable {}
extension UInt64: Writable {}

extension Writable where Self: BinaryFloatingPoint & LosslessStringConvertible {
  /// Writes the shortest text that reads back as the same value, without a fraction where there is none; one that is not
  /// finite becomes null.
  package func write(to buffer: inout TextBuffer) {
    guard isFinite else { return buffer.append("null") }
    let text = description
    buffer.append(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }
}

extension Float: Writable {}
extension Double: Writable {}

extension Array: Writable where Element: Writable {
  /// Writes the elements in brackets.
  package func write(to buffer: inout TextBuffer) {
    buffer.append("[")
    for (index, element) in enumerated() {
      if index > 0 { buffer.appendComma() }
      element.write(to: &buffer)
    }
    buffer.append("]")
  }
}
