public import Kernels

/// The rows of a table with given indices; an index that is not one of its rows is an error.
public struct GatherRows: Primitive {
  public var name: String { "gather rows" }

  /// `[rows, …], [i…] → [i…, …]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (table, indices) = (operands[0], operands[1])
    guard table.rank >= 1, indices.dtype.isInteger else {
      throw mismatch(operands, "a table with at least one axis, and integers")
    }
    return [table.with(Shape(indices.shape.extents + table.shape.extents.dropFirst()))]
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
    _: Scalar.Type, _ table: TensorView, _ indices: TensorView, _ y: TensorView
  ) throws(ExecutionError) {
    let rows = table.dimensions[0]
    let wrong: (position: Int, index: Int)?
    switch indices.dtype {
    case .int32:
      let memory = indices.scalars(Int32.self)
      wrong = Rows.gather(
        table: table.tableScalars(Scalar.self), rowStride: table.rowStride, rowLength: table.rowLength, rowCount: rows,
        indices: memory, into: y.scalars()
      ).map { ($0, Int(memory[$0])) }
    default:
      let memory = indices.scalars(Int64.self)
      wrong = Rows.gather(
        table: table.tableScalars(Scalar.self), rowStride: table.rowStride, rowLength: table.rowLength, rowCount: rows,
        indices: memory, into: y.scalars()
      ).map { ($0, Int(memory[$0])) }
    }
    if let wrong { throw .indexOutOfRange(position: wrong.position, index: wrong.index, limit: rows) }
  }

  /// The gradient of a gather is rows.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (table, indices) = (operands[0], operands[1])
    guard let count = indices.shape.count else { throw mismatch(operands.map(\.type), "fewer indices") }
    return [
      .rows(
        indices: try indices.reshaped(to: [count]),
        values: try d.reshaped(to: Shape([count] + table.shape.extents.dropFirst()))), nil,
    ]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard application.axes[0] == nil, let axis = application.axes[1] else { return .whole }
    return .perExample([axis])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }

  public func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    position == 0 ? results[0].count : operands[position].count
  }
}

/// A tensor of zeros to whose rows others are added, by index.
public struct ScatterRows: Primitive {
  /// The type of the whole.
  public let type: TensorType

  public var name: String { "scatter rows" }
  public var canAccumulate: Bool { true }

  /// `[n], [n, …] → [rows, …]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (indices, values) = (operands[0], operands[1])
    guard indices.rank == 1, indices.dtype.isInteger, type.rank >= 1, type.dtype.isFloatingPoint,
      values == type.with(type.shape.replacing(axis: 0, with: indices.shape[0]))
    else { throw mismatch(operands, "integers [n] and rows [n, …] of \(type)") }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch type.dtype {
    case .float32: try scatter(zero: Float(0), operands[0], operands[1], results[0], context)
    default: try scatter(zero: Double(0), operands[0], operands[1], results[0], context)
    }
  }

  private func scatter<Scalar: TensorScalar & SummableScalar>(
    zero: Scalar, _ indices: TensorView, _ values: TensorView, _ y: TensorView, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let whole = y.scalars(Scalar.self)
    if !context.accumulates { whole.fill(zero) }
    let rows = y.dimensions[0]
    let wrong: (position: Int, index: Int)?
    switch indices.dtype {
    case .int32:
      let memory = indices.scalars(Int32.self)
      wrong = Rows.scatterAdd(
        values.scalars(Scalar.self), rowLength: y.rowLength, indices: memory, into: whole, rowStride: y.rowStride,
        rowCount: rows
      ).map { ($0, Int(memory[$0])) }
    default:
      let memory = indices.scalars(Int64.self)
      wrong = Rows.scatterAdd(
        values.scalars(Scalar.self), rowLength: y.rowLength, indices: memory, into: whole, rowStride: y.rowStride,
        rowCount: rows
      ).map { ($0, Int(memory[$0])) }
    }
    if let wrong { throw .indexOutOfRange(position: wrong.position, index: wrong.index, limit: rows) }
  }

  /// The cotangents of the rows are the rows of the cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    return [nil, .dense(try d.gatheringRows(operands[0]))]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 0 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 ? .sums : .whole
  }
}

extension Value {
  /// The rows of this table with indices `indices`.
  public func gatheringRows(_ indices: Value) throws(ShapeError) -> Value { try applying(GatherRows(), indices) }

  /// A tensor of type `type` that is zero but for `values`, added to the rows with these indices.
  public func scattering(_ values: Value, into type: TensorType) throws(ShapeError) -> Value {
    try applying(ScatterRows(type: type), values)
  }
}
