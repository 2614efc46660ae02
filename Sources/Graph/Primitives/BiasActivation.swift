public import Kernels

/// An activation of the sum of a tensor and a row: `f(x + b)`. Plans put it in the place of the two.
public struct BiasActivation: Primitive {
  /// The function.
  public let activation: Activation

  public var name: String { "bias and \(activation)" }
  public var memory: PrimitiveMemory { .elementwise }

  /// `[…, n], [1, …, n] → […, n]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, bias) = (operands[0], operands[1])
    guard x.dtype.isFloatingPoint, bias.dtype == x.dtype, x.rank >= max(bias.rank, 1),
      let columns = x.shape.extents.last,
      bias.shape.extents.last == columns, columns.isFixed, bias.shape.extents.dropLast().allSatisfy({ $0 == 1 })
    else { throw mismatch(operands, "a tensor and a row as long as its last axis") }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, bias, y) = (operands[0], operands[1], results[0])
    let rows = x.dimensions.count(of: 0..<x.dimensions.rank - 1)
    switch x.dtype {
    case .float32:
      Elementwise.biasActivation(
        x.scalars(Float.self), bias: bias.scalars(), rows: rows, activation: activation, into: y.scalars())
    default:
      Elementwise.biasActivation(
        x.scalars(Double.self), bias: bias.scalars(), rows: rows, activation: activation, into: y.scalars())
    }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[1] == nil ? application.elementwise : .whole
  }
}

extension Value {
  /// `activation` of the sum of this value and `bias`, a row as long as the last axis.
  package func activated(bias: Value, _ activation: Activation) throws(ShapeError) -> Value {
    try applying(BiasActivation(activation: activation), bias)
  }
}
