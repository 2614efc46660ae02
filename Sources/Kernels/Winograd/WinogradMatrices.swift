/// The matrices of F(m, r): `y = Aᵀ [(G g) ⊙ (Bᵀ d)]` for *r* taps *g*, `m + r − 1` pixels *d*, and *m* results *y*.
///
/// They follow from the points 0, ±p₁, ±p₂, …, ∞, in the order 0, p₁, p₂, …, −p₁, −p₂, …, ∞. *A* and *G* evaluate
/// polynomials there, *B* interpolates; the factors of Lagrange's formula are in *G*, which is applied least.
struct WinogradMatrices: Sendable {
  /// `Bᵀ`, from pixels to points.
  let pixels: ParityMatrix
  /// `A`, from results to points.
  let results: ParityMatrix
  /// `Aᵀ`, from points to results.
  let resultsTransposed: ParityMatrix
  /// `G`, `[points, taps]`, row-major.
  let taps: ConstantTable

  /// The matrices for an even number of results and one pair `±p` of points for each of `pairs`.
  init(results: Int, taps: Int, pairs: [Double]) {
    let half = pairs.count + 1
    precondition(results % 2 == 0 && 2 * half == results + taps - 1, "F(\(results), \(taps)) at \(2 * half) points")
    // In terms of z = x²: the polynomial with all points but 0 and ∞ as its zeros, and those that leave a pair out.
    let all = Self.polynomial(pairs)
    let others = pairs.indices.map { pair in
      Self.polynomial(pairs.enumerated().filter { $0.offset != pair }.map(\.element))
    }

    // Lagrange's numerators: x⁰ … for the point 0; x (x ± p) … for ±p, whose even halves agree and whose odd halves
    // are opposite; and x … for ∞.
    let even = [all] + others.map { [0] + $0 }
    let odd = zip(pairs, others).map { p, other in other.map { p * $0 } + [0] } + [all]
    pixels = ParityMatrix(even: even, odd: odd)

    let powers = (0..<results / 2).map { 2 * $0 }
    let evenResults = [powers.map { $0 == 0 ? 1 : 0 }] + pairs.map { p in powers.map { Self.power(p, $0) } }
    let oddResults =
      pairs.map { p in powers.map { Self.power(p, $0 + 1) } } + [powers.map { $0 + 1 == results - 1 ? 1 : 0 }]
    self.results = ParityMatrix(even: evenResults, odd: oddResults)
    resultsTransposed = ParityMatrix(even: Self.transposed(evenResults), odd: Self.transposed(oddResults))

    let scales = zip(pairs, others).map { p, other in 2 * p * p * Self.value(other, at: p * p) }
    var rows = [(0..<taps).map { $0 == 0 ? 1 / all[0] : 0 }]
    for sign in [1.0, -1.0] {
      rows += zip(pairs, scales).map { p, scale in (0..<taps).map { Self.power(sign * p, $0) / scale } }
    }
    rows.append((0..<taps).map { $0 == taps - 1 ? 1 : 0 })
    self.taps = ConstantTable(rows)
  }

  /// The coefficients, lowest first, of the product of `z − p²` over `points`.
  private static func polynomial(_ points: [Double]) -> [Double] {
    points.reduce([1]) { product, p in
      zip([0] + product, product + [0]).map { lower, same in lower - p * p * same }
    }
  }

  private static func value(_ polynomial: [Double], at z: Double) -> Double {
    polynomial.reversed().reduce(0) { $0 * z + $1 }
  }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { power, _ in power * base }
  }

  private static func transposed(_ rows: [[Double]]) -> [[Double]] {
    rows[0].indices.map { column in rows.map { $0[column] } }
  }
}

/// A matrix between terms of a polynomial and its values at opposite points, split in two halves that are a quarter of
/// its size: even terms meet the sums of the values at ±p, odd terms their differences.
struct ParityMatrix: Sendable {
  /// The half for even terms.
  let even: ConstantTable
  /// The half for odd terms.
  let odd: ConstantTable

  init(even: [[Double]], odd: [[Double]]) {
    self.even = ConstantTable(even)
    self.odd = ConstantTable(odd)
  }
}

/// Rows of numbers that kernels read, made once and kept for as long as the process runs.
@safe struct ConstantTable: @unchecked Sendable {
  // Safety: written before anybody sees it, and never freed.
  let base: UnsafePointer<Float>

  init(_ rows: [[Double]]) {
    let values = rows.flatMap { $0.map { Float($0) } }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
    unsafe memory.initialize(from: values, count: values.count)
    unsafe base = UnsafePointer(memory)
  }
}
