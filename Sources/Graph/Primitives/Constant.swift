public import Kernels

/// A tensor that is part of the program.
public struct Constant: Primitive {
  /// The elements.
  public let literal: Literal

  public var name: String { "constant \(literal)" }

  /// The literal's type.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(0, operands)
    return [literal.type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch literal.scalars {
    case .float32(let scalars): copy(scalars, to: results[0])
    case .float64(let scalars): copy(scalars, to: results[0])
    case .int32(let scalars): copy(scalars, to: results[0])
    case .int64(let scalars): copy(scalars, to: results[0])
    case .bool(let scalars): copy(scalars, to: results[0])
    }
  }

  private func copy<Scalar: TensorScalar>(_ scalars: [Scalar], to view: TensorView) {
    let memory = view.scalars(Scalar.self)
    for (index, scalar) in scalars.enumerated() { memory[index] = scalar }
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

/// An extent that depends on the batch, as a number.
public struct ExtentValue: Primitive {
  /// The extent.
  public let extent: Extent
  /// The element type of the result.
  public let dtype: DType

  public var name: String { "extent \(extent)" }

  /// A single number.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(0, operands)
    guard dtype != .bool else { throw mismatch(operands, "a numeric element type") }
    return [TensorType(dtype, .scalar)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let value = extent.value(batch: context.batch) ?? 0
    switch dtype {
    case .float32: results[0].scalars(Float.self)[0] = Float(value)
    case .float64: results[0].scalars(Double.self)[0] = Double(value)
    case .int32: results[0].scalars(Int32.self)[0] = Int32(truncatingIfNeeded: value)
    case .int64: results[0].scalars(Int64.self)[0] = Int64(value)
    case .bool: preconditionFailure("an extent as a truth value")
    }
  }
}

extension Value {
  /// A constant in `builder`.
  public static func constant(_ literal: Literal, in builder: ProgramBuilder) throws(ShapeError) -> Value {
    try builder.apply(Constant(literal: literal), [])[0]
  }

  /// A single number of type `dtype` in `builder`.
  public static func constant(_ number: Double, _ dtype: DType, in builder: ProgramBuilder) throws(ShapeError) -> Value
  {
    try constant(Literal(number, dtype), in: builder)
  }

  /// `extent` as a number of type `dtype`.
  public static func extent(_ extent: Extent, _ dtype: DType, in builder: ProgramBuilder) throws(ShapeError) -> Value {
    if let fixed = extent.constant {
      switch dtype {
      case .int32: return try constant(Literal(.int32([Int32(truncatingIfNeeded: fixed)]), shape: []), in: builder)
      case .int64: return try constant(Literal(.int64([Int64(fixed)]), shape: []), in: builder)
      case .float32, .float64: return try constant(Double(fixed), dtype, in: builder)
      case .bool: break
      }
    }
    return try builder.apply(ExtentValue(extent: extent, dtype: dtype), [])[0]
  }

  /// The literal, if this value is a constant.
  public var literal: Literal? { (builder.node(making: number)?.primitive as? Constant)?.literal }
}
