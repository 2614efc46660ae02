public import Kernels

/// Tensors behind each other along an axis.
public struct Concatenate: Primitive {
  /// The axis.
  public let axis: Int

  public var name: String { "concatenate along \(axis)" }

  /// Operands that differ along the axis only.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard let first = operands.first, axis >= 0, axis < first.rank else {
      throw mismatch(operands, "tensors with an axis \(axis)")
    }
    var total: Extent? = 0
    for operand in operands {
      guard operand.dtype == first.dtype, operand.rank == first.rank,
        operand.shape.replacing(axis: axis, with: 0) == first.shape.replacing(axis: axis, with: 0)
      else { throw mismatch(operands, "tensors that differ along axis \(axis) only") }
      total = total?.adding(operand.shape[axis])
    }
    guard let total else { throw mismatch(operands, "fewer elements") }
    return [first.with(first.shape.replacing(axis: axis, with: total))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: concatenate(Float.self, operands, results[0])
    case .float64: concatenate(Double.self, operands, results[0])
    case .int32: concatenate(Int32.self, operands, results[0])
    case .int64: concatenate(Int64.self, operands, results[0])
    case .bool: concatenate(Bool.self, operands, results[0])
    }
  }

  private func concatenate<Scalar: TensorScalar>(_: Scalar.Type, _ operands: TensorViews, _ y: TensorView) {
    var position = 0
    for index in 0..<operands.count {
      let piece = operands[index]
      Movement.concat(
        piece.scalars(Scalar.self), shape: piece.dimensions, axis: axis, at: position, into: y.scalars(),
        extent: y.dimensions[axis])
      position += piece.dimensions[axis]
    }
  }

  /// Each operand's cotangent is its part of the result's.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return operands.map { _ in nil } }
    var start: Extent = 0
    return try operands.map { (operand) throws(ShapeError) in
      var starts = [Extent](repeating: 0, count: d.shape.rank)
      starts[axis] = start
      guard let next = start.adding(operand.shape[axis]) else { throw mismatch(operands.map(\.type), "fewer elements") }
      start = next
      return .dense(try d.sliced(from: starts, shape: operand.shape))
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let batch = application.axes[0], batch != axis, application.axes.allSatisfy({ $0 == batch }) else {
      return .whole
    }
    return .perExample([batch])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }
}

extension Value {
  /// `values` behind each other along `axis`.
  public static func concatenating(_ values: [Value], along axis: Int) throws(ShapeError) -> Value {
    values.count == 1 ? values[0] : try values[0].builder.apply(Concatenate(axis: axis), values)[0]
  }
}
