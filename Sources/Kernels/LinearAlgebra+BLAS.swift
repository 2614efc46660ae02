import COpenBLAS

extension LinearAlgebra {
  private static let prepared: Void = {
    openblas_set_num_threads(1)
    onlearn_end_blas_threads()
    BLASCore.chooseBetterKernels()
  }()

  /// Makes OpenBLAS ready, before it is first used: with kernels that suit the processor, and in the calling thread only,
  /// as each lane of a ``LanePool`` multiplies on its own.
  ///
  /// The threads that OpenBLAS starts when it is loaded end: they look for work all the time for a tenth of a second,
  /// on the cores that the lanes need, before they sleep. Nothing may be multiplied by them while they end.
  @inline(always)
  static func prepareBLAS() { _ = prepared }

  /// How many threads OpenBLAS uses for one product: one, unless a benchmark sets another number.
  public static var blasThreadCount: Int {
    get {
      prepareBLAS()
      return Int(openblas_get_num_threads())
    }
    set {
      prepareBLAS()
      openblas_set_num_threads(Int32(clamping: newValue))
    }
  }

  /// Makes `normals`, `rows × columns` samples of the normal distribution, an orthogonal matrix.
  ///
  /// The columns are orthonormal where there are at least as many rows, otherwise the rows are. As in Keras, it is the
  /// *Q* of the QR decomposition of the taller form, each column with the sign of the diagonal of *R*, so it is
  /// distributed uniformly.
  public static func orthogonal(rows: Int, columns: Int, normals: MemoryView<Float>) {
    precondition(normals.count == rows * columns, "\(normals.count) normals for [\(rows), \(columns)]")
    guard rows > 0, columns > 0 else { return }
    prepareBLAS()
    let (tall, wide) = (max(rows, columns), min(rows, columns))
    var scales = [Float](repeating: 0, count: wide)
    var signs = [Float](repeating: 1, count: wide)
    var q = normals.array
    let (m, n) = (Int32(tall), Int32(wide))
    // Safety: `q` has `tall × wide` scalars, `scales` one per column, as LAPACK expects.
    let factored = unsafe LAPACKE_sgeqrf(LAPACK_ROW_MAJOR, m, n, &q, n, &scales)
    precondition(factored == 0, "sgeqrf returned \(factored)")
    for column in 0..<wide where q[column * wide + column] < 0 { signs[column] = -1 }
    let formed = unsafe LAPACKE_sorgqr(LAPACK_ROW_MAJOR, m, n, n, &q, n, scales)
    precondition(formed == 0, "sorgqr returned \(formed)")
    for row in 0..<tall {
      for column in 0..<wide {
        let place = rows >= columns ? row * wide + column : column * tall + row
        normals[place] = q[row * wide + column] * signs[column]
      }
    }
  }
}
