/// One-dimensional transforms between `2 · terms` terms and `2 · half` points, 16 neighbouring scalars at a time.
///
/// Values that belong together are a `step` apart, so that one loop transforms rows or columns of images, of any number
/// of channels. In two dimensions it runs along one axis, then along the other.
enum WinogradTransform<let half: Int, let terms: Int> {
  // Safety: callers have `2 · terms` and `2 · half` runs of `count` floats a step apart, and matrices of these sizes.

  /// From terms to points; `count` is a multiple of 16.
  @unsafe static func evaluate(
    _ matrix: ParityMatrix, _ source: UnsafePointer<Float>, step: Int,
    into target: UnsafeMutablePointer<Float>, step targetStep: Int, count: Int
  ) {
    var place = 0
    while place < count {
      let (input, output) = unsafe (source + place, target + place)
      var even = InlineArray<terms, FloatVector>(repeating: .zero)
      var odd = InlineArray<terms, FloatVector>(repeating: .zero)
      for term in 0..<terms {
        even[term] = unsafe VectorMemory.load(input + 2 &* term &* step)
        odd[term] = unsafe VectorMemory.load(input + (2 &* term &+ 1) &* step)
      }
      let sums: InlineArray<half, FloatVector> = unsafe Self.product(matrix.even.base, even)
      let differences: InlineArray<half, FloatVector> = unsafe Self.product(matrix.odd.base, odd)
      unsafe VectorMemory.store(sums[0], output)
      for pair in 1..<half {
        let (a, b) = (sums[pair], differences[pair &- 1])
        unsafe VectorMemory.store(a + b, output + pair &* targetStep)
        unsafe VectorMemory.store(a - b, output + (half &- 1 &+ pair) &* targetStep)
      }
      unsafe VectorMemory.store(differences[half &- 1], output + (2 &* half &- 1) &* targetStep)
      place &+= VectorMemory.width
    }
  }

  /// From points to the first `rows` terms; the transpose of ``evaluate(_:_:step:into:step:count:)`` with `matrix`
  /// transposed.
  @unsafe @inline(always) static func collect(
    _ matrix: ParityMatrix, _ source: UnsafePointer<Float>, step: Int,
    into target: UnsafeMutablePointer<Float>, step targetStep: Int, rows: Int = 2 * terms, count: Int
  ) {
    var place = 0
    while place < count {
      let (input, output) = unsafe (source + place, target + place)
      var sums = InlineArray<half, FloatVector>(repeating: .zero)
      var differences = InlineArray<half, FloatVector>(repeating: .zero)
      sums[0] = unsafe VectorMemory.load(input)
      for pair in 1..<half {
        let a = unsafe VectorMemory.load(input + pair &* step)
        let b = unsafe VectorMemory.load(input + (half &- 1 &+ pair) &* step)
        sums[pair] = a + b
        differences[pair &- 1] = a - b
      }
      differences[half &- 1] = unsafe VectorMemory.load(input + (2 &* half &- 1) &* step)
      let even: InlineArray<terms, FloatVector> = unsafe Self.product(matrix.even.base, sums)
      let odd: InlineArray<terms, FloatVector> = unsafe Self.product(matrix.odd.base, differences)
      let lanes = min(VectorMemory.width, count &- place)
      for term in 0..<terms {
        if 2 &* term < rows { unsafe VectorMemory.store(even[term], output + 2 &* term &* targetStep, lanes) }
        if 2 &* term &+ 1 < rows {
          unsafe VectorMemory.store(odd[term], output + (2 &* term &+ 1) &* targetStep, lanes)
        }
      }
      place &+= VectorMemory.width
    }
  }

  @unsafe @inline(always) private static func product<let rows: Int, let columns: Int>(
    _ matrix: UnsafePointer<Float>, _ x: InlineArray<columns, FloatVector>
  ) -> InlineArray<rows, FloatVector> {
    var y = InlineArray<rows, FloatVector>(repeating: .zero)
    for row in 0..<rows {
      var sum = unsafe x[0] * matrix[row &* columns]
      for column in 1..<columns {
        sum = unsafe VectorMath.multiplyAdd(x[column], VectorMath.all(matrix[row &* columns &+ column]), sum)
      }
      y[row] = sum
    }
    return y
  }
}
