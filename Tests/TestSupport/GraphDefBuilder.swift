public import GraphDefImport

/// Builds graphs for tests, and the bytes of the file that TensorFlow would have written.
///
/// ```swift
/// var graph = GraphDefBuilder()
/// let x = graph.placeholder("x", .float, [-1, 2])
/// let w = graph.constant("w", [1, 2, 3, 4], [2, 2])
/// graph.add("y", op: "MatMul", [x, w], ["T": .type(.float)])
/// let bytes = graph.encoded()
/// ```
public struct GraphDefBuilder: Sendable {
  /// The graph so far.
  public var graph: GraphDef

  /// An empty graph of version `producer`.
  public init(producer: Int = 134) {
    graph = GraphDef([], versions: GraphDef.Versions(producer: producer))
  }

  /// Adds a node and returns its name.
  @discardableResult
  public mutating func add(
    _ name: String, op: String, _ inputs: [String] = [], _ attributes: AttributeMap = [:], device: String = ""
  ) -> String {
    graph.nodes.append(NodeDef(name, op: op, inputs: inputs, device: device, attributes: attributes))
    return name
  }

  /// Adds an input of the graph.
  @discardableResult
  public mutating func placeholder(_ name: String, _ dataType: DataType, _ shape: TensorShapeProto) -> String {
    add(name, op: "Placeholder", [], ["dtype": .type(dataType), "shape": .shape(shape)])
  }

  /// Adds a constant.
  @discardableResult
  public mutating func constant(_ name: String, _ tensor: TensorProto) -> String {
    add(name, op: "Const", [], ["dtype": .type(tensor.dataType), "value": .tensor(tensor)])
  }

  /// Adds a constant of floats; a single one may stand for a whole shape.
  @discardableResult
  public mutating func constant(_ name: String, _ values: [Float], _ shape: [Int] = []) -> String {
    constant(name, TensorProto(.float, TensorShapeProto(shape), .floats(values)))
  }

  /// Adds a constant of 32-bit integers: a scalar if `shape` is left out and there is one, else a vector.
  @discardableResult
  public mutating func constant(_ name: String, integers values: [Int32], _ shape: [Int]? = nil) -> String {
    let shape = shape ?? (values.count == 1 ? [] : [values.count])
    return constant(name, TensorProto(.int32, TensorShapeProto(shape), .int32s(values)))
  }

  /// Adds a TensorFlow 1 variable with the nodes that start and read it: `NAME`, `NAME/Assign`, `NAME/read`.
  ///
  /// - Returns: The name of the node that reads it.
  @discardableResult
  public mutating func variable(
    _ name: String, _ shape: [Int], initialValue: String, dataType: DataType = .float
  ) -> String {
    let location = AttrValue.list(.bytes([ArraySlice("loc:@\(name)".utf8)]))
    add(
      name, op: "VariableV2", [],
      [
        "dtype": .type(dataType), "shape": .shape(TensorShapeProto(shape)), "container": .text(""),
        "shared_name": .text(""),
      ])
    add(
      "\(name)/Assign", op: "Assign", [name, initialValue],
      ["T": .type(dataType), "_class": location, "use_locking": .bool(true), "validate_shape": .bool(true)])
    return add("\(name)/read", op: "Identity", [name], ["T": .type(dataType), "_class": location])
  }

  /// Adds a TensorFlow 2 variable: `NAME` (a handle), `NAME/Assign`, `NAME/Read/ReadVariableOp`.
  ///
  /// - Returns: The name of the node that reads it.
  @discardableResult
  public mutating func resourceVariable(
    _ name: String, _ shape: [Int], initialValue: String, dataType: DataType = .float
  ) -> String {
    add(
      name, op: "VarHandleOp", [],
      [
        "dtype": .type(dataType), "shape": .shape(TensorShapeProto(shape)), "container": .text(""),
        "shared_name": .text(name),
      ])
    add("\(name)/Assign", op: "AssignVariableOp", [name, initialValue], ["dtype": .type(dataType)])
    return add("\(name)/Read/ReadVariableOp", op: "ReadVariableOp", [name], ["dtype": .type(dataType)])
  }

  /// The bytes of the graph's file.
  public func encoded() -> [UInt8] {
    var encoder = ProtobufEncoder()
    encoder.append(graph)
    return encoder.bytes
  }
}
