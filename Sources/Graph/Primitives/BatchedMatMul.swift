public import Kernels

/// Products of many matrices at once: `C[…] = A[…] × B[…]`, where the outer axes broadcast.
///
/// Both operands have as many axes.
public struct BatchedMatMul: Primitive {
  /// Whether the first operand's matrices are given as `Aᵀ`.
  public let transposesA: Bool
  /// Whether the second operand's matrices are given as `Bᵀ`.
  public let transposesB: Bool

  public var name: String {
    "batched matmul" + (transposesA || transposesB ? " \(transposesA ? "t" : "n")\(transposesB ? "t" : "n")" : "")
  }
  public var canAccumulate: Bool { true }

  /// `[…, m, k] × […, k, n] → […, m, n]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (a, b) = (operands[0], operands[1])
    let rank = a.rank
    guard rank >= 2, b.rank == rank, a.dtype == b.dtype, a.dtype.isFloatingPoint,
      a.shape[rank - (transposesA ? 2 : 1)] == b.shape[rank - (transposesB ? 1 : 2)],
      let outer = Shape(Array(a.shape.extents.dropLast(2))).broadcast(with: Shape(Array(b.shape.extents.dropLast(2))))
    else {
      throw mismatch(
        operands, "\(transposesA ? "[…, k, m]" : "[…, m, k]") × \(transposesB ? "[…, n, k]" : "[…, k, n]")")
    }
    let matrix = [a.shape[rank - (transposesA ? 1 : 2)], b.shape[rank - (transposesB ? 2 : 1)]]
    return [a.with(Shape(outer.extents + matrix))]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: multiply(Float.self, operands[0], operands[1], results[0], context.accumulates)
    default: multiply(Double.self, operands[0], operands[1], results[0], context.accumulates)
    }
  }

  private func multiply<Scalar: TensorScalar & BLASScalar>(
    _: Scalar.Type, _ a: TensorView, _ b: TensorView, _ c: TensorView, _ accumulates: Bool
  ) {
    let outer = c.dimensions.rank - 2
    let (m, n) = (c.dimensions[outer], c.dimensions[outer + 1])
    let k = a.dimensions[outer + (transposesA ? 0 : 1)]
    let (left, right, product) = (a.scalars(Scalar.self), b.scalars(Scalar.self), c.scalars(Scalar.self))
    for matrix in 0..<c.dimensions.count(of: 0..<outer) {
      let (first, second) = (position(of: matrix, in: a, of: c, m * k), position(of: matrix, in: b, of: c, k * n))
      LinearAlgebra.matmul(
        left[first..<first + m * k], transposed: transposesA, right[second..<second + k * n], transposed: transposesB,
        into: product[matrix * m * n..<(matrix + 1) * m * n], m: m, k: k, n: n, accumulating: accumulates)
    }
  }

  /// Where the operand's matrix for the result's matrix number `matrix` starts.
  private func position(of matrix: Int, in operand: TensorView, of result: TensorView, _ size: Int) -> Int {
    var (rest, step, place) = (matrix, size, 0)
    for axis in stride(from: result.dimensions.rank - 3, through: 0, by: -1) {
      let (index, extent) = (rest % result.dimensions[axis], operand.dimensions[axis])
      rest /= result.dimensions[axis]
      if extent != 1 { place += index * step }
      step *= extent
    }
    return place
  }

  /// `Ā = C̄ Bᵀ` and `B̄ = Aᵀ C̄`, summed over the axes that were broadcast.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (a, b) = (operands[0], operands[1])
    let da =
      transposesA
      ? try b.batchedMatmul(transposed: transposesB, d, transposed: true)
      : try d.batchedMatmul(transposed: false, b, transposed: !transposesB)
    let db =
      transposesB
      ? try d.batchedMatmul(transposed: true, a, transposed: transposesA)
      : try a.batchedMatmul(transposed: !transposesA, d, transposed: false)
    return [.dense(try da.summed(to: a.shape)), .dense(try db.summed(to: b.shape))]
  }

  /// Examples are whole matrices, rows or columns of the result, or are summed over.
  public func batching(_ application: BatchedApplication) -> Batching {
    let rank = application.results[0].rank
    let (rows, contractedA) = transposesA ? (rank - 1, rank - 2) : (rank - 2, rank - 1)
    let (contractedB, columns) = transposesB ? (rank - 1, rank - 2) : (rank - 2, rank - 1)
    switch (application.axes[0], application.axes[1]) {
    case (let a?, let b?) where a == b && a < rank - 2: return .perExample([a])
    case (let a?, nil) where a < rank - 2 && application.operands[1].shape[a] == 1: return .perExample([a])
    case (nil, let b?) where b < rank - 2 && application.operands[0].shape[b] == 1: return .perExample([b])
    case (rows, nil): return .perExample([rank - 2])
    case (nil, columns): return .perExample([rank - 1])
    case (contractedA, contractedB): return .sums
    default: return .whole
    }
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, results[0].count, operands[0][operands[0].rank - (transposesA ? 2 : 1)])
  }
}

extension Value {
  /// The products of these matrices (the last two axes) and `other`'s, either transposed first where asked.
  ///
  /// The outer axes broadcast. Without outer axes, or with one matrix for all rows of `self`, it is one product.
  public func batchedMatmul(transposed: Bool, _ other: Value, transposed otherTransposed: Bool) throws(ShapeError)
    -> Value
  {
    let (a, b) = (shape, other.shape)
    if a.rank == 2, b.rank == 2 { return try matmul(transposed: transposed, other, transposed: otherTransposed) }
    if !transposed, b.rank == 2, a.rank > 2, let rows = Shape.product(of: a.extents.dropLast()) {
      let product = try reshaped(to: [rows, a[a.rank - 1]])
        .matmul(transposed: false, other, transposed: otherTransposed)
      return try product.reshaped(to: Shape(a.extents.dropLast() + [product.shape[1]]))
    }
    let rank = max(a.rank, b.rank)
    let (left, right) = try (aligned(to: rank), other.aligned(to: rank))
    if let product = try left.outerProduct(transposed: transposed, right, transposed: otherTransposed) {
      return product
    }
    return try left.applying(BatchedMatMul(transposesA: transposed, transposesB: otherTransposed), right)
  }

  /// The products of matrices that have one column with others that have one row, element by element; `nil` if there is
  /// something to add up. Both values have as many axes.
  func outerProduct(transposed: Bool, _ other: Value, transposed otherTransposed: Bool) throws(ShapeError) -> Value? {
    let rank = shape.rank
    guard rank >= 2, other.shape.rank == rank, dtype.isFloatingPoint, dtype == other.dtype,
      shape[rank - (transposed ? 2 : 1)] == 1, other.shape[rank - (otherTransposed ? 1 : 2)] == 1
    else { return nil }
    let column = try transposed ? transposedMatrices() : self
    return try column.multiplied(by: otherTransposed ? other.transposedMatrices() : other)
  }

  private func transposedMatrices() throws(ShapeError) -> Value {
    let rank = shape.rank
    return try transposed(to: Array(0..<rank - 2) + [rank - 1, rank - 2])
  }
}
