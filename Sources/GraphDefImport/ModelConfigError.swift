/// Why a model's configuration cannot be used, and where in it the trouble is.
public struct ModelConfigError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The configuration file, or what else it was read from.
  public var path: String

  /// The key, such as `other.batch_size` or `dense_shape.w1[0]`; empty if no key is to blame.
  public var key: String

  /// What was found.
  public var found: String

  /// What was expected, and what to do.
  public var expected: String

  /// Whether there is no such file, or what is there is wrong.
  public var category: InputErrorCategory

  package init(
    path: String = "", key: String = "", found: String, expected: String, category: InputErrorCategory = .data
  ) {
    self.path = path
    self.key = key
    self.found = found
    self.expected = expected
    self.category = category
  }

  public var description: String {
    let place = [path, key].filter { !$0.isEmpty }.joined(separator: ": ")
    return "\(place.isEmpty ? "configuration" : place): found \(found), expected \(expected)"
  }
}
