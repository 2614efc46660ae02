import COpenBLAS

extension LinearAlgebra {
  /// The product `C = op(A) × op(B)` by a bare `cblas_sgemm` with nothing around it: what ``matmul`` is measured against.
  ///
  /// - SeeAlso: ``matmul(_:transposed:_:transposed:into:m:k:n:accumulating:)`` for the arguments.
  public static func bareSGEMM(
    _ a: MemoryView<Float>, transposed aTransposed: Bool, _ b: MemoryView<Float>, transposed bTransposed: Bool,
    into c: MemoryView<Float>, m: Int, k: Int, n: Int
  ) {
    precondition(m > 0 && k > 0 && n > 0, "a product of [\(m), \(k)] and [\(k), \(n)]")
    precondition(a.count == m * k && b.count == k * n && c.count == m * n, "\(a.count), \(b.count) into \(c.count)")
    prepareBLAS()
    // Safety: the views have as many scalars as the packed matrices.
    unsafe cblas_sgemm(
      CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a.base, blasint(aTransposed ? m : k),
      b.base, blasint(bTransposed ? k : n), 0, c.base, blasint(n))
  }
}
