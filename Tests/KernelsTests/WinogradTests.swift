import Kernels
import Testing

@Suite struct `Winograd's convolutions` {
  struct Case: CustomTestStringConvertible, Sendable {
    var images: Dimensions
    var filters: Int
    var filter: WinogradFilter
    var before: Int
    var after: Int
    var testDescription: String { "\(images), \(filters) filters, \(filter), \(before) before, \(after) after" }

    var taps: Int { filter == .threeTaps ? 3 : 5 }
    var axis: SlidingWindow.Axis { .init(taps, before: before, after: after) }
    var window: SlidingWindow { .init(vertical: axis, horizontal: axis) }
    var weights: Int { window.count * images[3] * filters }
    var places: Dimensions {
      [images[0], axis.places(on: images[1])!, axis.places(on: images[2])!, filters]
    }

    static let all: [Case] = [
      // Whole tiles and vectors; parts of either; images smaller than a tile.
      Case(images: [2, 8, 8, 16], filters: 32, filter: .threeTaps, before: 1, after: 1),
      Case(images: [2, 8, 8, 32], filters: 16, filter: .fiveTaps, before: 2, after: 2),
      Case(images: [3, 7, 10, 5], filters: 21, filter: .threeTaps, before: 1, after: 1),
      Case(images: [3, 9, 6, 18], filters: 3, filter: .fiveTaps, before: 2, after: 2),
      Case(images: [1, 3, 3, 1], filters: 1, filter: .threeTaps, before: 0, after: 0),
      Case(images: [2, 2, 1, 7], filters: 2, filter: .fiveTaps, before: 3, after: 4),
      // Padding on one side.
      Case(images: [2, 6, 6, 4], filters: 4, filter: .threeTaps, before: 2, after: 0),
      Case(images: [2, 6, 7, 4], filters: 4, filter: .fiveTaps, before: 0, after: 3),
      // Several chunks, and several blocks of filters or channels, the last one narrower.
      Case(images: [21, 14, 14, 16], filters: 72, filter: .threeTaps, before: 1, after: 1),
      Case(images: [5, 14, 14, 80], filters: 48, filter: .fiveTaps, before: 2, after: 2),
      Case(images: [0, 8, 8, 16], filters: 16, filter: .threeTaps, before: 1, after: 1),
    ]
  }

  /// Numbers in −0.5 … 0.5.
  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    values.withMemoryView { Random.uniform(key: seed, stream: 2, into: $0) }
    return values.map { $0 - 0.5 }
  }

  /// The result of a pass on `a` and `b`, with scratch that holds anything but useful numbers.
  private func result(
    _ test: Case, _ pass: Convolution.Pass, _ a: [Float], _ b: [Float], accumulatingTo start: Float? = nil
  ) -> [Float] {
    let (images, places, window) = (test.images, test.places, test.window)
    let count =
      switch pass {
      case .forward: places.count
      case .inputGradient: images.count
      case .filterGradient: test.weights
      }
    let size = test.filter.scratchCount(pass, images: images, places: places, window: window)
    var (a, b, y) = (a, b, [Float](repeating: start ?? .nan, count: count))
    var scratch = [Float](repeating: .nan, count: size)
    a.withMemoryView { a in
      b.withMemoryView { b in
        y.withMemoryView { y in
          scratch.withMemoryView { scratch in
            switch pass {
            case .forward:
              Convolution.convolve(
                by: test.filter, .pixels(a), images: images, b, window: window, into: .all(y), places: places,
                scratch: scratch)
            case .inputGradient:
              Convolution.inputGradient(
                by: test.filter, a, .pixels(b), places: places, window: window, into: y, images: images,
                scratch: scratch)
            case .filterGradient:
              Convolution.filterGradient(
                by: test.filter, a, images: images, .pixels(b), places: places, window: window, into: y,
                accumulating: start != nil, scratch: scratch)
            }
          }
        }
      }
    }
    return y
  }

  private func operands(_ test: Case, _ pass: Convolution.Pass) -> ([Float], [Float]) {
    let (x, w) = (random(test.images.count, seed: 1), random(test.weights, seed: 2))
    let d = random(test.places.count, seed: 3)
    return switch pass {
    case .forward: (x, w)
    case .inputGradient: (w, d)
    case .filterGradient: (x, d)
    }
  }

  /// The largest difference, relative to the largest of `expected`.
  private func error(_ found: [Float], _ expected: [Double]) -> Double {
    let largest = expected.reduce(0) { max($0, abs($1)) }
    // A NaN is no number's maximum, so it has to be looked for.
    guard found.allSatisfy(\.isFinite) else { return .infinity }
    return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / max(largest, 1e-30)
  }

  @Test(arguments: Case.all, Convolution.Pass.allCases)
  func `are within 2e-5 of the largest result of their definition`(_ test: Case, _ pass: Convolution.Pass) {
    let (a, b) = operands(test, pass)
    let found = result(test, pass, a, b)
    var expected = [Double](repeating: 0, count: found.count)
    ReferenceConvolution.forEachProduct(images: test.images.array, filters: test.filters, window: test.window) {
      pixel, weight, place in
      switch pass {
      case .forward: expected[place] += Double(a[pixel]) * Double(b[weight])
      case .inputGradient: expected[pixel] += Double(a[weight]) * Double(b[place])
      case .filterGradient: expected[weight] += Double(a[pixel]) * Double(b[place])
      }
    }
    #expect(error(found, expected) < 2e-5)
    let again = result(test, pass, a, b)
    let isSame = again == found
    #expect(isSame, "another run has other bits")
  }

  @Test func `add up cotangents of filters if asked to`() {
    let test = Case.all[2]
    let (x, d) = operands(test, .filterGradient)
    let fresh = result(test, .filterGradient, x, d)
    let added = result(test, .filterGradient, x, d, accumulatingTo: 3)
    for (a, b) in zip(fresh, added) { #expect(abs(a + 3 - b) < 1e-5) }
  }

  @Test(arguments: Convolution.Pass.allCases) func `need no more scratch for fewer images`(_ pass: Convolution.Pass) {
    for test in Case.all {
      let counts = (0...70).map { count in
        var (images, places) = (test.images, test.places)
        (images[0], places[0]) = (count, count)
        return test.filter.scratchCount(pass, images: images, places: places, window: test.window)
      }
      #expect(counts == counts.sorted())
    }
  }

  @Test func `are chosen for many channels of Float that the window meets one by one`() {
    func method<Scalar>(
      _: Scalar.Type = Float.self, channels: Int, filters: Int, size: Int = 14, _ axis: SlidingWindow.Axis
    ) -> ConvolutionMethod {
      let places = axis.places(on: size)!
      return .fastest(
        Scalar.self, for: .filterGradient, images: [8, size, size, channels], places: [8, places, places, filters],
        window: .init(vertical: axis, horizontal: axis))
    }
    #expect(method(channels: 32, filters: 64, .init(5, before: 2, after: 2)) == .winograd(.fiveTaps))
    #expect(method(channels: 64, filters: 128, .init(3, before: 1, after: 1)) == .winograd(.threeTaps))
    #expect(method(channels: 128, filters: 256, size: 7, .init(3, before: 1, after: 1)) == .winograd(.threeTaps))
    #expect(method(channels: 2, filters: 8, .init(5, before: 2, after: 2)) == .patches)
    #expect(method(channels: 64, filters: 64, .init(3, stride: 2, before: 1, after: 1)) == .patches)
    #expect(method(channels: 64, filters: 64, .init(3, dilation: 2, before: 1, after: 1)) == .patches)
    #expect(method(channels: 64, filters: 64, .init(7, before: 3, after: 3)) == .patches)
    #expect(method(channels: 64, filters: 64, size: 3, .init(5, before: 1, after: 1)) == .patches)
    #expect(method(Double.self, channels: 64, filters: 64, .init(3, before: 1, after: 1)) == .patches)
  }
}
