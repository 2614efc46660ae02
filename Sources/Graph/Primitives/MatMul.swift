public import Kernels

/// The product of two matrices, either of which may be given transposed: `C = A × B`.
public struct MatMul: Primitive {
  /// Whether the first operand is given as `Aᵀ`.
  public let transposesA: Bool
  /// Whether the second operand is given as `Bᵀ`.
  public let transposesB: Bool

  public var name: String {
    "matmul" + (transposesA || transposesB ? " \(transposesA ? "t" : "n")\(transposesB ? "t" : "n")" : "")
  }
  public var canAccumulate: Bool { true }
  public var partitionableAxes: Int { 2 }

  /// `[m, k] × [k, n] → [m, n]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (a, b) = (operands[0], operands[1])
    guard a.rank == 2, b.rank == 2, a.dtype == b.dtype, a.dtype.isFloatingPoint,
      a.shape[transposesA ? 0 : 1] == b.shape[transposesB ? 1 : 0]
    else {
      throw mismatch(operands, "\(transposesA ? "[k, m]" : "[m, k]") × \(transposesB ? "[n, k]" : "[k, n]")")
    }
    return [TensorType(a.dtype, [a.shape[transposesA ? 1 : 0], b.shape[transposesB ? 0 : 1]])]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (a, b, c) = (operands[0], operands[1], results[0])
    let (m, k, n) = (c.dimensions[0], a.dimensions[transposesA ? 0 : 1], c.dimensions[1])
    switch a.dtype {
    case .float32:
      LinearAlgebra.matmul(
        a.tableScalars(Float.self), transposed: transposesA, rowStride: a.rowStride, b.tableScalars(),
        transposed: transposesB, rowStride: b.rowStride, into: c.tableScalars(), rowStride: c.rowStride,
        m: m, k: k, n: n, accumulating: context.accumulates)
    case .float64:
      LinearAlgebra.matmul(
        a.tableScalars(Double.self), transposed: transposesA, rowStride: a.rowStride, b.tableScalars(),
        transposed: transposesB, rowStride: b.rowStride, into: c.tableScalars(), rowStride: c.rowStride,
        m: m, k: k, n: n, accumulating: context.accumulates)
    case .int32, .int64, .bool: preconditionFailure("a product of \(a.dtype) matrices")
    }
  }

  /// `Ā = C̄ Bᵀ` and `B̄ = Aᵀ C̄` (Giles, Oxford report NA-08/01, 2008).
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (a, b) = (operands[0], operands[1])
    let da =
      transposesA
      ? try b.matmul(transposed: transposesB, d, transposed: true)
      : try d.matmul(transposed: false, b, transposed: !transposesB)
    let db =
      transposesB
      ? try d.matmul(transposed: true, a, transposed: transposesA)
      : try a.matmul(transposed: !transposesA, d, transposed: false)
    return [.dense(da), .dense(db)]
  }

  /// Examples are rows of the result, or its columns, or are summed over.
  public func batching(_ application: BatchedApplication) -> Batching {
    let (rows, contractedA) = transposesA ? (1, 0) : (0, 1)
    let (contractedB, columns) = transposesB ? (1, 0) : (0, 1)
    switch (application.axes[0], application.axes[1]) {
    case (rows, nil): return .perExample([0])
    case (nil, columns): return .perExample([1])
    case (contractedA, contractedB): return .sums
    default: return .whole
    }
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, results[0].count, operands[0][transposesA ? 0 : 1])
  }
}

extension Value {
  /// The product of this matrix and `other`.
  public func matmul(_ other: Value) throws(ShapeError) -> Value {
    try matmul(transposed: false, other, transposed: false)
  }

  /// The product of this matrix and `other`, either transposed first where asked.
  public func matmul(transposed: Bool, _ other: Value, transposed otherTransposed: Bool) throws(ShapeError) -> Value {
    if shape.rank == 2, let product = try outerProduct(transposed: transposed, other, transposed: otherTransposed) {
      return product
    }
    return try applying(MatMul(transposesA: transposed, transposesB: otherTransposed), other)
  }
}
