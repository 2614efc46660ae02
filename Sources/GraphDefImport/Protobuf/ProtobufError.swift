/// Why bytes are not the protocol buffer message they should be, and where.
public struct ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where the trouble is, in bytes from the start of the file.
  public var offset: Int

  /// The fields on the way there, outermost first, such as `node[12]`, `attr['shape']`.
  public private(set) var path: [String]

  /// What stands at ``offset``.
  public var found: String

  /// What should stand there.
  public var expected: String

  /// Whether the bytes end before a message does that nothing encloses: the mark of a file cut short.
  public var isTruncation: Bool

  package init(
    offset: Int, path: [String] = [], found: String, expected: String, isTruncation: Bool = false
  ) {
    self.offset = offset
    self.path = path
    self.found = found
    self.expected = expected
    self.isTruncation = isTruncation
  }

  /// The same error, seen from the message that holds `component`.
  package func within(_ component: String) -> ProtobufError {
    var error = self
    error.path.insert(component, at: 0)
    return error
  }

  public var description: String {
    let place = path.isEmpty ? "" : path.joined(separator: ".") + ", "
    return "\(place)byte \(offset): found \(found), expected \(expected)"
  }
}
