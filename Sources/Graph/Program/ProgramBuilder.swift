/// Builds a ``Program``, one application at a time; the same primitive on the same operands is the same value.
///
/// - Note: A builder is used by one task at a time.
public final class ProgramBuilder: @unchecked Sendable {
  // Safety: builders never leave the function that makes them; a value carries its builder, and values are Sendable only
  // so that errors and tables of importers, which mention them, can be.

  private struct Application: Hashable {
    var primitive: AnyHashable
    var operands: [Int]
  }

  private var types: [TensorType] = []
  private var inputs: [Program.Input] = []
  private(set) var nodes: [Program.Node] = []
  private var known: [Application: Range<Int>] = [:]

  /// The label that new nodes get.
  public var label = ""

  /// An empty program.
  public init() {}

  /// The type of the value `number`.
  func type(of number: Int) -> TensorType { types[number] }

  /// The application that makes the value `number`, or `nil` for an input.
  ///
  /// - Complexity: O(log n).
  func node(making number: Int) -> Program.Node? {
    number < inputs.count ? nil : nodes[nodes.position(making: number)]
  }

  /// The role of the value `number` if it is an input.
  func role(of number: Int) -> InputRole? { number < inputs.count ? inputs[number].role : nil }

  /// Adds an input. All inputs come before the first application.
  public func input(_ name: String, _ type: TensorType, role: InputRole) -> Value {
    precondition(nodes.isEmpty, "the input \(name) comes after the first application")
    inputs.append(Program.Input(name: name, role: role))
    types.append(type)
    return Value(builder: self, number: types.count - 1)
  }

  /// The input called `name`, if there is one.
  public func input(named name: String) -> Value? {
    inputs.firstIndex { $0.name == name }.map { Value(builder: self, number: $0) }
  }

  /// Applies `primitive` to `operands`.
  ///
  /// - Returns: Its results. If it was applied to the same operands before and has no randomness, those of then.
  public func apply(_ primitive: some Primitive, _ operands: [Value]) throws(ShapeError) -> [Value] {
    let numbers = operands.map { operand in
      precondition(operand.builder === self, "a value of another program")
      return operand.number
    }
    let application = Application(primitive: AnyHashable(primitive), operands: numbers)
    if let results = known[application] { return results.map { Value(builder: self, number: $0) } }
    let resultTypes = try primitive.resultTypes(numbers.map { types[$0] })
    for type in resultTypes {
      guard type.rank <= 8 else { throw ShapeError(primitive.name, operands.map(\.type), expected: "at most 8 axes") }
      guard !type.shape.extents.contains(where: \.isNegative) else {
        let expected = "operands whose result has no negative extents, unlike \(type)"
        throw ShapeError(primitive.name, operands.map(\.type), expected: expected)
      }
    }
    let results = types.count..<types.count + resultTypes.count
    types += resultTypes
    nodes.append(Program.Node(primitive: primitive, operands: numbers, results: results, label: label))
    known[application] = results
    return results.map { Value(builder: self, number: $0) }
  }

  /// Whether nothing reads more of `table` than rows.
  ///
  /// - Complexity: O(applications).
  public func isReadByRows(_ table: Value) -> Bool {
    nodes.allSatisfy { node in
      let operands = node.primitive is any RowReading ? node.operands[1...] : node.operands[...]
      return !operands.contains(table.number)
    }
  }

  /// The program that computes `outputs` and nothing that they do not need.
  public func program(_ outputs: [(name: String, value: Value)]) -> Program {
    Program(
      inputs: inputs, types: types, nodes: nodes,
      outputs: outputs.map { Program.Output(name: $0.name, value: $0.value.number) }
    ).pruned()
  }
}
