import GraphDefImport

/// A graph in the words of `make_fixtures.py`, which writes what TensorFlow reads in the same way.
struct GraphText {
  private(set) var lines: [String] = []

  init(_ graph: GraphDef) throws {
    lines.append("producer \(graph.versions.producer), consumer \(graph.versions.minimumConsumer)")
    for node in graph.nodes { try append(node, indent: "") }
    for function in graph.functions.sorted(by: { $0.name < $1.name }) { try append(function) }
  }

  private mutating func append(_ node: NodeDef, indent: String) throws {
    lines.append("\(indent)\(node.op) \(node.name)")
    lines += node.inputs.map { "\(indent)  < \($0)" }
    if !node.device.isEmpty { lines.append("\(indent)  @ \(node.device)") }
    for (name, value) in node.attributes { lines.append("\(indent)  \(name) = \(try Self.text(value))") }
  }

  private mutating func append(_ function: FunctionDef) throws {
    lines.append("function " + function.name)
    lines += function.inputs.map { "  in " + Self.text($0) }
    lines += function.outputs.map { "  out " + Self.text($0) }
    for (name, value) in function.attributes { lines.append("  \(name) = \(try Self.text(value))") }
    for node in function.nodes { try append(node, indent: "  ") }
    lines += function.returns.sorted { $0.key < $1.key }.map { "  return \($0.key) = \($0.value)" }
    lines += function.controlReturns.sorted { $0.key < $1.key }.map { "  control \($0.key) = \($0.value)" }
  }

  private static func text(_ argument: FunctionDef.Argument) -> String {
    let words = [
      argument.name, "\(argument.dataType)", argument.typeAttribute, argument.numberAttribute,
      argument.typeListAttribute,
    ]
    let text = words.joined(separator: " ")
    return String(text.prefix(upTo: text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex))
  }

  private static func text(_ value: AttrValue) throws -> String {
    switch value {
    case .bytes(let bytes): "s:" + hexadecimal(bytes)
    case .int(let int): "i:\(int)"
    case .float(let float): "f:" + hexadecimal(float.bitPattern)
    case .bool(let bool): "b:\(bool)"
    case .type(let type): "type:\(type)"
    case .shape(let shape): "shape:\(shape)"
    case .tensor(let tensor): "tensor:" + (try text(tensor))
    case .function(let function): "func:" + (try text(function))
    case .placeholder(let name): "placeholder:\(name)"
    case .missing: "none"
    case .list(let list): "list:" + (try text(list))
    }
  }

  private static func text(_ list: AttrValue.List) throws -> String {
    switch list {
    case .empty: ""
    case .bytes(let values): "s:" + values.map(hexadecimal).joined(separator: ",")
    case .ints(let values): "i:" + values.map(String.init).joined(separator: ",")
    case .floats(let values): "f:" + values.map { hexadecimal($0.bitPattern) }.joined(separator: ",")
    case .bools(let values): "b:" + values.map { "\($0)" }.joined(separator: ",")
    case .types(let values): "type:" + values.map { "\($0)" }.joined(separator: ",")
    case .shapes(let values): "shape:" + values.map { "\($0)" }.joined(separator: ",")
    case .tensors(let values): "tensor:" + (try values.map(text).joined(separator: ","))
    case .functions(let values): "func:" + (try values.map(text).joined(separator: ","))
    }
  }

  private static func text(_ function: FunctionReference) throws -> String {
    let attributes = try function.attributes.map { "\($0.name)=\(try text($0.value))" }
    return "\(function.name)(\(attributes.joined(separator: " ")))"
  }

  private static func text(_ tensor: TensorProto) throws -> String {
    let elements: [String] =
      switch tensor.dataType {
      case .float, .half, .bfloat16: try tensor.floats().map { hexadecimal($0.bitPattern) }
      case .double: try tensor.doubles().map { hexadecimal($0.bitPattern) }
      case .string: try tensor.byteStrings().map(hexadecimal)
      case .bool: try tensor.bools().map { $0 ? "1" : "0" }
      default: try tensor.int64s().map(String.init)
      }
    return "\(tensor.dataType) \(tensor.shape) {\(elements.joined(separator: " "))}"
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map(hexadecimal).joined()
  }

  private static func hexadecimal(_ value: some FixedWidthInteger) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
  }
}
