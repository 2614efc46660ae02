import Kernels
import Testing

@Suite struct `Matrix products` {
  struct Case: CustomTestStringConvertible, Sendable {
    var (m, k, n) = (0, 0, 0)
    var (a, b) = (false, false)
    var testDescription: String { "\(m)×\(k)×\(n) \(a ? "t" : "n")\(b ? "t" : "n")" }

    static let all: [Case] = [
      (3, 4, 5), (1, 7, 5), (6, 5, 1), (1, 9, 1), (17, 33, 10), (64, 50, 10), (10, 64, 50), (2, 1, 3), (31, 784, 16),
      (5, 0, 3), (0, 3, 2), (2, 3, 0), (100, 32, 32), (70, 260, 7), (67, 300, 15), (30, 40, 1), (9, 17, 1), (1, 40, 33),
      (8, 16, 1), (20, 15, 1), (1, 3, 40),
    ].flatMap { m, k, n in
      [(false, false), (false, true), (true, false), (true, true)].map { Case(m: m, k: k, n: n, a: $0, b: $1) }
    }
  }

  private func random(_ count: Int, seed: UInt64) -> [Double] {
    var values = [Double](repeating: 0, count: count)
    values.withMemoryView { Random.uniform(key: seed, stream: 1, into: $0) }
    return values.map { Double(Float($0 - 0.5)) }
  }

  private func product<Scalar: BLASScalar>(_ test: Case, accumulatingOnto start: Scalar?) -> ([Double], [Double]) {
    let (a, b) = (random(test.m * test.k, seed: 1), random(test.k * test.n, seed: 2))
    var expected = ReferenceLinearAlgebra.matmul(
      a, transposed: test.a, b, transposed: test.b, m: test.m, k: test.k, n: test.n)
    if let start { expected = expected.map { $0 + Double(start) } }
    var (left, right) = (a.map { Scalar($0) }, b.map { Scalar($0) })
    var result = [Scalar](repeating: start ?? .nan, count: test.m * test.n)
    left.withMemoryView { left in
      right.withMemoryView { right in
        result.withMemoryView { result in
          LinearAlgebra.matmul(
            left, transposed: test.a, right, transposed: test.b, into: result, m: test.m, k: test.k, n: test.n,
            accumulating: start != nil)
        }
      }
    }
    return (result.map { Double($0) }, expected)
  }

  @Test(arguments: Case.all) func `equal their definition in Float`(_ test: Case) {
    let (result, expected) = product(test, accumulatingOnto: nil as Float?)
    for (a, b) in zip(result, expected) { #expect(abs(a - b) <= 1e-4) }
  }

  @Test(arguments: Case.all) func `equal their definition in Double`(_ test: Case) {
    let (result, expected) = product(test, accumulatingOnto: nil as Double?)
    for (a, b) in zip(result, expected) { #expect(abs(a - b) <= 1e-12) }
  }

  @Test(arguments: Case.all) func `are added to what is there when accumulating`(_ test: Case) {
    let (result, expected) = product(test, accumulatingOnto: 2 as Float)
    for (a, b) in zip(result, expected) { #expect(abs(a - b) <= 1e-4) }
  }

  @Test func `leave what lies between the rows alone`() {
    var a: [Float] = [1, 2, 9, 3, 4, 9]
    var b: [Float] = [1, 0, 9, 9, 0, 1, 9, 9]
    var c: [Float] = [7, 7, 7, 7, 7, 7]
    a.withMemoryView { a in
      b.withMemoryView { b in
        c.withMemoryView { c in
          LinearAlgebra.matmul(
            a, transposed: false, rowStride: 3, b, transposed: false, rowStride: 4, into: c, rowStride: 3,
            m: 2, k: 2, n: 2)
        }
      }
    }
    #expect(c == [1, 2, 7, 3, 4, 7])
  }

  @Test(arguments: [(5, 3), (3, 5), (4, 4), (1, 1)]) func `make orthogonal matrices`(_ rows: Int, _ columns: Int) {
    var q = [Float](repeating: 0, count: rows * columns)
    q.withMemoryView { q in
      Random.normal(key: 3, stream: 0, into: q)
      LinearAlgebra.orthogonal(rows: rows, columns: columns, normals: q)
    }
    let x = q.map { Double($0) }
    let isTall = rows >= columns
    let side = min(rows, columns)
    let identity = ReferenceLinearAlgebra.matmul(
      x, transposed: isTall, x, transposed: !isTall, m: side, k: max(rows, columns), n: side)
    for row in 0..<side {
      for column in 0..<side { #expect(abs(identity[row * side + column] - (row == column ? 1 : 0)) < 1e-5) }
    }
  }

  @Test func `run in the calling thread`() { #expect(LinearAlgebra.blasThreadCount == 1) }
}
