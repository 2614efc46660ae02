/// What an input of a node refers to, parsed from the text in the graph.
///
///     name           output 0 of the node
///     name:2         output 2
///     name:out:1     inside a function: value 1 of the node's output `out`
///     ^name          nothing but the order: the node runs first
public struct InputReference: Hashable, Sendable, CustomStringConvertible {
  /// The node's name; inside a function perhaps an argument's.
  public var node: String

  /// The name of an output of the node, which only references inside functions have.
  public var outputName: String?

  /// The output's number, or its number among those called ``outputName``.
  public var output: Int

  /// Whether only the order matters.
  public var isControl: Bool

  /// A reference to output `output` of `node`.
  public init(_ node: String, output: Int = 0, outputName: String? = nil, isControl: Bool = false) {
    self.node = node
    self.output = output
    self.outputName = outputName
    self.isControl = isControl
  }

  /// The reference that `text` spells, or `nil` if it spells none.
  public init?(parsing text: String) {
    if text.utf8.first == UInt8(ascii: "^") {
      let node = text.dropFirst()
      guard !node.isEmpty, !node.utf8.contains(UInt8(ascii: ":")) else { return nil }
      self.init(String(node), isControl: true)
      return
    }
    guard text.utf8.contains(UInt8(ascii: ":")) else {
      guard !text.isEmpty else { return nil }
      self.init(text)
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 3, !parts[0].isEmpty, let output = Self.number(parts[parts.count - 1]) else { return nil }
    if parts.count == 3 && parts[1].isEmpty { return nil }
    self.init(String(parts[0]), output: output, outputName: parts.count == 3 ? String(parts[1]) : nil)
  }

  /// The value of `digits`, nothing but digits and at most `Int32.max`.
  private static func number(_ digits: Substring) -> Int? {
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int32(digits).map { Int($0) }
  }

  public var description: String {
    if isControl { return "^" + node }
    if let outputName { return "\(node):\(outputName):\(output)" }
    return output == 0 ? node : "\(node):\(output)"
  }
}
