extension AttrValue {
  /// Reads an attribute's value; of several, the last counts.
  ///
  ///     1  list    message     5  b      bool           9  placeholder  string
  ///     2  s       bytes       6  type   enumeration   10  func         message
  ///     3  i       int64       7  shape  message
  ///     4  f       float       8  tensor message
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    self = .missing
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self = .list(try reader.message(field, "list", List.init(decoding:)))
      case 2: self = .bytes(try reader.slice(field, "s"))
      case 3: self = .int(try reader.int64(field, "i"))
      case 4: self = .float(try reader.float(field, "f"))
      case 5: self = .bool(try reader.bool(field, "b"))
      case 6: self = .type(DataType(number: try reader.int32(field, "type")))
      case 7: self = .shape(try reader.message(field, "shape", TensorShapeProto.init(decoding:)))
      case 8: self = .tensor(try reader.message(field, "tensor", TensorProto.init(decoding:)))
      case 9: self = .placeholder(try reader.string(field, "placeholder"))
      case 10: self = .function(try reader.message(field, "func", FunctionReference.init(decoding:)))
      default: try reader.skip(field)
      }
    }
  }
}

extension AttrValue.List {
  /// Reads a list, whose values are all of one kind.
  ///
  ///     2  s  bytes    4  f  float    6  type   enumeration    8  tensor  message
  ///     3  i  int64    5  b  bool     7  shape  message        9  func    message
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    let start = reader.offset
    var bytes: [ArraySlice<UInt8>] = []
    var ints: [Int64] = []
    var floats: [Float] = []
    var bools: [Bool] = []
    var types: [DataType] = []
    var shapes: [TensorShapeProto] = []
    var tensors: [TensorProto] = []
    var functions: [FunctionReference] = []
    while let field = try reader.nextField() {
      switch field.number {
      case 2: bytes.append(try reader.slice(field, "s"))
      case 3:
        try reader.append(field, "i", to: &ints) { value throws(ProtobufError) in
          Int64(bitPattern: try value.varint())
        }
      case 4:
        try reader.append(field, "f", to: &floats, each: .fixed32) { value throws(ProtobufError) in
          Float(bitPattern: try value.fixed32())
        }
      case 5:
        try reader.append(field, "b", to: &bools) { value throws(ProtobufError) in try value.varint() != 0 }
      case 6:
        try reader.append(field, "type", to: &types) { value throws(ProtobufError) in
          DataType(number: Int32(truncatingIfNeeded: try value.varint()))
        }
      case 7:
        shapes.append(
          try reader.message(field, "shape", index: shapes.count, TensorShapeProto.init(decoding:)))
      case 8:
        tensors.append(try reader.message(field, "tensor", index: tensors.count, TensorProto.init(decoding:)))
      case 9:
        functions.append(
          try reader.message(field, "func", index: functions.count, FunctionReference.init(decoding:)))
      default: try reader.skip(field)
      }
    }
    var lists: [AttrValue.List] = []
    if !bytes.isEmpty { lists.append(.bytes(bytes)) }
    if !ints.isEmpty { lists.append(.ints(ints)) }
    if !floats.isEmpty { lists.append(.floats(floats)) }
    if !bools.isEmpty { lists.append(.bools(bools)) }
    if !types.isEmpty { lists.append(.types(types)) }
    if !shapes.isEmpty { lists.append(.shapes(shapes)) }
    if !tensors.isEmpty { lists.append(.tensors(tensors)) }
    if !functions.isEmpty { lists.append(.functions(functions)) }
    guard lists.count <= 1 else {
      let kinds = lists.map { AttrValue.list($0).kind }
      throw ProtobufError(
        offset: start, found: kinds.joined(separator: " and "), expected: "values of one kind")
    }
    self = lists.first ?? .empty
  }
}

extension FunctionReference {
  /// Reads a reference to a function.
  ///
  ///     1  name  string
  ///     2  attr  map<string, AttrValue>
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    var name = ""
    var entries: [AttributeMap.Entry] = []
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field, "name")
      case 2: entries.append(try reader.mapEntry(field, "attr", index: entries.count))
      default: try reader.skip(field)
      }
    }
    self.init(name, attributes: AttributeMap(entries))
  }
}
