public import Kernels

/// A function of pairs of elements, with broadcasting: sum, product, maximum, ….
public struct BinaryElementwise: Primitive {
  /// The function.
  public let operation: BinaryOperation

  public var name: String { "\(operation)" }
  public var memory: PrimitiveMemory { .elementwise }

  /// The shape both broadcast to.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let dtype = operands[0].dtype
    guard operands[1].dtype == dtype, let shape = operands[0].shape.broadcast(with: operands[1].shape) else {
      throw mismatch(operands, "two tensors of one element type whose shapes broadcast")
    }
    guard dtype.isFloatingPoint || (dtype.isInteger && operation.isDefinedForIntegers) else {
      throw mismatch(operands, "numbers")
    }
    return [TensorType(dtype, shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (a, b, c) = (operands[0], operands[1], results[0])
    do throws(KernelError) {
      switch a.dtype {
      case .float32:
        Elementwise.apply(
          operation, a.scalars(Float.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
      case .float64:
        Elementwise.apply(
          operation, a.scalars(Double.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
      case .int32:
        try Elementwise.apply(
          operation, a.scalars(Int32.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
      case .int64:
        try Elementwise.apply(
          operation, a.scalars(Int64.self), a.dimensions, b.scalars(), b.dimensions, into: c.scalars(), c.dimensions)
      case .bool: preconditionFailure("\(name) of truth values")
      }
    } catch {
      throw .kernel(error)
    }
  }

  /// `ā = c̄ ∂f/∂a`, `b̄ = c̄ ∂f/∂b`, summed over the axes that were broadcast.
  ///
  /// Where operands of a maximum or minimum are equal, the first has the gradient, as in TensorFlow.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (a, b, c) = (operands[0], operands[1], results[0])
    let (da, db): (Value?, Value?)
    switch operation {
    case .add: (da, db) = (d, d)
    case .subtract: (da, db) = (d, try d.unary(.negate))
    case .multiply: (da, db) = (try d.multiplied(by: b), try d.multiplied(by: a))
    case .divide:
      let quotient = try d.divided(by: b)
      (da, db) = (quotient, try quotient.multiplied(by: c).unary(.negate))
    case .maximum: (da, db) = try d.divided(where: a.compared(.greaterEqual, b))
    case .minimum: (da, db) = try d.divided(where: a.compared(.lessEqual, b))
    case .power:
      let zero = try Value.constant(0, a.dtype, in: a.builder)
      let logarithm = try a.compared(.greater, zero).selecting(a.unary(.log), zero)
      da = try d.multiplied(by: b).multiplied(by: a.binary(.power, b.adding(-1)))
      db = try d.multiplied(by: c).multiplied(by: logarithm)
    case .squaredDifference:
      let difference = try d.multiplied(by: a.subtracting(b).multiplied(by: 2))
      (da, db) = (difference, try difference.unary(.negate))
    case .divideOrZero:
      let quotient = try d.binary(.divideOrZero, b)
      (da, db) = (quotient, try quotient.multiplied(by: c).unary(.negate))
    case .floorDivide, .truncateDivide: (da, db) = (nil, nil)
    case .truncateModulo:
      let quotient = try a.binary(.truncateDivide, b)
      (da, db) = (d, try d.multiplied(by: quotient).unary(.negate))
    case .floorModulo: (da, db) = (d, try d.multiplied(by: a.divided(by: b).unary(.floor)).unary(.negate))
    case .atan2:
      let scaled = try d.divided(by: a.unary(.square).adding(b.unary(.square)))
      (da, db) = (try scaled.multiplied(by: b), try scaled.multiplied(by: a).unary(.negate))
    case .reluGradient: (da, db) = (try d.binary(.reluGradient, b), nil)
    case .relu6Gradient: (da, db) = (try d.binary(.relu6Gradient, b), nil)
    case .sigmoidGradient:
      da = try d.multiplied(by: b).multiplied(by: a.multiplied(by: -2).adding(1))
      db = try a.binary(.sigmoidGradient, d)
    case .tanhGradient:
      da = try d.multiplied(by: b).multiplied(by: a.multiplied(by: -2))
      db = try a.binary(.tanhGradient, d)
    case .eluGradient, .seluGradient:
      let zero = try Value.constant(0, a.dtype, in: a.builder)
      da = try d.binary(operation, b)
      db = try b.compared(.less, zero).selecting(d.multiplied(by: a), zero)
    case .softplusGradient:
      let sigmoid = try b.unary(.sigmoid)
      da = try d.binary(.softplusGradient, b)
      db = try sigmoid.binary(.sigmoidGradient, d.multiplied(by: a))
    }
    return [
      try da.map { (da) throws(ShapeError) in .dense(try da.summed(to: a.shape)) },
      try db.map { (db) throws(ShapeError) in .dense(try db.summed(to: b.shape)) },
    ]
  }

  public func harmlessInteger(at position: Int) -> Int? {
    position == 1 && (operation.dividesIntegers || operation == .power) ? 1 : nil
  }

  public func batching(_ application: BatchedApplication) -> Batching { application.elementwise }
}

extension Value {
  /// `operation` of each pair of elements.
  ///
  /// An operand that was only broadcast is used as it was before: the operation broadcasts by itself, or its result is
  /// broadcast. Products of slices are made where the slices lie.
  public func binary(_ operation: BinaryOperation, _ other: Value) throws(ShapeError) -> Value {
    if operation == .multiply, let product = try gatheredProduct(other) { return product }
    let result = shape.broadcast(with: other.shape)
    let (a, b) = (broadcastSource, other.broadcastSource)
    guard let result, a.shape.broadcast(with: b.shape) != nil else {
      return try applying(BinaryElementwise(operation: operation), other)
    }
    return try a.applying(BinaryElementwise(operation: operation), b).broadcast(to: result)
  }

  /// `self + other`
  public func adding(_ other: Value) throws(ShapeError) -> Value { try binary(.add, other) }

  /// `self − other`
  public func subtracting(_ other: Value) throws(ShapeError) -> Value { try binary(.subtract, other) }

  /// `self × other`; a factor of one changes nothing.
  public func multiplied(by other: Value) throws(ShapeError) -> Value {
    if other.literal?.scalar == 1, shape.broadcast(with: other.shape) == shape, dtype == other.dtype { return self }
    if literal?.scalar == 1, shape.broadcast(with: other.shape) == other.shape, dtype == other.dtype { return other }
    return try binary(.multiply, other)
  }

  /// `self ÷ other`
  public func divided(by other: Value) throws(ShapeError) -> Value { try binary(.divide, other) }

  /// `self + number`
  public func adding(_ number: Double) throws(ShapeError) -> Value {
    try adding(Value.constant(number, dtype, in: builder))
  }

  /// `self × number`
  public func multiplied(by number: Double) throws(ShapeError) -> Value {
    try multiplied(by: Value.constant(number, dtype, in: builder))
  }

  /// This value where `condition` holds and zero elsewhere, and the other way round.
  fileprivate func divided(where condition: Value) throws(ShapeError) -> (Value, Value) {
    let zero = try Value.constant(0, dtype, in: builder)
    return (try condition.selecting(self, zero), try condition.selecting(zero, self))
  }

  /// The sum over the axes along which `shape` was broadcast to this value's shape.
  func summed(to target: Shape) throws(ShapeError) -> Value {
    guard target != shape else { return self }
    let added = rank - target.rank
    let axes = AxisSet(
      axes: (0..<rank).filter { $0 < added || (target[$0 - added] == 1 && shape[$0] != 1) })
    return try summed(over: axes).reshaped(to: target)
  }

  private var rank: Int { shape.rank }
}
