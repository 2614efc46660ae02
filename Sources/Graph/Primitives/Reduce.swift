public import Kernels

/// The sum, product, largest or smallest element over some axes.
public struct Reduce: Primitive {
  /// The function.
  public let operation: ReductionOperation
  /// The axes that disappear.
  public let axes: AxisSet

  public var name: String { "\(operation) over \(axes.axes)" }
  public var canAccumulate: Bool { operation == .sum }

  /// The operand's shape without the axes.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype != .bool, axes.axes.allSatisfy({ $0 < operands[0].rank }) else {
      throw mismatch(operands, "numbers, and axes they have")
    }
    return [operands[0].with(operands[0].shape.reduced(over: axes))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    let accumulates = context.accumulates
    switch x.dtype {
    case .float32:
      Reductions.reduce(
        operation, x.scalars(Float.self), shape: x.dimensions, over: axes, into: y.scalars(), accumulating: accumulates)
    case .float64:
      Reductions.reduce(
        operation, x.scalars(Double.self), shape: x.dimensions, over: axes, into: y.scalars(), accumulating: accumulates
      )
    case .int32:
      Reductions.reduce(
        operation, x.scalars(Int32.self), shape: x.dimensions, over: axes, into: y.scalars(), accumulating: accumulates)
    case .int64:
      Reductions.reduce(
        operation, x.scalars(Int64.self), shape: x.dimensions, over: axes, into: y.scalars(), accumulating: accumulates)
    case .bool: preconditionFailure("a \(name) of truth values")
    }
  }

  /// A sum passes its cotangent to every addend; equal largest elements share it, as in TensorFlow.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    let x = operands[0]
    let kept = x.shape.reduced(over: axes, keepingAxes: true)
    let spread = try d.reshaped(to: kept)
    switch operation {
    case .sum: return [.dense(try spread.broadcast(to: x.shape))]
    case .mean:
      return [.dense(try spread.divided(by: x.countOfElements(over: axes)).broadcast(to: x.shape))]
    case .maximum, .minimum:
      let chosen = try x.compared(.equal, results[0].reshaped(to: kept)).cast(to: x.dtype)
      let share = try spread.divided(by: chosen.summed(over: axes).reshaped(to: kept))
      return [.dense(try chosen.multiplied(by: share))]
    case .product:
      return [.dense(try spread.multiplied(by: x.productOfOthers(over: axes)))]
    }
  }

  /// A sum over the examples is the sum of the sums over ranges of them.
  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0] else { return .whole }
    if axes.contains(axis: axis) { return operation == .sum ? .sums : .whole }
    return .perExample([axis - axes.axes.count { $0 < axis }])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { operands[0].count }
}

/// Whether all, or any, of the truth values over some axes hold.
public struct LogicalReduce: Primitive {
  /// Whether all must hold; otherwise one is enough.
  public let requiresAll: Bool
  /// The axes that disappear.
  public let axes: AxisSet

  public var name: String { "\(requiresAll ? "all" : "any") over \(axes.axes)" }

  /// The operand's shape without the axes.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].dtype == .bool, axes.axes.allSatisfy({ $0 < operands[0].rank }) else {
      throw mismatch(operands, "truth values, and axes they have")
    }
    return [operands[0].with(operands[0].shape.reduced(over: axes))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    Reductions.reduce(
      requiresAll ? .all : .any, x.scalars(Bool.self), shape: x.dimensions, over: axes, into: y.scalars())
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0], !axes.contains(axis: axis) else { return .whole }
    return .perExample([axis - axes.axes.count { $0 < axis }])
  }
}

extension Value {
  /// `operation` over `axes`, which disappear; a sum of products that is a product of matrices becomes that product.
  public func reduced(_ operation: ReductionOperation, over axes: AxisSet) throws(ShapeError) -> Value {
    if axes.isEmpty { return self }
    if operation == .sum, let product = try contracted(over: axes) { return product }
    return try applying(Reduce(operation: operation, axes: axes))
  }

  /// Whether all, or any, of the truth values over `axes` hold.
  public func reduced(requiringAll: Bool, over axes: AxisSet) throws(ShapeError) -> Value {
    axes.isEmpty ? self : try applying(LogicalReduce(requiresAll: requiringAll, axes: axes))
  }

  /// The sum over `axes`, which disappear.
  public func summed(over axes: AxisSet) throws(ShapeError) -> Value { try reduced(.sum, over: axes) }

  /// The sum of elementwise products along one of the last two axes, where one factor is repeated along the other of
  /// them: a product of matrices, which needs no memory for the elementwise ones. `nil` if this is something else.
  private func contracted(over axes: AxisSet) throws(ShapeError) -> Value? {
    let (rows, columns) = (shape.rank - 2, shape.rank - 1)
    guard rows >= 0, axes == AxisSet(axes: [rows]) || axes == AxisSet(axes: [columns]), shape[rows] != 1,
      shape[columns] != 1, dtype.isFloatingPoint, let node = builder.node(making: number),
      let product = node.primitive as? BinaryElementwise, product.operation == .multiply
    else { return nil }
    let factors = try node.operands.map { (operand) throws(ShapeError) in
      try Value(builder: builder, number: operand).aligned(to: shape.rank)
    }
    for (whole, factor) in [(factors[0], factors[1]), (factors[1], factors[0])] {
      guard whole.shape[rows] == shape[rows], whole.shape[columns] == shape[columns] else { continue }
      if axes.contains(axis: columns), factor.shape[rows] == 1, factor.shape[columns] == shape[columns] {
        return try whole.batchedMatmul(transposed: false, factor, transposed: true)
          .reshaped(to: shape.reduced(over: axes))
      }
      if axes.contains(axis: rows), factor.shape[columns] == 1, factor.shape[rows] == shape[rows] {
        return try factor.batchedMatmul(transposed: true, whole, transposed: false)
          .reshaped(to: shape.reduced(over: axes))
      }
    }
    return nil
  }

  /// The mean over `axes`, which disappear: a sum and a division, so that ranges of examples can be summed apart.
  public func averaged(over axes: AxisSet) throws(ShapeError) -> Value {
    if axes.isEmpty { return self }
    return try summed(over: axes).multiplied(by: countOfElements(over: axes).unary(.reciprocal))
  }

  /// For each element the product of the others over `axes`, also where elements are zero.
  fileprivate func productOfOthers(over axes: AxisSet) throws(ShapeError) -> Value {
    let kept = shape.reduced(over: axes, keepingAxes: true)
    let zero = try Value.constant(0, dtype, in: builder)
    let one = try Value.constant(1, dtype, in: builder)
    let isZero = try compared(.equal, zero)
    let zeros = try isZero.cast(to: dtype).summed(over: axes).reshaped(to: kept)
    let nonzero = try isZero.selecting(one, self)
    let product = try nonzero.reduced(.product, over: axes).reshaped(to: kept)
    let others = try zeros.subtracting(isZero.cast(to: dtype)).compared(.equal, zero)
    return try others.selecting(product.divided(by: nonzero), zero)
  }

  /// How many elements are reduced to one over `axes`, as a number of this value's type.
  func countOfElements(over axes: AxisSet) throws(ShapeError) -> Value {
    guard let count = Shape.product(of: axes.axes.map { shape[$0] }) else {
      throw ShapeError("mean", [type], expected: "at most one axis that depends on the batch")
    }
    return try Value.extent(count, dtype, in: builder)
  }
}
