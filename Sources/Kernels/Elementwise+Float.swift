extension Elementwise {
  /// `y = Function(x)`
  @inline(always) static func map<Function: FloatFunction>(
    _: Function.Type, _ x: MemoryView<Float>, into y: MemoryView<Float>
  ) {
    precondition(x.count == y.count, "\(x.count) scalars into \(y.count)")
    let count = x.count
    var index = 0
    // Safety: both views hold `count` floats.
    while index &+ VectorMemory.width <= count {
      unsafe VectorMemory.store(Function.value(VectorMemory.load(x.base + index)), y.base + index)
      index &+= VectorMemory.width
    }
    let rest = count &- index
    guard rest > 0 else { return }
    unsafe VectorMemory.store(
      Function.value(VectorMemory.load(x.base + index, first: rest)), y.base + index, first: rest)
  }
}

/// ``BinaryOperation`` on floats.
struct FloatBlockKernel: BlockKernel {
  let op: BinaryOperation

  @unsafe func run(
    _ a: Rows2D<Float>, _ b: Rows2D<Float>, into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    @inline(always) func loop<Operator: FloatOperator>(_: Operator.Type) {
      unsafe FloatLoops.run(Operator.self, a, b, into: c, rows: rows, columns: columns)
    }
    switch op {
    case .add: loop(FloatOperators.Add.self)
    case .subtract: loop(FloatOperators.Subtract.self)
    case .multiply: loop(FloatOperators.Multiply.self)
    case .divide: loop(FloatOperators.Divide.self)
    case .divideOrZero: loop(FloatOperators.DivideOrZero.self)
    case .maximum: loop(FloatOperators.Maximum.self)
    case .minimum: loop(FloatOperators.Minimum.self)
    case .power: loop(FloatOperators.Power.self)
    case .squaredDifference: loop(FloatOperators.SquaredDifference.self)
    case .floorDivide: loop(FloatOperators.FloorDivide.self)
    case .floorModulo: loop(FloatOperators.FloorModulo.self)
    case .truncateDivide: loop(FloatOperators.TruncateDivide.self)
    case .truncateModulo: loop(FloatOperators.TruncateModulo.self)
    case .atan2: loop(FloatOperators.Angle.self)
    case .reluGradient: loop(FloatOperators.ReluGradient.self)
    case .sigmoidGradient: loop(FloatOperators.SigmoidGradient.self)
    case .tanhGradient: loop(FloatOperators.TanhGradient.self)
    case .relu6Gradient: loop(FloatOperators.Relu6Gradient.self)
    case .eluGradient: loop(FloatOperators.EluGradient.self)
    case .seluGradient: loop(FloatOperators.SeluGradient.self)
    case .softplusGradient: loop(FloatOperators.SoftplusGradient.self)
    }
  }
}
