/// What is known of a tensor before it is computed: its element type and shape.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  /// The type of the elements.
  public let dtype: DType
  /// The extents, known up to the batch size.
  public let shape: Shape

  /// A tensor of `dtype` elements with `shape`.
  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  /// The number of axes.
  public var rank: Int { shape.rank }

  /// This type with another shape.
  public func with(_ shape: Shape) -> TensorType { TensorType(dtype, shape) }

  /// This type with another element type.
  public func with(_ dtype: DType) -> TensorType { TensorType(dtype, shape) }

  public var description: String { "\(dtype)\(shape)" }
}

/// A primitive was applied to operands it is not defined for.
public struct ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The primitive's name.
  public var primitive: String
  /// The operands it was given.
  public var operands: [TensorType]
  /// What it takes.
  public var expected: String

  /// `primitive` does not take `operands`, but `expected`.
  public init(_ primitive: String, _ operands: [TensorType], expected: String) {
    self.primitive = primitive
    self.operands = operands
    self.expected = expected
  }

  public var description: String {
    let found = operands.isEmpty ? "no operands" : operands.map(\.description).joined(separator: ", ")
    return "\(primitive) takes \(expected), found \(found)"
  }
}
