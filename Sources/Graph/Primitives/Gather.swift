public import Kernels

/// The slices along an axis with given indices; an index out of range is an error.
///
/// The first ``sharedAxes`` axes of both operands are the same: each of their places has indices of its own.
public struct Gather: Primitive {
  /// The axis of the first operand.
  public let axis: Int
  /// How many axes both operands share.
  public let sharedAxes: Int

  public var name: String { "gather along \(axis)" + (sharedAxes == 0 ? "" : ", \(sharedAxes) axes shared") }

  /// `[s…, o…, axis, i…], [s…, j…] → [s…, o…, j…, i…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, indices) = (operands[0], operands[1])
    guard sharedAxes >= 0, sharedAxes <= axis, axis < x.rank, sharedAxes <= indices.rank, indices.dtype.isInteger,
      Array(x.shape.extents.prefix(sharedAxes)) == Array(indices.shape.extents.prefix(sharedAxes))
    else { throw mismatch(operands, "a tensor with an axis \(axis), and integers that fit it") }
    var extents = x.shape.extents
    extents.replaceSubrange(axis...axis, with: indices.shape.extents.dropFirst(sharedAxes))
    return [x.with(Shape(extents))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: try gather(Float.self, operands[0], operands[1], results[0])
    case .float64: try gather(Double.self, operands[0], operands[1], results[0])
    case .int32: try gather(Int32.self, operands[0], operands[1], results[0])
    case .int64: try gather(Int64.self, operands[0], operands[1], results[0])
    case .bool: try gather(Bool.self, operands[0], operands[1], results[0])
    }
  }

  private func gather<Scalar: TensorScalar>(
    _: Scalar.Type, _ x: TensorView, _ indices: TensorView, _ y: TensorView
  ) throws(ExecutionError) {
    switch indices.dtype {
    case .int32: try gather(x.scalars(Scalar.self), x.dimensions, indices.scalars(Int32.self), y.scalars())
    default: try gather(x.scalars(Scalar.self), x.dimensions, indices.scalars(Int64.self), y.scalars())
    }
  }

  private func gather<Scalar: TensorScalar, Index: IndexScalar>(
    _ x: MemoryView<Scalar>, _ shape: Dimensions, _ indices: MemoryView<Index>, _ y: MemoryView<Scalar>
  ) throws(ExecutionError) {
    let wrong = Movement.gather(
      x, batch: shape.count(of: 0..<sharedAxes), outer: shape.count(of: sharedAxes..<axis), axisCount: shape[axis],
      inner: shape.count(of: axis + 1..<shape.rank), indices: indices, into: y)
    if let wrong { throw .indexOutOfRange(position: wrong, index: Int(indices[wrong]), limit: shape[axis]) }
  }

  /// The cotangents of slices are added to where they came from.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let scatter = Scatter(type: operands[0].type, axis: axis, sharedAxes: sharedAxes)
    return [.dense(try operands[1].applying(scatter, d)), nil]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    switch (application.axes[0], application.axes[1]) {
    case (let x?, let indices?) where x == indices && x < sharedAxes: return .perExample([x])
    case (let x?, nil) where x >= sharedAxes && x < axis: return .perExample([x])
    case (let x?, nil) where x > axis:
      return .perExample([x - 1 + application.operands[1].rank - sharedAxes])
    case (nil, let indices?) where indices >= sharedAxes: return .perExample([axis + indices - sharedAxes])
    default: return .whole
    }
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }

  public func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    position == 0 ? results[0].count : operands[position].count
  }
}

/// A tensor of zeros to which slices along an axis are added, by index: the pullback of ``Gather``.
public struct Scatter: Primitive {
  /// The type of the whole.
  public let type: TensorType
  /// The axis.
  public let axis: Int
  /// How many axes the indices share with the whole.
  public let sharedAxes: Int

  public var name: String { "scatter along \(axis)" }
  public var canAccumulate: Bool { true }

  /// `[s…, j…], [s…, o…, j…, i…] → [s…, o…, axis, i…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let gather = Gather(axis: axis, sharedAxes: sharedAxes)
    guard type.dtype.isFloatingPoint, try gather.resultTypes([type, operands[0]])[0] == operands[1] else {
      throw mismatch(operands, "integers, and slices of \(type)")
    }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch (type.dtype, operands[0].dtype) {
    case (.float32, .int32): try scatter(zero: Float(0), Int32.self, operands, results[0], context)
    case (.float32, _): try scatter(zero: Float(0), Int64.self, operands, results[0], context)
    case (_, .int32): try scatter(zero: Double(0), Int32.self, operands, results[0], context)
    default: try scatter(zero: Double(0), Int64.self, operands, results[0], context)
    }
  }

  private func scatter<Scalar: TensorScalar & SummableScalar, Index: TensorScalar & IndexScalar>(
    zero: Scalar, _: Index.Type, _ operands: TensorViews, _ y: TensorView, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (indices, values) = (operands[0].scalars(Index.self), operands[1].scalars(Scalar.self))
    let (whole, shape) = (y.scalars(Scalar.self), y.dimensions)
    if !context.accumulates { whole.fill(zero) }
    let wrong = Movement.scatterAdd(
      values, batch: shape.count(of: 0..<sharedAxes), outer: shape.count(of: sharedAxes..<axis),
      axisCount: shape[axis], inner: shape.count(of: axis + 1..<shape.rank), indices: indices, into: whole)
    if let wrong { throw .indexOutOfRange(position: wrong, index: Int(indices[wrong]), limit: shape[axis]) }
  }

  /// The cotangents of the slices are the slices of the cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    return [nil, .dense(try d.gathering(operands[0], along: axis, sharedAxes: sharedAxes))]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 0 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    let picked = application.operands[0].rank - sharedAxes
    switch (application.axes[0], application.axes[1]) {
    case (let indices?, let values?) where indices == values && indices < sharedAxes: return .perExample([values])
    case (let indices?, let values?) where indices >= sharedAxes && values == axis + indices - sharedAxes:
      return type.shape.isFixed ? .sums : .whole
    case (nil, let values?) where values >= sharedAxes && values < axis: return .perExample([values])
    case (nil, let values?) where values >= axis + picked: return .perExample([values + 1 - picked])
    default: return .whole
    }
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[1].count }
}

extension Value {
  /// The slices of this value along `axis` with these indices, which share its first `sharedAxes` axes.
  public func gathering(_ indices: Value, along axis: Int, sharedAxes: Int = 0) throws(ShapeError) -> Value {
    try applying(Gather(axis: axis, sharedAxes: sharedAxes), indices)
  }
}
