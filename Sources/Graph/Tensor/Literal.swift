import Kernels

/// The elements of a constant, row-major.
public struct Literal: Hashable, Sendable, CustomStringConvertible {
  /// The elements by type.
  public enum Scalars: Hashable, Sendable {
    case float32([Float]), float64([Double]), int32([Int32]), int64([Int64]), bool([Bool])

    /// Whether the bits are the same: zeros of different signs are different constants, and NaN is one.
    public static func == (a: Scalars, b: Scalars) -> Bool {
      switch (a, b) {
      case (.float32(let a), .float32(let b)): a.elementsEqual(b) { $0.bitPattern == $1.bitPattern }
      case (.float64(let a), .float64(let b)): a.elementsEqual(b) { $0.bitPattern == $1.bitPattern }
      case (.int32(let a), .int32(let b)): a == b
      case (.int64(let a), .int64(let b)): a == b
      case (.bool(let a), .bool(let b)): a == b
      default: false
      }
    }

    public func hash(into hasher: inout Hasher) {
      switch self {
      case .float32(let values): for value in values { hasher.combine(value.bitPattern) }
      case .float64(let values): for value in values { hasher.combine(value.bitPattern) }
      case .int32(let values): hasher.combine(values)
      case .int64(let values): hasher.combine(values)
      case .bool(let values): hasher.combine(values)
      }
    }
  }

  /// As many elements as `shape` has.
  public let scalars: Scalars
  /// The extents.
  public let shape: [Int]

  /// The constant of `shape` with `scalars`, as many as the shape has.
  public init(_ scalars: Scalars, shape: [Int]) {
    self.scalars = scalars
    self.shape = shape
    precondition(Shape(shape).count == Extent(count), "\(count) elements for shape \(shape)")
  }

  /// A single number of type `dtype`, as a cast would make it: cut off, and the least integer if it does not fit.
  public init(_ value: Double, _ dtype: DType) {
    switch dtype {
    case .float32: self.init(.float32([Float(value)]), shape: [])
    case .float64: self.init(.float64([value]), shape: [])
    case .int32: self.init(.int32([Int32(casting: value)]), shape: [])
    case .int64: self.init(.int64([Int64(casting: value)]), shape: [])
    case .bool: self.init(.bool([value != 0]), shape: [])
    }
  }

  /// The number of elements.
  public var count: Int {
    switch scalars {
    case .float32(let values): values.count
    case .float64(let values): values.count
    case .int32(let values): values.count
    case .int64(let values): values.count
    case .bool(let values): values.count
    }
  }

  /// The element type.
  public var dtype: DType {
    switch scalars {
    case .float32: .float32
    case .float64: .float64
    case .int32: .int32
    case .int64: .int64
    case .bool: .bool
    }
  }

  /// The type of the constant.
  public var type: TensorType { TensorType(dtype, Shape(shape)) }

  /// The elements as integers, or `nil` if they are floating-point numbers or truth values.
  public var integers: [Int]? {
    switch scalars {
    case .int32(let values): values.map { Int($0) }
    case .int64(let values): values.map { Int($0) }
    case .float32, .float64, .bool: nil
    }
  }

  /// The elements as double-precision numbers; truth values are 0 and 1.
  public var doubles: [Double] {
    switch scalars {
    case .float32(let values): values.map { Double($0) }
    case .float64(let values): values
    case .int32(let values): values.map { Double($0) }
    case .int64(let values): values.map { Double($0) }
    case .bool(let values): values.map { $0 ? 1 : 0 }
    }
  }

  /// The number, where the constant is a single one.
  public var scalar: Double? { count == 1 ? doubles[0] : nil }

  public var description: String {
    let shown = doubles.prefix(4).map { "\($0)" }.joined(separator: ", ")
    return "\(type) {\(shown)\(count > 4 ? ", …" : "")}"
  }
}
