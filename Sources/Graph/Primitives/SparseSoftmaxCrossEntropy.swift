public import Kernels

/// The cross entropy of softmax probabilities and the right classes, row by row, and its gradient.
///
/// The results are the loss `[m]` and `softmax(logits) − one-hot(labels)` `[m, n]`. A label that is not a class is an
/// error.
public struct SparseSoftmaxCrossEntropy: Primitive {
  public var name: String { "sparse softmax cross entropy" }

  /// `[m, n], [m] → [m], [m, n]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (logits, labels) = (operands[0], operands[1])
    guard logits.rank == 2, labels.dtype.isInteger, labels.shape == [logits.shape[0]], logits.dtype.isFloatingPoint
    else { throw mismatch(operands, "logits [m, n] and integers [m]") }
    return [logits.with(labels.shape), logits]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (logits, labels, loss, gradient) = (operands[0], operands[1], results[0], results[1])
    let (rows, columns) = (logits.dimensions[0], logits.dimensions[1])
    do throws(KernelError) {
      switch (logits.dtype, labels.dtype) {
      case (.float32, .int32):
        try Kernels.Softmax.crossEntropy(
          logits: logits.scalars(Float.self), labels: labels.scalars(Int32.self), rows: rows, columns: columns,
          loss: loss.scalars(), gradient: gradient.scalars())
      case (.float32, _):
        try Kernels.Softmax.crossEntropy(
          logits: logits.scalars(Float.self), labels: labels.scalars(Int64.self), rows: rows, columns: columns,
          loss: loss.scalars(), gradient: gradient.scalars())
      case (_, .int32):
        try Kernels.Softmax.crossEntropy(
          logits: logits.scalars(Double.self), labels: labels.scalars(Int32.self), rows: rows, columns: columns,
          loss: loss.scalars(), gradient: gradient.scalars())
      default:
        try Kernels.Softmax.crossEntropy(
          logits: logits.scalars(Double.self), labels: labels.scalars(Int64.self), rows: rows, columns: columns,
          loss: loss.scalars(), gradient: gradient.scalars())
      }
    } catch {
      throw .kernel(error)
    }
  }

  /// `logits‾ = loss‾ (softmax − one-hot)`; and of the gradient, which is a result too, the softmax's own.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    let logits = operands[0]
    var total: Value?
    if let d = cotangents[0] { total = try d.reshaped(to: [logits.shape[0], 1]).multiplied(by: results[1]) }
    if let d = cotangents[1] {
      let y = try logits.softmax()
      let sum = try d.multiplied(by: y).summed(over: AxisSet(axes: [1])).reshaped(to: [logits.shape[0], 1])
      let addend = try d.subtracting(sum).multiplied(by: y)
      total = try total.map { (total) throws(ShapeError) in try total.adding(addend) } ?? addend
    }
    return [total.map { .dense($0) }, nil]
  }

  public func harmlessInteger(at position: Int) -> Int? { position == 1 ? 0 : nil }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 ? .perExample([0, 0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 6 * operands[0].count }
}

extension Value {
  /// The cross entropy of the softmax of these logits and the classes `labels`, row by row, and its gradient.
  public func softmaxCrossEntropy(classes labels: Value) throws(ShapeError) -> (loss: Value, gradient: Value) {
    let results = try builder.apply(SparseSoftmaxCrossEntropy(), [self, labels])
    return (results[0], results[1])
  }
}
