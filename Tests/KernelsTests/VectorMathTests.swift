import Kernels
import Testing

@Suite struct `Vector maths` {
  /// Every so many floats of all there are, and what lies at the borders.
  private static let sweep: [Float] = {
    let patterns = stride(from: UInt32(0), to: UInt32.max - 40_009, by: 40_009)
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, 1, -1, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
      .leastNormalMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 88.72283,
      88.72284, -87.33655, -103.97208, -103.97209, -104, 0.5, 6, 0x1p-23, 0x1.fffffep-1, 0x1.000002p0, -0x1.fffffep-1,
      -0x1.000002p0,
      0.92187494, 0.921875, 4, 8192, 8193,
    ]
    return patterns.map(Float.init(bitPattern:)) + special + (-2000...2000).map { Float($0) * 0.017 }
  }()

  /// The error of `value` in units in the last place of the exact result, rounded to float.
  private func error(_ value: Float, _ exact: Double) -> Double {
    let rounded = Float(exact)
    if value == rounded || (value.isNaN && rounded.isNaN) { return 0 }
    guard value.isFinite && exact.isFinite else {
      // A result next to overflow may be infinite or not.
      let largest = Double(Float.greatestFiniteMagnitude)
      let finite = value.isFinite ? Double(value) : value.sign == .minus ? -largest : largest
      return value.isNaN || exact.isNaN ? .infinity : (finite - min(max(exact, -largest), largest)).magnitude / 0x1p104
    }
    return (Double(value) - exact).magnitude / Double(max(rounded.magnitude.ulp, .leastNonzeroMagnitude))
  }

  @Test(arguments: [
    (UnaryOperation.exp, 1.5), (.expm1, 2), (.log, 1.5), (.log1p, 1.5), (.squareRoot, 0.5),
    (.reciprocalSquareRoot, 1.6),
    (.reciprocal, 0.5), (.tanh, 3), (.erf, 1.5), (.erfc, 3), (.softplus, 3), (.softsign, 2), (.elu, 2), (.selu, 3),
    (.square, 0.5), (.floor, 0), (.ceil, 0), (.round, 0), (.absolute, 0), (.negate, 0), (.sign, 0), (.relu, 0),
    (.relu6, 0),
  ])
  func `stays within a few units in the last place`(_ op: UnaryOperation, _ bound: Double) {
    let values = computed(Self.sweep, Self.sweep.count, Float(0)) { Elementwise.apply(op, $0, into: $1) }
    var worst = (error: 0.0, x: Float(0), value: Float(0))
    for (x, value) in zip(Self.sweep, values) {
      let error = error(value, ScalarFunctions.value(op, Double(x)))
      if error > worst.error { worst = (error, x, value) }
    }
    #expect(worst.error <= bound, "\(op)(\(worst.x)) = \(worst.value)")
  }

  @Test func `gives probabilities that differ by at most a float's precision`() {
    let values = computed(Self.sweep, Self.sweep.count, Float(0)) { Elementwise.apply(.sigmoid, $0, into: $1) }
    for (x, value) in zip(Self.sweep, values) {
      let exact = ScalarFunctions.value(UnaryOperation.sigmoid, Double(x))
      // Results below the least normal number may be zero.
      #expect(isClose(Double(value), exact, relative: 3e-7, absolute: 1.2e-38), "\(x)")
    }
  }

  @Test(arguments: [UnaryOperation.sin, .cos])
  func `gives sines and cosines of any angle`(_ op: UnaryOperation) {
    let values = computed(Self.sweep, Self.sweep.count, Float(0)) { Elementwise.apply(op, $0, into: $1) }
    for (x, value) in zip(Self.sweep, values) {
      let exact = ScalarFunctions.value(op, Double(x))
      #expect(isClose(Double(value), exact, relative: 2e-7, absolute: 2e-8), "\(op)(\(x))")
    }
  }

  @Test(arguments: [UnaryOperation.tanh, .erf, .softsign, .elu, .selu, .squareRoot, .floor, .ceil, .round])
  func `keeps the sign of zero`(_ op: UnaryOperation) {
    let zeros = (0..<35).map { Float($0.isMultiple(of: 2) ? 0.0 : -0.0) }
    let values = computed(zeros, zeros.count, Float(1)) { Elementwise.apply(op, $0, into: $1) }
    #expect(values.map(\.bitPattern) == zeros.map(\.bitPattern))
  }

  @Test func `gives zero no sign that it counts as positive or negative`() {
    let values = computed([0, -0.0] as [Float], 2, Float(1)) { Elementwise.apply(.sign, $0, into: $1) }
    #expect(values.map(\.bitPattern) == [0, 0])
  }

  @Test(arguments: UnaryOperation.allCases)
  func `gives a number the same result wherever it stands`(_ op: UnaryOperation) {
    var generator = SplitMix64(seed: 5)
    let x = generator.floats(33)
    let whole = computed(x, 33, Float(0)) { Elementwise.apply(op, $0, into: $1) }
    for start in 0..<33 {
      let part = computed(Array(x[start...]), 33 - start, Float(0)) { Elementwise.apply(op, $0, into: $1) }
      #expect(part.map(\.bitPattern) == whole[start...].map(\.bitPattern))
    }
  }
}
