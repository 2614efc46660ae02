/// The type of a tensor's elements.
public enum DType: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case float32, float64, int32, int64, bool

  /// The size of an element in bytes.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .bool: 1
    }
  }

  /// Whether elements are floating-point numbers, the only ones that have gradients.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// Whether elements are integers.
  public var isInteger: Bool { self == .int32 || self == .int64 }

  /// The name TensorFlow and NumPy use.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    }
  }
}

/// A Swift type that tensors can have as element type.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  /// The corresponding element type.
  static var dtype: DType { get }
}

extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension Bool: TensorScalar { public static var dtype: DType { .bool } }
