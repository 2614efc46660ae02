extension Elementwise {
  /// `y = activation(x + bias)`: what follows a matrix product, in one pass over memory.
  ///
  /// - Parameters:
  ///   - x: Row-major, shape `[rows, bias.count]`.
  ///   - bias: Added to every row.
  public static func biasActivation(
    _ x: MemoryView<Float>, bias: MemoryView<Float>, rows: Int, activation: Activation, into y: MemoryView<Float>
  ) {
    precondition(x.count == rows * bias.count, "\(x.count) scalars, \(rows) rows of \(bias.count)")
    precondition(y.count == x.count, "\(x.count) scalars into \(y.count)")
    switch activation {
    case .none: BiasThen<FloatFunctions.Identity>.run(x, bias, rows, y)
    case .relu: BiasThen<FloatFunctions.Relu>.run(x, bias, rows, y)
    case .relu6: BiasThen<FloatFunctions.Relu6>.run(x, bias, rows, y)
    case .sigmoid: BiasThen<FloatFunctions.Sigmoid>.run(x, bias, rows, y)
    case .tanh: BiasThen<FloatFunctions.Tanh>.run(x, bias, rows, y)
    case .elu: BiasThen<FloatFunctions.Elu>.run(x, bias, rows, y)
    case .selu: BiasThen<FloatFunctions.Selu>.run(x, bias, rows, y)
    case .softplus: BiasThen<FloatFunctions.Softplus>.run(x, bias, rows, y)
    }
  }

  /// `y = activation(x + bias)`
  ///
  /// - Parameters:
  ///   - x: Row-major, shape `[rows, bias.count]`.
  ///   - bias: Added to every row.
  public static func biasActivation(
    _ x: MemoryView<Double>, bias: MemoryView<Double>, rows: Int, activation: Activation, into y: MemoryView<Double>
  ) {
    precondition(x.count == rows * bias.count, "\(x.count) scalars, \(rows) rows of \(bias.count)")
    precondition(y.count == x.count, "\(x.count) scalars into \(y.count)")
    for row in 0..<rows {
      for column in 0..<bias.count {
        let sum = x[row * bias.count + column] + bias[column]
        y[row * bias.count + column] = ScalarFunctions.value(activation, sum)
      }
    }
  }
}

/// `Function(x + bias)`
private enum BiasThen<Function: FloatFunction>: FloatOperator {
  @inline(always) static func value(_ a: FloatVector, _ b: FloatVector) -> FloatVector { Function.value(a + b) }

  static func run(_ x: MemoryView<Float>, _ bias: MemoryView<Float>, _ rows: Int, _ y: MemoryView<Float>) {
    // Safety: `x` and `y` hold `rows` rows as long as `bias`.
    unsafe FloatLoops.run(
      Self.self, Rows2D(x.base, rowStep: bias.count, step: 1), Rows2D(bias.base, rowStep: 0, step: 1),
      into: y.base, rows: rows, columns: bias.count)
  }
}
