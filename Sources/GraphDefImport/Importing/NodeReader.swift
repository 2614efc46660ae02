package import Graph
package import Kernels

/// A node with its operands: what an op importer sees.
///
/// Importers throw `ShapeError`, `TensorProtoError` or ``ImportError/Reason`` as they come; the node is added outside.
package struct NodeReader {
  /// The node.
  package let node: NodeDef
  /// What its data inputs are.
  package let operands: [ImportedTensor]
  /// The import it is part of.
  package let context: ImportContext
  /// What must hold for an assignment to take place.
  var conditions: [Condition] = []

  /// A truth value, and what it has to be.
  struct Condition {
    var predicate: Value
    var holds: Bool
  }

  package init(node: NodeDef, operands: [ImportedTensor], context: ImportContext) {
    self.node = node
    self.operands = operands
    self.context = context
  }

  /// The program that is being built.
  package var builder: ProgramBuilder { context.builder }

  // MARK: Operands

  /// The operand at `index`, as it is.
  package func tensor(_ index: Int) throws -> ImportedTensor {
    guard operands.indices.contains(index) else { throw ImportError.Reason.missingOperand(index) }
    return operands[index]
  }

  /// The operand at `index` as a value.
  package func operand(_ index: Int) throws -> Value {
    switch try tensor(index) {
    case .value(let value): return value
    case .integers(let integers): return try integers.value(in: builder)
    case .variable(let name): return try variable(name)
    case .list: throw ImportError.Reason.notConstant(index, expected: "a tensor of numbers, found a list,")
    case .nothing: throw ImportError.Reason.notConstant(index, expected: "a tensor of numbers, found none,")
    }
  }

  /// All operands as values.
  package func allOperands() throws -> [Value] { try operands.indices.map { try operand($0) } }

  /// The value of the variable `name` at this point.
  package func variable(_ name: String) throws -> Value {
    guard let value = context.variables[name] else {
      throw ImportError.Reason.other("the variable '\(name)' has no value")
    }
    return value
  }

  /// The name of the variable that the operand at `index` is.
  package func variableName(_ index: Int) throws -> String {
    guard case .variable(let name) = try tensor(index) else {
      throw ImportError.Reason.other("operand \(index) is not a variable")
    }
    return name
  }

  /// The element type of the operand at `index`.
  package func dtype(_ index: Int) throws -> DType {
    if case .integers(let integers) = try tensor(index) { return integers.dtype }
    return try operand(index).dtype
  }

  /// The shape of the operand at `index`.
  package func shape(_ index: Int) throws -> Shape {
    if case .integers(let integers) = try tensor(index) { return Shape(integers.shape) }
    return try operand(index).shape
  }

  /// The operand at `index` as integers that are known up to the batch size.
  package func integers(_ index: Int, expected: String = "integers") throws -> KnownIntegers {
    switch try tensor(index) {
    case .integers(let integers): return integers
    case .value(let value):
      guard let literal = value.literal, let integers = literal.integers else { break }
      return KnownIntegers(literal.dtype, shape: literal.shape, integers.map { Extent($0) })
    case .variable, .list, .nothing: break
    }
    throw ImportError.Reason.notConstant(index, expected: expected)
  }

  /// The operand at `index` as integers that are the same for every batch size.
  package func constants(_ index: Int, expected: String = "integers") throws -> [Int] {
    guard let constants = try integers(index, expected: expected).constants else {
      throw ImportError.Reason.notConstant(index, expected: expected + " that do not depend on the batch size")
    }
    return constants
  }

  /// The operand at `index` as a single integer.
  package func constant(_ index: Int, expected: String = "an integer") throws -> Int {
    let constants = try constants(index, expected: expected)
    guard constants.count == 1 else { throw ImportError.Reason.notConstant(index, expected: expected) }
    return constants[0]
  }

  /// The operand at `index` as a shape, where -1 stands for what is left.
  package func shapeOperand(_ index: Int) throws -> [Extent] { try integers(index, expected: "a shape").elements }

  /// The operand at `index` as the shape of a tensor, in which nothing is left open.
  package func definiteShape(_ index: Int) throws -> Shape {
    let shape = Shape(try shapeOperand(index))
    guard !shape.extents.contains(where: \.isNegative) else {
      throw ImportError.Reason.other("nothing has the shape \(shape)")
    }
    return shape
  }

  /// The operand at `index` as axes of a tensor of `rank` axes.
  package func axes(_ index: Int, rank: Int) throws -> AxisSet {
    let axes = try constants(index, expected: "axes").map { try axis($0, rank: rank) }
    guard Set(axes).count == axes.count else { throw ImportError.Reason.other("an axis is named twice in \(axes)") }
    return AxisSet(axes: axes)
  }

  /// `axis` counted from the front.
  package func axis(_ axis: Int, rank: Int) throws -> Int {
    guard axis >= -rank, axis < rank else {
      throw ImportError.Reason.other("axis \(axis) of a tensor with \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Attributes

  /// The integer attribute `name`.
  package func int(_ name: String, default defaultValue: Int? = nil) throws -> Int {
    guard let attribute = node.attributes[name] else {
      guard let defaultValue else { throw ImportError.Reason.missingAttribute(name) }
      return defaultValue
    }
    guard let value = attribute.int, let int = Int(exactly: value) else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "an integer")
    }
    return int
  }

  /// The attribute `name`, a list of integers.
  package func ints(_ name: String, default defaultValue: [Int]? = nil) throws -> [Int] {
    guard let attribute = node.attributes[name] else {
      guard let defaultValue else { throw ImportError.Reason.missingAttribute(name) }
      return defaultValue
    }
    guard let values = attribute.ints else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "a list of integers")
    }
    return values.map { Int($0) }
  }

  /// The truth value `name`.
  package func bool(_ name: String, default defaultValue: Bool = false) throws -> Bool {
    guard let attribute = node.attributes[name] else { return defaultValue }
    guard let value = attribute.bool else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "a truth value")
    }
    return value
  }

  /// The number `name`.
  package func float(_ name: String, default defaultValue: Double) throws -> Double {
    guard let attribute = node.attributes[name] else { return defaultValue }
    guard let value = attribute.float else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "a number")
    }
    return Double(value)
  }

  /// The text `name`.
  package func text(_ name: String, default defaultValue: String) throws -> String {
    guard let attribute = node.attributes[name] else { return defaultValue }
    guard let value = attribute.text else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "text")
    }
    return value
  }

  /// The element type `name`.
  package func type(_ name: String, default defaultValue: DType? = nil) throws -> DType {
    guard let attribute = node.attributes[name] else {
      guard let defaultValue else { throw ImportError.Reason.missingAttribute(name) }
      return defaultValue
    }
    guard let type = attribute.type else {
      throw ImportError.Reason.attribute(name, found: attribute.kind, expected: "an element type")
    }
    guard let dtype = context.dtype(type) else { throw ImportError.Reason.unsupportedType(type) }
    return dtype
  }

  // MARK: The batch

  /// `values` with shapes that broadcast, where one was written for the exported batch size and others have the batch:
  /// constants that fill `[1024, 1]` become the constants that fill `[B, 1]`.
  package func matchingBatch(_ values: [Value]) throws -> [Value] {
    var common: Shape? = Shape.scalar
    for value in values { common = common.flatMap { $0.broadcast(with: value.shape) } }
    guard common == nil else { return values }
    // Axes are counted from the last, where shapes are aligned.
    let batched = Set(
      values.flatMap { value in
        value.shape.extents.reversed().enumerated().filter { $0.element == .batch }.map(\.offset)
      })
    return try values.map { value in
      try batched.sorted().reduce(value) { value, axis in
        axis < value.shape.rank ? try self.batched(value, axis: value.shape.rank - 1 - axis) : value
      }
    }
  }

  /// `value`, or if it is repeated along `axis` as often as the exported batch has examples, repeated for each example.
  package func batched(_ value: Value, axis: Int = 0) throws -> Value {
    guard axis < value.shape.rank, value.shape[axis].constant == context.batchSize, context.batchSize > 1 else {
      return value
    }
    let source = value.broadcastSource
    let own = axis - (value.shape.rank - source.shape.rank)
    guard source != value, own < 0 || source.shape[own] == 1 else { return value }
    return try source.broadcast(to: value.shape.replacing(axis: axis, with: .batch))
  }
}
