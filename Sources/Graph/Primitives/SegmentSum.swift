public import Kernels

/// The sums of rows by segment: row `s` of the result is the sum of the rows whose id is `s`.
///
/// Rows with a negative id are dropped; an id that is not a segment is an error.
public struct SegmentSum: Primitive {
  /// The number of segments.
  public let segments: Extent

  public var name: String { "sum of \(segments) segments" }
  public var canAccumulate: Bool { true }

  /// `[n, …], [n] → [segments, …]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (values, ids) = (operands[0], operands[1])
    guard values.rank >= 1, ids.dtype.isInteger, ids.shape == [values.shape[0]], values.dtype.isFloatingPoint else {
      throw mismatch(operands, "rows [n, …] of floating-point numbers, and integers [n]")
    }
    return [values.with(values.shape.replacing(axis: 0, with: segments))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch (results[0].dtype, operands[1].dtype) {
    case (.float32, .int32): try sum(zero: Float(0), Int32.self, operands, results[0], context)
    case (.float32, _): try sum(zero: Float(0), Int64.self, operands, results[0], context)
    case (_, .int32): try sum(zero: Double(0), Int32.self, operands, results[0], context)
    default: try sum(zero: Double(0), Int64.self, operands, results[0], context)
    }
  }

  private func sum<Scalar: TensorScalar & SummableScalar, Index: TensorScalar & IndexScalar>(
    zero: Scalar, _: Index.Type, _ operands: TensorViews, _ y: TensorView, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (values, ids) = (operands[0].scalars(Scalar.self), operands[1].scalars(Index.self))
    let whole = y.scalars(Scalar.self)
    if !context.accumulates { whole.fill(zero) }
    let wrong = Movement.addSegments(
      values, inner: y.rowLength, ids: ids, segments: y.dimensions[0], into: whole)
    if let wrong {
      throw .indexOutOfRange(position: wrong, index: Int(ids[wrong]), limit: y.dimensions[0])
    }
  }

  /// Each row has its segment's cotangent; rows that were dropped have none.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let ids = operands[1]
    let zero = try Value.constant(0, ids.dtype, in: ids.builder)
    let rows = try d.gatheringRows(ids.binary(.maximum, zero))
    let column = Shape([ids.shape[0]] + Array(repeating: Extent(1), count: rows.shape.rank - 1))
    let isKept = try ids.compared(.greaterEqual, zero).reshaped(to: column)
    return [.dense(try isKept.selecting(rows, Value.constant(0, d.dtype, in: d.builder))), nil]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 && segments.isFixed ? .sums : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[0].count }
}

extension Value {
  /// The sums of these values by segment; `ids` has the first axes of this shape.
  public func summed(bySegment ids: Value, count segments: Extent) throws(ShapeError) -> Value {
    guard let rows = ids.shape.count, Array(shape.extents.prefix(ids.shape.rank)) == ids.shape.extents else {
      throw ShapeError("segment sum", [type, ids.type], expected: "an id for each of the first axes' places")
    }
    let inner = shape.extents.dropFirst(ids.shape.rank)
    return try reshaped(to: Shape([rows] + inner))
      .applying(SegmentSum(segments: segments), ids.reshaped(to: [rows]))
  }
}
