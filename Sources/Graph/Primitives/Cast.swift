import Kernels

/// The same numbers with another element type.
///
/// Fractions are cut off; a number that is not finite or does not fit becomes the smallest integer, as on x86.
public struct Cast: Primitive {
  /// The element type of the result.
  public let dtype: DType

  public var name: String { "cast to \(dtype)" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The operand's shape.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    return [operands[0].with(dtype)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: cast(Float.self, operands[0], results[0])
    case .float64: cast(Double.self, operands[0], results[0])
    case .int32: cast(Int32.self, operands[0], results[0])
    case .int64: cast(Int64.self, operands[0], results[0])
    case .bool: cast(Bool.self, operands[0], results[0])
    }
  }

  private func cast<Source: TensorScalar & CastableScalar>(_: Source.Type, _ x: TensorView, _ y: TensorView) {
    let source = x.scalars(Source.self)
    switch dtype {
    case .float32: Casting.cast(source, into: y.scalars(Float.self))
    case .float64: Casting.cast(source, into: y.scalars(Double.self))
    case .int32: Casting.cast(source, into: y.scalars(Int32.self))
    case .int64: Casting.cast(source, into: y.scalars(Int64.self))
    case .bool: Casting.cast(source, into: y.scalars(Bool.self))
    }
  }

  /// The cotangent, cast back; integers have no gradient.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0], operands[0].dtype.isFloatingPoint, d.dtype.isFloatingPoint else { return [nil] }
    return [.dense(try d.cast(to: operands[0].dtype))]
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// This value with elements of type `dtype`.
  public func cast(to dtype: DType) throws(ShapeError) -> Value {
    dtype == self.dtype ? self : try applying(Cast(dtype: dtype))
  }
}
