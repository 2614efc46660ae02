/// A constant tensor as a graph states it: type, shape, and elements in one of many spellings.
///
/// The shape is a claim: a tensor of 2^40 equal elements takes a dozen bytes in a file. Ask ``uniformValue()`` first,
/// which materialises nothing; the accessors that return arrays fill at most a given number of elements.
public struct TensorProto: Equatable, Sendable {
  /// The type of the elements.
  public var dataType: DataType

  /// The shape, which a constant knows fully.
  public var shape: TensorShapeProto

  /// The elements as they are spelt.
  public var values: Values

  /// The spellings of elements.
  ///
  /// A list that is shorter than the shape asks for repeats its last element; an empty one stands for zeros. Of a
  /// longer one, the first elements count.
  public enum Values: Equatable, Sendable {
    /// `tensor_content`: all elements, little-endian and row-major, as a slice of the file.
    case content(ArraySlice<UInt8>)
    /// `float_val`, for `DT_FLOAT`.
    case floats([Float])
    /// `double_val`, for `DT_DOUBLE`.
    case doubles([Double])
    /// `int_val`, for the integers of up to 32 bits but `DT_UINT32`.
    case int32s([Int32])
    /// `int64_val`, for `DT_INT64`.
    case int64s([Int64])
    /// `bool_val`, for `DT_BOOL`.
    case bools([Bool])
    /// `half_val`, for `DT_HALF` and `DT_BFLOAT16`: the bits of each element.
    case halves([UInt16])
    /// `uint32_val`, for `DT_UINT32`.
    case uint32s([UInt32])
    /// `uint64_val`, for `DT_UINT64`.
    case uint64s([UInt64])
    /// `string_val`, for `DT_STRING`, as slices of the file.
    case strings([ArraySlice<UInt8>])
    /// Elements of a type that has no accessor here: complex numbers, resources, 8-bit floats.
    case unsupported
  }

  /// A tensor of `values`.
  public init(_ dataType: DataType, _ shape: TensorShapeProto, _ values: Values) {
    self.dataType = dataType
    self.shape = shape
    self.values = values
  }
}

extension TensorProto {
  /// Reads a tensor.
  ///
  ///      1  dtype           enumeration        8  string_val   bytes
  ///      2  tensor_shape    message           10  int64_val    int64
  ///      4  tensor_content  bytes             11  bool_val     bool
  ///      5  float_val       float             13  half_val     int32, the low 16 bits
  ///      6  double_val      double            16  uint32_val   uint32
  ///      7  int_val         int32             17  uint64_val   uint64
  ///
  /// All but the first three are repeated. Only the list that belongs to the type is read, and only if there is no
  /// `tensor_content`, as TensorFlow does.
  package init(decoding reader: inout ProtobufReader) throws(ProtobufError) {
    var lists = reader
    var dataType = DataType.invalid
    var shape: TensorShapeProto = []
    var content: ArraySlice<UInt8> = []
    while let field = try reader.nextField() {
      switch field.number {
      case 1: dataType = DataType(number: try reader.int32(field, "dtype"))
      case 2: shape = try reader.message(field, "tensor_shape", TensorShapeProto.init(decoding:))
      case 4: content = try reader.slice(field, "tensor_content")
      default: try reader.skip(field)
      }
    }
    let values = content.isEmpty ? try Values(of: dataType, decoding: &lists) : .content(content)
    self.init(dataType, shape, values)
  }
}

extension TensorProto.Values {
  /// Reads the list that belongs to `dataType` and passes over everything else.
  fileprivate init(of dataType: DataType, decoding reader: inout ProtobufReader) throws(ProtobufError) {
    switch dataType {
    case .float:
      self = .floats(
        try reader.list(5, "float_val", each: .fixed32, leastByteCount: 4) { reader throws(ProtobufError) in
          Float(bitPattern: try reader.fixed32())
        })
    case .double:
      self = .doubles(
        try reader.list(6, "double_val", each: .fixed64, leastByteCount: 8) { reader throws(ProtobufError) in
          Double(bitPattern: try reader.fixed64())
        })
    case .int32, .int16, .int8, .uint16, .uint8, .qint8, .quint8, .qint16, .quint16, .qint32:
      self = .int32s(
        try reader.list(7, "int_val") { reader throws(ProtobufError) in
          Int32(truncatingIfNeeded: try reader.varint())
        })
    case .int64:
      self = .int64s(
        try reader.list(10, "int64_val") { reader throws(ProtobufError) in
          Int64(bitPattern: try reader.varint())
        })
    case .bool:
      self = .bools(
        try reader.list(11, "bool_val") { reader throws(ProtobufError) in try reader.varint() != 0 })
    case .half, .bfloat16:
      self = .halves(
        try reader.list(13, "half_val") { reader throws(ProtobufError) in
          UInt16(truncatingIfNeeded: try reader.varint())
        })
    case .uint32:
      self = .uint32s(
        try reader.list(16, "uint32_val") { reader throws(ProtobufError) in
          UInt32(truncatingIfNeeded: try reader.varint())
        })
    case .uint64:
      self = .uint64s(
        try reader.list(17, "uint64_val") { reader throws(ProtobufError) in try reader.varint() })
    case .string:
      var strings: [ArraySlice<UInt8>] = []
      while let field = try reader.nextField() {
        if field.number == 8 {
          strings.append(try reader.slice(field, "string_val"))
        } else {
          try reader.skip(field)
        }
      }
      self = .strings(strings)
    default: self = .unsupported
    }
  }
}

extension ProtobufReader {
  /// All values of the repeated scalar field `number`, by one pass over the message.
  fileprivate mutating func list<Value>(
    _ number: Int, _ name: StaticString, each wireType: WireType = .varint, leastByteCount: Int = 1,
    _ read: (inout ProtobufReader) throws(ProtobufError) -> Value
  ) throws(ProtobufError) -> [Value] {
    var values: [Value] = []
    while let field = try nextField() {
      if field.number == number {
        try append(field, name, to: &values, each: wireType, leastByteCount: leastByteCount, read)
      } else {
        try skip(field)
      }
    }
    return values
  }
}
