/// Writes one JSON object on one line, member by member.
package struct ObjectText: Writable, Sendable {
  private var members: TextBuffer

  /// An object without members.
  ///
  /// - Parameter isCompact: Whether no spaces stand between its parts; objects that are added bring their own.
  package init(isCompact: Bool = false) { members = TextBuffer(isCompact: isCompact) }

  /// The text.
  package var text: String { "{\(members.text)}" }

  /// Adds a member.
  package mutating func add(_ name: String, _ value: some Writable) {
    begin(name)
    value.write(to: &members)
  }

  /// Adds a member, or leaves it out if there is no value.
  package mutating func add(_ name: String, _ value: (some Writable)?) {
    guard let value else { return }
    begin(name)
    value.write(to: &members)
  }

  /// Adds a member, which is null if there is no value.
  package mutating func add(_ name: String, orNull value: (some Writable)?) {
    begin(name)
    if let value { value.write(to: &members) } else { members.append("null") }
  }

  private mutating func begin(_ name: String) {
    if !members.text.isEmpty { members.appendComma() }
    members.append(name: name)
  }

  /// Writes the object as a member of another one, or in a list.
  package func write(to buffer: inout TextBuffer) { buffer.append(text) }
}
