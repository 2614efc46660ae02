import COpenBLAS

/// A scalar that OpenBLAS multiplies matrices of: `Float` and `Double`.
public protocol BLASScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  /// `C = op(A) op(B) + beta C`, with the arguments of BLAS's `gemm` in row-major order.
  @unsafe static func gemm(
    _ a: UnsafePointer<Self>, transposed aTransposed: Bool, rowStride aStride: Int,
    _ b: UnsafePointer<Self>, transposed bTransposed: Bool, rowStride bStride: Int,
    beta: Self, _ c: UnsafeMutablePointer<Self>, rowStride cStride: Int, m: Int, k: Int, n: Int)

  /// `y += op(A) x`, with the arguments of BLAS's `gemv` in row-major order; `A` is stored as `rows × columns`.
  @unsafe static func gemv(
    _ a: UnsafePointer<Self>, transposed: Bool, rowStride: Int, rows: Int, columns: Int,
    _ x: UnsafePointer<Self>, step xStep: Int, _ y: UnsafeMutablePointer<Self>, step yStep: Int)
}

/// Products of row-major matrices, through OpenBLAS.
public enum LinearAlgebra {
  /// The product `C = op(A) × op(B)`, or with `accumulating` that added to `C`.
  ///
  /// `op(A)` is `[m, k]`, `op(B)` is `[k, n]` and `C` is `[m, n]`; a `transposed` operand is stored the other way
  /// round. Where `k` is zero the product is zero.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func matmul<Scalar: BLASScalar>(
    _ a: MemoryView<Scalar>, transposed aTransposed: Bool = false,
    _ b: MemoryView<Scalar>, transposed bTransposed: Bool = false,
    into c: MemoryView<Scalar>, m: Int, k: Int, n: Int, accumulating: Bool = false
  ) {
    matmul(
      a, transposed: aTransposed, rowStride: aTransposed ? m : k,
      b, transposed: bTransposed, rowStride: bTransposed ? k : n,
      into: c, rowStride: n, m: m, k: k, n: n, accumulating: accumulating)
  }

  /// The product `C = op(A) × op(B)` of matrices whose rows are `rowStride` scalars apart, or with `accumulating` that
  /// added to `C`.
  ///
  /// What lies between the rows of `C` is left alone.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func matmul<Scalar: BLASScalar>(
    _ a: MemoryView<Scalar>, transposed aTransposed: Bool, rowStride aStride: Int,
    _ b: MemoryView<Scalar>, transposed bTransposed: Bool, rowStride bStride: Int,
    into c: MemoryView<Scalar>, rowStride cStride: Int, m: Int, k: Int, n: Int, accumulating: Bool = false
  ) {
    precondition(m >= 0 && k >= 0 && n >= 0, "a product of [\(m), \(k)] and [\(k), \(n)]")
    check(c, rows: m, columns: n, rowStride: cStride)
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if !accumulating { clear(c, rows: m, columns: n, rowStride: cStride) }
      return
    }
    check(a, rows: aTransposed ? k : m, columns: aTransposed ? m : k, rowStride: aStride)
    check(b, rows: bTransposed ? n : k, columns: bTransposed ? k : n, rowStride: bStride)
    prepareBLAS()
    // Safety: the three checks above say that every row BLAS touches lies in its view.
    if n == 1 {
      if !accumulating { clear(c, rows: m, columns: 1, rowStride: cStride) }
      unsafe Scalar.gemv(
        a.base, transposed: aTransposed, rowStride: aStride, rows: aTransposed ? k : m, columns: aTransposed ? m : k,
        b.base, step: bTransposed ? 1 : bStride, c.base, step: cStride)
    } else if m == 1 {
      if !accumulating { clear(c, rows: 1, columns: n, rowStride: cStride) }
      unsafe Scalar.gemv(
        b.base, transposed: !bTransposed, rowStride: bStride, rows: bTransposed ? n : k, columns: bTransposed ? k : n,
        a.base, step: aTransposed ? aStride : 1, c.base, step: 1)
    } else {
      unsafe Scalar.gemm(
        a.base, transposed: aTransposed, rowStride: aStride, b.base, transposed: bTransposed, rowStride: bStride,
        beta: accumulating ? 1 : 0, c.base, rowStride: cStride, m: m, k: k, n: n)
    }
  }

  private static func check<Scalar>(_ view: MemoryView<Scalar>, rows: Int, columns: Int, rowStride: Int) {
    guard rows > 0, columns > 0 else { return }
    precondition(rowStride >= columns, "rows of \(columns) scalars, \(rowStride) apart")
    let needed = (rows - 1) * rowStride + columns
    precondition(view.count >= needed, "\(rows) rows, \(rowStride) apart, in \(view.count) scalars")
  }

  private static func clear<Scalar: BLASScalar>(
    _ view: MemoryView<Scalar>, rows: Int, columns: Int, rowStride: Int
  ) {
    guard rowStride != columns else { return view[0..<(rows * columns)].fill(0) }
    for row in 0..<rows { view[(row * rowStride)..<(row * rowStride + columns)].fill(0) }
  }
}

extension Float: BLASScalar {
  @unsafe public static func gemm(
    _ a: UnsafePointer<Float>, transposed aTransposed: Bool, rowStride aStride: Int,
    _ b: UnsafePointer<Float>, transposed bTransposed: Bool, rowStride bStride: Int,
    beta: Float, _ c: UnsafeMutablePointer<Float>, rowStride cStride: Int, m: Int, k: Int, n: Int
  ) {
    if NarrowProduct.isFaster(m: m, k: k, n: n), !bTransposed, beta == 0 || beta == 1 {
      if beta == 0 {
        for row in 0..<m { unsafe (c + row * cStride).update(repeating: 0, count: n) }
      }
      return unsafe NarrowProduct.narrow(
        a, aRow: aTransposed ? 1 : aStride, aColumn: aTransposed ? aStride : 1, b, rowStride: bStride,
        c, rowStride: cStride, m: m, k: k, n: n)
    }
    unsafe cblas_sgemm(
      CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b, blasint(bStride), beta, c, blasint(cStride))
  }

  @unsafe public static func gemv(
    _ a: UnsafePointer<Float>, transposed: Bool, rowStride: Int, rows: Int, columns: Int,
    _ x: UnsafePointer<Float>, step xStep: Int, _ y: UnsafeMutablePointer<Float>, step yStep: Int
  ) {
    if NarrowProduct.isVectorised, !transposed, xStep == 1 {
      unsafe NarrowProduct.rowsTimesVector(
        a, rowStride: rowStride, rows: rows, columns: columns, x, y, yStep: yStep)
    } else if NarrowProduct.isVectorised, transposed, yStep == 1 {
      unsafe NarrowProduct.vectorTimesRows(
        a, rowStride: rowStride, rows: rows, columns: columns, x, xStep: xStep, y)
    } else {
      unsafe cblas_sgemv(
        CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), 1,
        a, blasint(rowStride), x, blasint(xStep), 1, y, blasint(yStep))
    }
  }
}

extension Double: BLASScalar {
  @unsafe public static func gemm(
    _ a: UnsafePointer<Double>, transposed aTransposed: Bool, rowStride aStride: Int,
    _ b: UnsafePointer<Double>, transposed bTransposed: Bool, rowStride bStride: Int,
    beta: Double, _ c: UnsafeMutablePointer<Double>, rowStride cStride: Int, m: Int, k: Int, n: Int
  ) {
    unsafe cblas_dgemm(
      CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b, blasint(bStride), beta, c, blasint(cStride))
  }

  @unsafe public static func gemv(
    _ a: UnsafePointer<Double>, transposed: Bool, rowStride: Int, rows: Int, columns: Int,
    _ x: UnsafePointer<Double>, step xStep: Int, _ y: UnsafeMutablePointer<Double>, step yStep: Int
  ) {
    unsafe cblas_dgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), 1, a, blasint(rowStride),
      x, blasint(xStep), 1, y, blasint(yStep))
  }
}
