/// An array as NumPy stores it: a shape and row-major values of one type.
public struct NpyArray: Hashable, Sendable {
  /// The values, one case per type that is written.
  public enum Values: Hashable, Sendable {
    case float32([Float])
    case float64([Double])
    case int32([Int32])
    case int64([Int64])
    case uint8([UInt8])
    case bool([Bool])

    /// The number of values.
    public var count: Int {
      switch self {
      case .float32(let values): values.count
      case .float64(let values): values.count
      case .int32(let values): values.count
      case .int64(let values): values.count
      case .uint8(let values): values.count
      case .bool(let values): values.count
      }
    }

    /// NumPy's name of the type, such as `<f4`.
    public var descriptor: String {
      switch self {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .bool: "|b1"
      }
    }
  }

  /// The extent of each axis; empty for a scalar.
  public let shape: [Int]
  /// The values, row-major.
  public let values: Values

  /// An array of `shape`, which must hold as many elements as there are values.
  public init(shape: [Int], values: Values) {
    let count = shape.reduce(1, *)
    precondition(count == values.count, "shape \(shape) and \(values.count) values")
    self.shape = shape
    self.values = values
  }

  /// The values as `Float`; nil if one of them is not exactly a `Float`.
  ///
  /// Doubles are rounded, as everybody expects of them; integers must not change.
  public var floats: [Float]? {
    switch values {
    case .float32(let values): return values
    case .float64(let values): return values.map { Float($0) }
    case .uint8(let values): return values.map { Float($0) }
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .int32(let values): return Self.exactFloats(values)
    case .int64(let values): return Self.exactFloats(values)
    }
  }

  private static func exactFloats<Scalar: BinaryInteger>(_ values: [Scalar]) -> [Float]? {
    var floats: [Float] = []
    floats.reserveCapacity(values.count)
    for value in values {
      guard let float = Float(exactly: value) else { return nil }
      floats.append(float)
    }
    return floats
  }
}
