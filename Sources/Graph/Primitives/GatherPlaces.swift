public import Kernels

/// The slices at given places; a place is an index for each of the first axes.
public struct GatherPlaces: Primitive {
  public var name: String { "gather places" }

  /// `[a…, o…], [i…, rank of a] → [i…, o…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, indices) = (operands[0], operands[1])
    guard indices.rank >= 1, indices.dtype.isInteger, let depth = indices.shape[indices.rank - 1].constant,
      depth >= 0, depth <= x.rank
    else { throw mismatch(operands, "a tensor, and places [i…, n] in its first n axes") }
    return [x.with(Shape(indices.shape.extents.dropLast() + x.shape.extents.dropFirst(depth)))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch operands[0].dtype {
    case .float32: try gather(Float.self, operands, results[0])
    case .float64: try gather(Double.self, operands, results[0])
    case .int32: try gather(Int32.self, operands, results[0])
    case .int64: try gather(Int64.self, operands, results[0])
    case .bool: try gather(Bool.self, operands, results[0])
    }
  }

  private func gather<Scalar: TensorScalar>(
    _: Scalar.Type, _ operands: TensorViews, _ y: TensorView
  ) throws(ExecutionError) {
    let (x, indices) = (operands[0].scalars(Scalar.self), operands[1])
    let places = Places(operands[0].dimensions, indices.dimensions)
    let wrong: Int?
    switch indices.dtype {
    case .int32:
      wrong = Movement.gatherND(
        x, leading: places.leading, inner: places.inner, indices: indices.scalars(Int32.self), places: places.count,
        into: y.scalars())
    default:
      wrong = Movement.gatherND(
        x, leading: places.leading, inner: places.inner, indices: indices.scalars(Int64.self), places: places.count,
        into: y.scalars())
    }
    if let wrong { throw places.indexOutOfRange(at: wrong, of: indices) }
  }

  /// The cotangents of slices are added to where they came from.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    return [.dense(try operands[1].scatteringPlaces(d, into: operands[0].type)), nil]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard application.axes[0] == nil, let axis = application.axes[1] else { return .whole }
    return axis < application.operands[1].rank - 1 ? .perExample([axis]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }

  public func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    position == 0 ? results[0].count : operands[position].count
  }
}

/// A tensor of zeros to which slices are added at given places: the pullback of ``GatherPlaces``.
public struct ScatterPlaces: Primitive {
  /// The type of the whole.
  public let type: TensorType

  public var name: String { "scatter places" }
  public var canAccumulate: Bool { true }

  /// `[i…, n], [i…, o…] → [a…, o…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    guard type.dtype.isFloatingPoint, try GatherPlaces().resultTypes([type, operands[0]])[0] == operands[1] else {
      throw mismatch(operands, "places, and slices of \(type)")
    }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch type.dtype {
    case .float32: try scatter(zero: Float(0), operands, results[0], context)
    default: try scatter(zero: Double(0), operands, results[0], context)
    }
  }

  private func scatter<Scalar: TensorScalar & SummableScalar>(
    zero: Scalar, _ operands: TensorViews, _ y: TensorView, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (indices, values, whole) = (operands[0], operands[1].scalars(Scalar.self), y.scalars(Scalar.self))
    if !context.accumulates { whole.fill(zero) }
    let places = Places(y.dimensions, indices.dimensions)
    let wrong: Int?
    switch indices.dtype {
    case .int32:
      wrong = Movement.scatterNDAdd(
        values, leading: places.leading, inner: places.inner, indices: indices.scalars(Int32.self),
        places: places.count, into: whole)
    default:
      wrong = Movement.scatterNDAdd(
        values, leading: places.leading, inner: places.inner, indices: indices.scalars(Int64.self),
        places: places.count, into: whole)
    }
    if let wrong { throw places.indexOutOfRange(at: wrong, of: indices) }
  }

  /// The cotangents of the slices are the slices of the cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    return [nil, .dense(try d.gatheringPlaces(operands[0]))]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 0 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0], application.axes[1] == axis, type.shape.isFixed else { return .whole }
    return axis < application.operands[0].rank - 1 ? .sums : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[1].count }
}

/// What places index, and how much each of them takes.
private struct Places {
  let leading: Dimensions
  let inner: Int
  let count: Int

  init(_ whole: Dimensions, _ indices: Dimensions) {
    let depth = indices[indices.rank - 1]
    var leading = Dimensions(repeating: 1, rank: depth)
    for axis in 0..<depth { leading[axis] = whole[axis] }
    self.leading = leading
    inner = whole.count(of: depth..<whole.rank)
    count = indices.count(of: 0..<indices.rank - 1)
  }

  /// The error that the place number `place` of `indices` lies outside: its first index that is not one of its axis.
  func indexOutOfRange(at place: Int, of indices: TensorView) -> ExecutionError {
    for axis in 0..<leading.rank {
      let position = place * leading.rank + axis
      let index =
        indices.dtype == .int32
        ? Int(indices.scalars(Int32.self)[position]) : Int(indices.scalars(Int64.self)[position])
      if index < 0 || index >= leading[axis] {
        return .indexOutOfRange(position: place, index: index, limit: leading[axis])
      }
    }
    preconditionFailure("the place \(place) lies within \(leading)")
  }
}

extension Value {
  /// The slices of this value at the places `indices`, `[i…, n]`: an index for each of its first *n* axes.
  public func gatheringPlaces(_ indices: Value) throws(ShapeError) -> Value { try applying(GatherPlaces(), indices) }

  /// A tensor of type `type` that is zero but for `values`, added at these places.
  public func scatteringPlaces(_ values: Value, into type: TensorType) throws(ShapeError) -> Value {
    try applying(ScatterPlaces(type: type), values)
  }
}
