public import Kernels

/// The cross entropy of softmax probabilities and labels, row by row, and its gradient.
///
/// The results are the loss `[m]` and `softmax(logits) − labels` `[m, n]`, which one pass over the logits gives.
public struct SoftmaxCrossEntropy: Primitive {
  public var name: String { "softmax cross entropy" }

  /// `[m, n], [m, n] → [m], [m, n]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let logits = operands[0]
    guard logits.rank == 2, logits == operands[1], logits.dtype.isFloatingPoint else {
      throw mismatch(operands, "logits and labels [m, n]")
    }
    return [logits.with([logits.shape[0]]), logits]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let logits = operands[0]
    let (rows, columns) = (logits.dimensions[0], logits.dimensions[1])
    switch logits.dtype {
    case .float32:
      Kernels.Softmax.crossEntropy(
        logits: logits.scalars(Float.self), labels: operands[1].scalars(Float.self), rows: rows, columns: columns,
        loss: results[0].scalars(), gradient: results[1].scalars())
    default:
      Kernels.Softmax.crossEntropy(
        logits: logits.scalars(Double.self), labels: operands[1].scalars(Double.self), rows: rows, columns: columns,
        loss: results[0].scalars(), gradient: results[1].scalars())
    }
  }

  /// `logits‾ = loss‾ (softmax − labels)`, `labels‾ = −loss‾ log softmax`; and of the gradient, which is a result too,
  /// the softmax's own.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    let logits = operands[0]
    var dLogits: [Value] = []
    var dLabels: [Value] = []
    if let d = cotangents[0] {
      let column = try d.reshaped(to: [logits.shape[0], 1])
      dLogits.append(try column.multiplied(by: results[1]))
      dLabels.append(try column.multiplied(by: logits.logSoftmax()).unary(.negate))
    }
    if let d = cotangents[1] {
      let y = try logits.softmax()
      let total = try d.multiplied(by: y).summed(over: AxisSet(axes: [1])).reshaped(to: [logits.shape[0], 1])
      dLogits.append(try d.subtracting(total).multiplied(by: y))
      dLabels.append(try d.unary(.negate))
    }
    guard var logitsSum = dLogits.first, var labelsSum = dLabels.first else { return [nil, nil] }
    for addend in dLogits.dropFirst() { logitsSum = try logitsSum.adding(addend) }
    for addend in dLabels.dropFirst() { labelsSum = try labelsSum.adding(addend) }
    return [.dense(logitsSum), .dense(labelsSum)]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 ? .perExample([0, 0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 6 * operands[0].count }
}

extension Value {
  /// The cross entropy of the softmax of these logits and `labels`, row by row, and its gradient.
  public func softmaxCrossEntropy(_ labels: Value) throws(ShapeError) -> (loss: Value, gradient: Value) {
    let results = try builder.apply(SoftmaxCrossEntropy(), [self, labels])
    return (results[0], results[1])
  }
}
