/// A computation: primitives applied in order, typed, immutable, and known up to the batch size.
///
/// Values are numbered: first the inputs, then the results of each node in turn. A node's operands have lower numbers
/// than its results, so the order of the nodes is an order of execution.
public struct Program: Sendable {
  /// One application of a primitive.
  public struct Node: Sendable {
    /// The primitive.
    public var primitive: any Primitive
    /// The values it is applied to.
    public var operands: [Int]
    /// The values it makes.
    public var results: Range<Int>
    /// Where it comes from (a node of the imported graph, or the node whose gradient it belongs to), for messages.
    public var label: String
  }

  /// What is fed to the program.
  public struct Input: Hashable, Sendable {
    /// The name it is fed by.
    public var name: String
    /// The role it plays.
    public var role: InputRole
  }

  /// A value that the program was asked for.
  public struct Output: Hashable, Sendable {
    /// The name it is fetched by.
    public var name: String
    /// The value.
    public var value: Int
  }

  /// The inputs: the values `0..<inputs.count`.
  public internal(set) var inputs: [Input]
  /// The type of every value.
  public internal(set) var types: [TensorType]
  /// The applications, in an order of execution.
  public internal(set) var nodes: [Node]
  /// What the program is for.
  public internal(set) var outputs: [Output]

  /// The number of the output called `name`.
  public func output(_ name: String) -> Int? { outputs.firstIndex { $0.name == name } }

  /// The number of the input called `name`.
  public func input(_ name: String) -> Int? { inputs.firstIndex { $0.name == name } }

  /// The type of the output called `name`.
  public func type(ofOutput name: String) -> TensorType? {
    output(name).map { types[outputs[$0].value] }
  }

  /// The node that makes `value`, or `nil` for an input.
  ///
  /// - Complexity: O(log n).
  func node(making value: Int) -> Int? { value < inputs.count ? nil : nodes.position(making: value) }
}

extension [Program.Node] {
  /// The position of the node that makes `value`, which is not an input.
  ///
  /// - Complexity: O(log n).
  func position(making value: Int) -> Int {
    var low = 0
    var high = count
    while high - low > 1 {
      let middle = (low + high) / 2
      if self[middle].results.lowerBound <= value { low = middle } else { high = middle }
    }
    return low
  }
}

/// The role of a program's input.
public enum InputRole: Hashable, Sendable {
  /// Data of the batch, fed with every step.
  case data
  /// A parameter: the same for all examples, changed between steps.
  case parameter
  /// State that metrics keep from step to step.
  case state
}

extension Program: CustomStringConvertible {
  /// The program as text, one application per line.
  public var description: String {
    var lines: [String] = []
    for (value, input) in inputs.enumerated() {
      lines.append("%\(value): \(types[value]) = \(input.role) \(input.name)")
    }
    for node in nodes {
      let results = node.results.map { "%\($0): \(types[$0])" }.joined(separator: ", ")
      let operands = node.operands.map { "%\($0)" }.joined(separator: ", ")
      lines.append("\(results) = \(node.primitive.name)(\(operands))")
    }
    for output in outputs { lines.append("return \(output.name) = %\(output.value)") }
    return lines.joined(separator: "\n")
  }
}
