/// Products by their definition, in Double.
package enum ReferenceLinearAlgebra {
  /// `C = op(A) × op(B)`, packed, row-major.
  package static func matmul(
    _ a: [Double], transposed aTransposed: Bool, _ b: [Double], transposed bTransposed: Bool, m: Int, k: Int, n: Int
  ) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
      for column in 0..<n {
        for inner in 0..<k {
          let left = aTransposed ? a[inner * m + row] : a[row * k + inner]
          let right = bTransposed ? b[column * k + inner] : b[inner * n + column]
          c[row * n + column] += left * right
        }
      }
    }
    return c
  }
}
