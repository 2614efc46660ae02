public import Kernels

/// The products of slices along an axis of two tensors, picked by index: `z[p] = x[first[p]] · y[second[p]]`.
///
/// Interactions of pairs of fields are such products. They are as many as there are pairs, so the slices themselves are
/// not written to memory. An index out of range is an error.
public struct GatherProduct: Primitive {
  /// The axis.
  public let axis: Int

  public var name: String { "product of slices along \(axis)" }

  /// `[o…, n, i…], [p], [o…, m, i…], [p] → [o…, p, i…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(4, operands)
    let (x, first, y, second) = (operands[0], operands[1], operands[2], operands[3])
    guard axis >= 0, axis < x.rank, axis < y.rank, x.dtype.isFloatingPoint, x.dtype == y.dtype,
      x.shape[axis].isFixed, y.shape[axis].isFixed, first.rank == 1, first == second, first.dtype.isInteger,
      x.shape.replacing(axis: axis, with: 1) == y.shape.replacing(axis: axis, with: 1)
    else { throw mismatch(operands, "two tensors that differ along axis \(axis) only, each with integers [p]") }
    return [x.with(x.shape.replacing(axis: axis, with: first.shape[0]))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch (operands[0].dtype, operands[1].dtype) {
    case (.float32, .int32): try multiply(Float.self, Int32.self, operands, results[0])
    case (.float32, _): try multiply(Float.self, Int64.self, operands, results[0])
    case (_, .int32): try multiply(Double.self, Int32.self, operands, results[0])
    default: try multiply(Double.self, Int64.self, operands, results[0])
    }
  }

  private func multiply<Scalar: TensorScalar & MultipliableScalar, Index: TensorScalar & IndexScalar>(
    _: Scalar.Type, _: Index.Type, _ operands: TensorViews, _ z: TensorView
  ) throws(ExecutionError) {
    let (x, first) = (operands[0], operands[1].scalars(Index.self))
    let (y, second) = (operands[2], operands[3].scalars(Index.self))
    let wrong = Movement.gatherProduct(
      x.scalars(Scalar.self), count: x.dimensions[axis], first, y.scalars(), count: y.dimensions[axis], second,
      outer: z.dimensions.count(of: 0..<axis), inner: z.dimensions.count(of: axis + 1..<z.dimensions.rank),
      into: z.scalars())
    if let wrong { throw .outOfRange(wrong, first, x.dimensions[axis], second, y.dimensions[axis]) }
  }

  /// `x̄[i] = Σ z̄[p] · y[second[p]]` over the pairs whose first is `i`, and likewise `ȳ`.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil, nil, nil] }
    let (x, first, y, second) = (operands[0], operands[1], operands[2], operands[3])
    return [
      .dense(try d.scatteringProducts(with: y, at: second, to: first, of: x.type, along: axis)), nil,
      .dense(try d.scatteringProducts(with: x, at: first, to: second, of: y.type, along: axis)), nil,
    ]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 || position == 3 ? 0 : nil }

  /// Examples lie along an axis outside of the slices.
  public func batching(_ application: BatchedApplication) -> Batching {
    guard let batch = application.axes[0], batch < axis, application.axes[2] == batch, application.axes[1] == nil,
      application.axes[3] == nil
    else { return .whole }
    return .perExample([batch])
  }
}

/// A tensor of zeros to whose slices products of slices are added: `x[target[p]] += d[p] · y[source[p]]`.
public struct ScatterProduct: Primitive {
  /// The type of the whole.
  public let type: TensorType
  /// The axis.
  public let axis: Int

  public var name: String { "scatter products of slices along \(axis)" }

  /// `[p], [o…, p, i…], [p], [o…, m, i…] → [o…, n, i…]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(4, operands)
    let (target, d, source, y) = (operands[0], operands[1], operands[2], operands[3])
    guard try GatherProduct(axis: axis).resultTypes([type, target, y, source])[0] == d else {
      throw mismatch(operands, "integers [p], slices of \(type), integers [p], and a tensor that they pick from")
    }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch (type.dtype, operands[0].dtype) {
    case (.float32, .int32): try scatter(zero: Float(0), Int32.self, operands, results[0])
    case (.float32, _): try scatter(zero: Float(0), Int64.self, operands, results[0])
    case (_, .int32): try scatter(zero: Double(0), Int32.self, operands, results[0])
    default: try scatter(zero: Double(0), Int64.self, operands, results[0])
    }
  }

  private func scatter<Scalar: TensorScalar & MultipliableScalar, Index: TensorScalar & IndexScalar>(
    zero: Scalar, _: Index.Type, _ operands: TensorViews, _ x: TensorView
  ) throws(ExecutionError) {
    let (target, source, y) = (operands[0].scalars(Index.self), operands[2].scalars(Index.self), operands[3])
    let whole = x.scalars(Scalar.self)
    whole.fill(zero)
    let wrong = Movement.scatterProduct(
      operands[1].scalars(Scalar.self), y.scalars(), count: y.dimensions[axis], at: source,
      outer: x.dimensions.count(of: 0..<axis), inner: x.dimensions.count(of: axis + 1..<x.dimensions.rank),
      into: whole, count: x.dimensions[axis], at: target)
    if let wrong { throw .outOfRange(wrong, target, x.dimensions[axis], source, y.dimensions[axis]) }
  }

  /// `d̄[p] = x̄[target[p]] · y[source[p]]`, and `ȳ[i] = Σ d[p] · x̄[target[p]]` over the pairs whose source is `i`.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let whole = cotangents[0] else { return [nil, nil, nil, nil] }
    let (target, d, source, y) = (operands[0], operands[1], operands[2], operands[3])
    return [
      nil, .dense(try whole.applying(GatherProduct(axis: axis), target, y, source)), nil,
      .dense(try d.scatteringProducts(with: whole, at: target, to: source, of: y.type, along: axis)),
    ]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 0 || position == 2 ? 0 : nil }

  /// Examples lie along an axis outside of the slices.
  public func batching(_ application: BatchedApplication) -> Batching {
    guard let batch = application.axes[1], batch < axis, application.axes[3] == batch, application.axes[0] == nil,
      application.axes[2] == nil
    else { return .whole }
    return .perExample([batch])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 2 * operands[1].count }
}

extension ExecutionError {
  /// An index out of range, where `wrong` is its place in the first list of indices or in the second.
  fileprivate static func outOfRange<Index: IndexScalar>(
    _ wrong: Movement.WrongPair, _ first: MemoryView<Index>, _ firstLimit: Int, _ second: MemoryView<Index>,
    _ secondLimit: Int
  ) -> ExecutionError {
    switch wrong {
    case .first(let position):
      .indexOutOfRange(position: position, index: Int(first[position]), limit: firstLimit)
    case .second(let position):
      .indexOutOfRange(position: position, index: Int(second[position]), limit: secondLimit)
    }
  }
}

extension Value {
  /// The elementwise product with `other` where both are slices along one axis, which is not the batch, with lists of
  /// indices, otherwise `nil`.
  func gatheredProduct(_ other: Value) throws(ShapeError) -> Value? {
    guard type == other.type, dtype.isFloatingPoint, let a = gatheredSlices, let b = other.gatheredSlices,
      a.axis == b.axis, a.indices.type == b.indices.type, a.whole.shape.rank == b.whole.shape.rank,
      a.whole.shape[a.axis].isFixed, b.whole.shape[b.axis].isFixed
    else { return nil }
    return try a.whole.applying(GatherProduct(axis: a.axis), a.indices, b.whole, b.indices)
  }

  /// What this value was gathered from with one list of indices.
  private var gatheredSlices: (whole: Value, indices: Value, axis: Int)? {
    guard let node = builder.node(making: number), let gather = node.primitive as? Gather, gather.sharedAxes == 0 else {
      return nil
    }
    let (whole, indices) = (
      Value(builder: builder, number: node.operands[0]), Value(builder: builder, number: node.operands[1])
    )
    return indices.shape.rank == 1 ? (whole, indices, gather.axis) : nil
  }

  /// A tensor of type `type` that is zero but for the products of these slices with those of `factor` at `source`, added
  /// to the slices at `target`.
  fileprivate func scatteringProducts(
    with factor: Value, at source: Value, to target: Value, of type: TensorType, along axis: Int
  ) throws(ShapeError) -> Value {
    try target.applying(ScatterProduct(type: type, axis: axis), self, source, factor)
  }
}
