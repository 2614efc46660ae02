public import GraphDefImport

extension ProtobufEncoder {
  /// Appends the fields of `graph`.
  public mutating func append(_ graph: GraphDef) {
    for node in graph.nodes { message(1) { $0.append(node) } }
    if !graph.functions.isEmpty {
      message(2) { library in
        for function in graph.functions { library.message(1) { $0.append(function) } }
      }
    }
    if graph.versions != GraphDef.Versions() {
      message(4) { versions in
        versions.varint(1, Int64(graph.versions.producer))
        if graph.versions.minimumConsumer != 0 { versions.varint(2, Int64(graph.versions.minimumConsumer)) }
      }
    }
  }

  /// Appends the fields of `node`.
  public mutating func append(_ node: NodeDef) {
    string(1, node.name)
    string(2, node.op)
    for input in node.inputs { string(3, input) }
    if !node.device.isEmpty { string(4, node.device) }
    append(5, node.attributes)
  }

  /// Appends the fields of `function`.
  public mutating func append(_ function: FunctionDef) {
    message(1) { signature in
      signature.string(1, function.name)
      for input in function.inputs { signature.message(2) { $0.append(input) } }
      for output in function.outputs { signature.message(3) { $0.append(output) } }
    }
    for node in function.nodes { message(3) { $0.append(node) } }
    append(4, function.returns)
    append(5, function.attributes)
    append(6, function.controlReturns)
  }

  /// Appends the fields of `argument`.
  public mutating func append(_ argument: FunctionDef.Argument) {
    string(1, argument.name)
    if argument.dataType != .invalid { varint(3, Int64(argument.dataType.number)) }
    let texts = [(4, argument.typeAttribute), (5, argument.numberAttribute), (6, argument.typeListAttribute)]
    for (number, text) in texts where !text.isEmpty { string(number, text) }
  }

  /// Appends `map` as field `number`, sorted by key.
  public mutating func append(_ number: Int, _ map: [String: String]) {
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      message(number) { entry in
        entry.string(1, key)
        entry.string(2, value)
      }
    }
  }

  /// Appends `attributes` as field `number`.
  public mutating func append(_ number: Int, _ attributes: AttributeMap) {
    for (name, value) in attributes {
      message(number) { entry in
        entry.string(1, name)
        entry.message(2) { $0.append(value) }
      }
    }
  }

  /// Appends the field that holds `value`.
  public mutating func append(_ value: AttrValue) {
    switch value {
    case .bytes(let bytes): payload(2, bytes)
    case .int(let int): varint(3, int)
    case .float(let value): float(4, value)
    case .bool(let bool): varint(5, bool ? 1 : 0)
    case .type(let type): varint(6, Int64(type.number))
    case .shape(let shape): message(7) { $0.append(shape) }
    case .tensor(let tensor): message(8) { $0.append(tensor) }
    case .placeholder(let name): string(9, name)
    case .function(let function): message(10) { $0.append(function) }
    case .list(let list): message(1) { $0.append(list) }
    case .missing: break
    }
  }

  /// Appends the fields of `list`.
  public mutating func append(_ list: AttrValue.List) {
    switch list {
    case .empty: break
    case .bytes(let values): for value in values { payload(2, value) }
    case .ints(let values): packedVarints(3, values.map { UInt64(bitPattern: $0) })
    case .floats(let values): payload(4, values.flatMap { littleEndianBytes($0.bitPattern) })
    case .bools(let values): packedVarints(5, values.map { $0 ? 1 : 0 })
    case .types(let values): packedVarints(6, values.map { UInt64($0.number) })
    case .shapes(let values): for value in values { message(7) { $0.append(value) } }
    case .tensors(let values): for value in values { message(8) { $0.append(value) } }
    case .functions(let values): for value in values { message(9) { $0.append(value) } }
    }
  }

  /// Appends the fields of `function`.
  public mutating func append(_ function: FunctionReference) {
    string(1, function.name)
    append(2, function.attributes)
  }

  /// Appends the fields of `shape`.
  public mutating func append(_ shape: TensorShapeProto) {
    for dimension in shape.dimensions ?? [] { message(2) { $0.varint(1, Int64(dimension)) } }
    if shape.dimensions == nil { varint(3, 1) }
  }

  /// Appends the fields of `tensor`.
  public mutating func append(_ tensor: TensorProto) {
    varint(1, Int64(tensor.dataType.number))
    message(2) { $0.append(tensor.shape) }
    switch tensor.values {
    case .content(let bytes): payload(4, bytes)
    case .floats(let values): packed(5, values.map(\.bitPattern))
    case .doubles(let values): packed(6, values.map(\.bitPattern))
    case .int32s(let values): packedVarints(7, values.map { UInt64(bitPattern: Int64($0)) })
    case .strings(let values): for value in values { payload(8, value) }
    case .int64s(let values): packedVarints(10, values.map { UInt64(bitPattern: $0) })
    case .bools(let values): packedVarints(11, values.map { $0 ? 1 : 0 })
    case .halves(let values): packedVarints(13, values.map { UInt64($0) })
    case .uint32s(let values): packedVarints(16, values.map { UInt64($0) })
    case .uint64s(let values): packedVarints(17, values)
    case .unsupported: break
    }
  }

  private mutating func packed(_ number: Int, _ values: [some FixedWidthInteger]) {
    if !values.isEmpty { payload(number, values.flatMap { littleEndianBytes($0) }) }
  }
}
