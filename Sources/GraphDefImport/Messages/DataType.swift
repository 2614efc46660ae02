/// The type of a tensor's elements, as TensorFlow numbers and names them.
///
/// The types of TensorFlow 1's references (`DT_FLOAT_REF`, 100 more than `DT_FLOAT`) read as the type referred to.
public enum DataType: Hashable, Sendable, CustomStringConvertible {
  case invalid
  case float, double
  case int32, uint8, int16, int8
  case string
  case complex64
  case int64
  case bool
  case qint8, quint8, qint32
  case bfloat16
  case qint16, quint16
  case uint16
  case complex128
  case half
  case resource, variant
  case uint32, uint64
  case float8e5m2, float8e4m3fn, float8e4m3fnuz, float8e4m3b11fnuz, float8e5m2fnuz
  case int4, uint4, int2, uint2
  case float4e2m1fn

  /// A number that this list does not know.
  case other(Int32)

  /// The known types; a type's place is its number.
  private static let known: [(type: DataType, name: String)] = [
    (.invalid, "DT_INVALID"), (.float, "DT_FLOAT"), (.double, "DT_DOUBLE"), (.int32, "DT_INT32"),
    (.uint8, "DT_UINT8"), (.int16, "DT_INT16"), (.int8, "DT_INT8"), (.string, "DT_STRING"),
    (.complex64, "DT_COMPLEX64"), (.int64, "DT_INT64"), (.bool, "DT_BOOL"), (.qint8, "DT_QINT8"),
    (.quint8, "DT_QUINT8"), (.qint32, "DT_QINT32"), (.bfloat16, "DT_BFLOAT16"), (.qint16, "DT_QINT16"),
    (.quint16, "DT_QUINT16"), (.uint16, "DT_UINT16"), (.complex128, "DT_COMPLEX128"), (.half, "DT_HALF"),
    (.resource, "DT_RESOURCE"), (.variant, "DT_VARIANT"), (.uint32, "DT_UINT32"), (.uint64, "DT_UINT64"),
    (.float8e5m2, "DT_FLOAT8_E5M2"), (.float8e4m3fn, "DT_FLOAT8_E4M3FN"),
    (.float8e4m3fnuz, "DT_FLOAT8_E4M3FNUZ"), (.float8e4m3b11fnuz, "DT_FLOAT8_E4M3B11FNUZ"),
    (.float8e5m2fnuz, "DT_FLOAT8_E5M2FNUZ"), (.int4, "DT_INT4"), (.uint4, "DT_UINT4"), (.int2, "DT_INT2"),
    (.uint2, "DT_UINT2"), (.float4e2m1fn, "DT_FLOAT4_E2M1FN"),
  ]

  /// All types that have a name.
  public static var allKnown: [DataType] { known.map(\.type) }

  /// The type with TensorFlow's number `number`.
  public init(number: Int32) {
    let plain = number > 100 ? number - 100 : number
    if let index = Int(exactly: plain), Self.known.indices.contains(index) {
      self = Self.known[index].type
    } else {
      self = .other(number)
    }
  }

  /// TensorFlow's number.
  public var number: Int32 {
    if case .other(let number) = self { return number }
    return Int32(Self.known.firstIndex { $0.type == self }!)
  }

  /// TensorFlow's name, such as `DT_FLOAT`.
  public var description: String {
    if case .other(let number) = self { return "data type \(number)" }
    return Self.known[Int(number)].name
  }

  /// The bytes of one element in `tensor_content`, or `nil` where elements are not plain numbers.
  public var byteCount: Int? {
    switch self {
    case .int8, .uint8, .bool, .qint8, .quint8: 1
    case .half, .bfloat16, .int16, .uint16, .qint16, .quint16: 2
    case .float, .int32, .uint32, .qint32: 4
    case .double, .int64, .uint64, .complex64: 8
    case .complex128: 16
    case .float8e5m2, .float8e4m3fn, .float8e4m3fnuz, .float8e4m3b11fnuz, .float8e5m2fnuz: 1
    case .invalid, .string, .resource, .variant, .int4, .uint4, .int2, .uint2, .float4e2m1fn, .other: nil
    }
  }
}
