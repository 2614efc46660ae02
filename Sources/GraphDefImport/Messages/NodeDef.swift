/// An operation of a graph: its name, what it does, where its operands come from.
public struct NodeDef: Equatable, Sendable {
  /// The name, unique in its graph.
  public var name: String

  /// The operation, such as `MatMul`.
  public var op: String

  /// The inputs as the graph spells them; ``InputReference`` parses them.
  public var inputs: [String]

  /// Where the exporter wanted the node to run; often empty.
  public var device: String

  /// The attributes.
  public var attributes: AttributeMap

  /// A node `name` that does `op`.
  public init(
    _ name: String, op: String, inputs: [String] = [], device: String = "", attributes: AttributeMap = [:]
  ) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.device = device
    self.attributes = attributes
  }
}

extension NodeDef {
  /// Reads a node, which has a name and an operation.
  ///
  ///     1  name    string              4  device  string
  ///     2  op      string              5  attr    map<string, AttrValue>
  ///     3  input   repeated string
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    let start = reader.offset
    var name = ""
    var op = ""
    var inputs: [String] = []
    var device = ""
    var attributes: [AttributeMap.Entry] = []
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field, "name")
      case 2: op = try reader.string(field, "op")
      case 3: inputs.append(try reader.string(field, "input"))
      case 4: device = try reader.string(field, "device")
      case 5: attributes.append(try reader.mapEntry(field, "attr", index: attributes.count))
      default: try reader.skip(field)
      }
    }
    guard !name.isEmpty else {
      throw ProtobufError(offset: start, found: "a node without a name", expected: "a name")
    }
    guard !op.isEmpty else {
      throw ProtobufError(offset: start, found: "node '\(name)' without an op", expected: "an op")
    }
    self.init(name, op: op, inputs: inputs, device: device, attributes: AttributeMap(attributes))
  }
}
