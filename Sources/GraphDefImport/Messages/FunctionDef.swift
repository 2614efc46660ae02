/// A function of a graph's library, such as a branch of an `If` or the body of a `While`.
public struct FunctionDef: Equatable, Sendable {
  /// An input or an output.
  public struct Argument: Equatable, Sendable {
    /// The name, which nodes of the body refer to.
    public var name: String

    /// The type, `DT_INVALID` if an attribute has it.
    public var dataType: DataType

    /// The attribute that has the type, or an empty string.
    public var typeAttribute: String

    /// The attribute that tells how many tensors of one type there are, or an empty string.
    public var numberAttribute: String

    /// The attribute that lists the types of several tensors, or an empty string.
    public var typeListAttribute: String

    /// An argument called `name`.
    public init(
      _ name: String, _ dataType: DataType, typeAttribute: String = "", numberAttribute: String = "",
      typeListAttribute: String = ""
    ) {
      self.name = name
      self.dataType = dataType
      self.typeAttribute = typeAttribute
      self.numberAttribute = numberAttribute
      self.typeListAttribute = typeListAttribute
    }
  }

  /// The name, by which nodes call the function.
  public var name: String

  /// The inputs, in the order of the caller's.
  public var inputs: [Argument]

  /// The outputs, in the order of the caller's.
  public var outputs: [Argument]

  /// The attributes of the function.
  public var attributes: AttributeMap

  /// The body; its inputs are spelt `argument`, or `node:output:number`.
  public var nodes: [NodeDef]

  /// For each output's name the value of the body it returns, spelt as an input.
  public var returns: [String: String]

  /// For each control output's name the node of the body that must run.
  public var controlReturns: [String: String]

  /// A function `name`.
  public init(
    _ name: String, inputs: [Argument], outputs: [Argument], attributes: AttributeMap = [:], nodes: [NodeDef],
    returns: [String: String], controlReturns: [String: String] = [:]
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
    self.nodes = nodes
    self.returns = returns
    self.controlReturns = controlReturns
  }
}

extension FunctionDef {
  /// Reads a function, which has a name.
  ///
  ///     1  signature  message: 1 name, 2 input_arg, 3 output_arg
  ///     3  node_def   repeated NodeDef
  ///     4  ret        map<string, string>
  ///     5  attr       map<string, AttrValue>
  ///     6  control_ret  map<string, string>
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    let start = reader.offset
    var signature = Signature()
    var nodes: [NodeDef] = []
    var returns: [String: String] = [:]
    var controlReturns: [String: String] = [:]
    var attributes: [AttributeMap.Entry] = []
    while let field = try reader.nextField() {
      switch field.number {
      case 1: signature = try reader.message(field, "signature", Signature.init(decoding:))
      case 3:
        nodes.append(try reader.message(field, "node_def", index: nodes.count, NodeDef.init(decoding:)))
      case 4:
        let entry = try reader.textEntry(field, "ret")
        returns[entry.key] = entry.value
      case 5: attributes.append(try reader.mapEntry(field, "attr", index: attributes.count))
      case 6:
        let entry = try reader.textEntry(field, "control_ret")
        controlReturns[entry.key] = entry.value
      default: try reader.skip(field)
      }
    }
    guard !signature.name.isEmpty else {
      throw ProtobufError(offset: start, found: "a function without a name", expected: "a name")
    }
    self.init(
      signature.name, inputs: signature.inputs, outputs: signature.outputs, attributes: AttributeMap(attributes),
      nodes: nodes, returns: returns, controlReturns: controlReturns)
  }

  /// The part of an `OpDef` that a function needs.
  private struct Signature {
    var name = ""
    var inputs: [Argument] = []
    var outputs: [Argument] = []

    init() {}

    init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
      while let field = try reader.nextField() {
        switch field.number {
        case 1: name = try reader.string(field, "name")
        case 2:
          inputs.append(
            try reader.message(field, "input_arg", index: inputs.count, Argument.init(decoding:)))
        case 3:
          outputs.append(
            try reader.message(field, "output_arg", index: outputs.count, Argument.init(decoding:)))
        default: try reader.skip(field)
        }
      }
    }
  }
}

extension FunctionDef.Argument {
  /// Reads an argument: 1 name, 3 type, 4 type_attr, 5 number_attr, 6 type_list_attr.
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    self.init("", .invalid)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field, "name")
      case 3: dataType = DataType(number: try reader.int32(field, "type"))
      case 4: typeAttribute = try reader.string(field, "type_attr")
      case 5: numberAttribute = try reader.string(field, "number_attr")
      case 6: typeListAttribute = try reader.string(field, "type_list_attr")
      default: try reader.skip(field)
      }
    }
  }
}

extension ProtobufReader {
  /// An entry of a `map<string, string>` field: 1 key, 2 value.
  fileprivate mutating func textEntry(
    _ field: ProtobufField, _ name: StaticString
  ) throws(ProtobufError) -> (key: String, value: String) {
    try message(field, name) { (entry: inout ProtobufReader) throws(ProtobufError) in
      var key = ""
      var value = ""
      while let field = try entry.nextField() {
        switch field.number {
        case 1: key = try entry.string(field, "key")
        case 2: value = try entry.string(field, "value")
        default: try entry.skip(field)
        }
      }
      return (key, value)
    }
  }
}
