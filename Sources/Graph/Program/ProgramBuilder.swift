/// Builds a ``Program``, one application at a time; the same primitive on the same operands is the same value.
///
/// - Note: A builder is used by one task at a time.
public final class ProgramBuilder: @unchecked Sendable {
  // Safety: builders never leave the function that makes them; a value carries its builder, and values are Sendable only
  // so that errors and tables of importers, which mention them, can be.

  private struct Application: Hashable {
    var primitive: AnyHashable
    var operands: [Int]
    var conditions: [Int]
  }

  private var types: [TensorType] = []
  private var inputs: [Program.Input] = []
  private(set) var nodes: [Program.Node] = []
  private var known: [Application: Range<Int>] = [:]
  /// The truth values within which applications are made at the moment: see ``within(_:_:)``.
  private var conditions: [Int] = []
  /// For each node those that it was made within; none where it has no gradient.
  private var nodeConditions: [[Int]] = []

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

  /// The truth values that hold where the value `number` counts: see ``within(_:_:)``.
  ///
  /// - Complexity: O(log n).
  func conditions(of number: Int) -> [Int] {
    number < inputs.count ? [] : nodeConditions[nodes.position(making: number)]
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

  /// Calls `body`, whose applications count only where `conditions`, single truth values, hold: those of a branch, or
  /// of a round that a loop may not reach.
  ///
  /// Elsewhere they are computed, but not used. Integers that would be errors are replaced there, and no gradient gets
  /// out, not even the NaN that becomes of a zero where a function has no derivative.
  package func within<Result>(_ conditions: [Value], _ body: () throws -> Result) rethrows -> Result {
    let outer = self.conditions
    defer { self.conditions = outer }
    self.conditions += conditions.map(\.number).filter { !outer.contains($0) }
    return try body()
  }

  /// Applies `primitive` to `operands`.
  ///
  /// - Returns: Its results. If it was applied to the same operands before and has no randomness, those of then.
  public func apply(_ primitive: some Primitive, _ operands: [Value]) throws(ShapeError) -> [Value] {
    var numbers = operands.map { operand in
      precondition(operand.builder === self, "a value of another program")
      return operand.number
    }
    if !conditions.isEmpty {
      for position in numbers.indices {
        numbers[position] = try withoutErrors(numbers[position], at: position, of: primitive)
      }
    }
    let hasGradient = numbers.contains { types[$0].dtype.isFloatingPoint }
    var application = Application(primitive: AnyHashable(primitive), operands: numbers, conditions: [])
    if let results = known[application] { return results.map { Value(builder: self, number: $0) } }
    for condition in conditions where hasGradient {
      application.conditions.append(condition)
      if let results = known[application] { return results.map { Value(builder: self, number: $0) } }
    }
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
    nodeConditions.append(application.conditions)
    known[application] = results
    return results.map { Value(builder: self, number: $0) }
  }

  /// The operand `number` of `primitive` at `position`, or where the conditions do not hold what is no error there;
  /// constants are used as they are.
  private func withoutErrors(
    _ number: Int, at position: Int, of primitive: some Primitive
  ) throws(ShapeError) -> Int {
    var operand = Value(builder: self, number: number)
    guard let harmless = primitive.harmlessInteger(at: position), operand.dtype.isInteger, operand.literal == nil
    else { return number }
    let substitute = try Value.constant(Double(harmless), operand.dtype, in: self)
    for condition in conditions {
      operand = try Value(builder: self, number: condition).selecting(operand, substitute)
    }
    return operand.number
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
