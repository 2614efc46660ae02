/// Writes one JSON list on one line, whose elements may be of several types; those of one type make an array.
package struct ListText: Writable, Sendable {
  private var elements = TextBuffer(isCompact: false)

  /// An empty list.
  package init() {}

  /// Adds an element.
  package mutating func append(_ value: some Writable) {
    if !elements.text.isEmpty { elements.appendComma() }
    value.write(to: &elements)
  }

  /// Writes the list as a member of an object, or in another list.
  package func write(to buffer: inout TextBuffer) { buffer.append("[\(elements.text)]") }
}
