import Kernels
import Testing

@Suite struct `A pooled convolution` {
  struct Case: CustomTestStringConvertible, Sendable {
    var images: Dimensions
    var filters: Int
    var window: SlidingWindow
    var pool: SlidingWindow
    var testDescription: String { "\(images), \(filters) filters, \(window.vertical), pool of \(pool.vertical)" }

    private static func axis(_ taps: Int) -> SlidingWindow.Axis { .init(taps, before: taps / 2, after: taps / 2) }
    private static func square(_ axis: SlidingWindow.Axis) -> SlidingWindow { .init(vertical: axis, horizontal: axis) }

    static let all: [Case] = [
      // Winograd's method with several chunks and blocks, and with places that the pool leaves out or cuts off.
      Case(images: [5, 14, 14, 16], filters: 72, window: square(axis(5)), pool: square(.init(2, stride: 2))),
      Case(images: [9, 7, 9, 24], filters: 16, window: square(axis(3)), pool: square(.init(2, stride: 2))),
      Case(images: [3, 7, 9, 18], filters: 21, window: square(axis(3)), pool: square(.init(2, stride: 2, after: 1))),
      Case(images: [3, 12, 12, 16], filters: 16, window: square(axis(3)), pool: square(.init(3, stride: 3))),
      // Sums in registers; a product of matrices; pools that overlap.
      Case(images: [3, 9, 15, 1], filters: 20, window: square(axis(5)), pool: square(.init(2, stride: 2, after: 1))),
      Case(images: [2, 9, 9, 3], filters: 5, window: square(.init(4, stride: 2)), pool: square(.init(2, stride: 1))),
      Case(images: [2, 8, 8, 16], filters: 16, window: square(axis(3)), pool: square(.init(3, stride: 2, after: 1))),
      Case(images: [0, 8, 8, 16], filters: 16, window: square(axis(3)), pool: square(.init(2, stride: 2))),
    ]
  }

  /// Numbers in −0.5 … 0.5.
  private func random<Scalar: BLASScalar>(_ count: Int, seed: UInt64, of _: Scalar.Type) -> [Scalar] {
    var values = [Float](repeating: 0, count: count)
    values.withMemoryView { Random.uniform(key: seed, stream: 3, into: $0) }
    return values.map { Scalar($0 - 0.5) }
  }

  /// Runs `body` with memory of `count` scalars and scratch, both full of NaN, and gives what it wrote.
  private func memory<Scalar: BLASScalar>(
    _ count: Int, scratch: Int, _ body: (MemoryView<Scalar>, MemoryView<Scalar>) -> Void
  ) -> [Scalar] {
    var (result, scratch) = ([Scalar](repeating: .nan, count: count), [Scalar](repeating: .nan, count: scratch))
    result.withMemoryView { result in scratch.withMemoryView { body(result, $0) } }
    return result
  }

  private func compare<Scalar: BLASScalar & SummableScalar>(_ test: Case, _: Scalar.Type) {
    let pooled = PooledConvolution(images: test.images, window: test.window, filters: test.filters, pool: test.pool)
    let (images, places, window) = (pooled.images, pooled.places, pooled.window)
    let weights = window.count * images[3] * test.filters
    var x = random(images.count, seed: 1, of: Scalar.self)
    var w = random(weights, seed: 2, of: Scalar.self)
    var d = random(pooled.pooled.count, seed: 3, of: Scalar.self)
    var selections = [[Int32]](repeating: [Int32](repeating: -1, count: d.count), count: 2)
    func scratch(_ pass: Convolution.Pass) -> Int {
      Convolution.scratchCount(of: Scalar.self, for: pass, images: images, places: places, window: window)
    }

    x.withMemoryView { x in
      w.withMemoryView { w in
        d.withMemoryView { d in
          var results = memory(places.count, scratch: scratch(.forward)) {
            Convolution.convolve(x, images: images, w, window: window, into: $0, places: places, scratch: $1)
          }
          let expected = memory(d.count, scratch: 0) { (y: MemoryView<Scalar>, _) in
            results.withMemoryView { results in
              selections[0].withMemoryView {
                Pooling.maximum(
                  results, images: places, window: test.pool, into: y, selection: $0, places: pooled.pooled)
              }
            }
          }
          let found = memory(d.count, scratch: pooled.scratchCount(of: Scalar.self, for: .forward)) { y, scratch in
            selections[1].withMemoryView { pooled.convolve(x, w, into: y, selection: $0, scratch: scratch) }
          }
          // For another number of rows BLAS may add up in another order.
          #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
          #expect(selections[0] == selections[1])

          selections[0].withMemoryView { selection in
            var cotangents = memory(places.count, scratch: 0) { (places: MemoryView<Scalar>, _) in
              Pooling.maximumGradient(
                selection, d, places: pooled.pooled, window: test.pool, into: places, images: pooled.places)
            }
            cotangents.withMemoryView { cotangents in
              let filters = memory(weights, scratch: scratch(.filterGradient)) {
                Convolution.filterGradient(
                  x, images: images, cotangents, places: places, window: window, into: $0, scratch: $1)
              }
              let foundFilters = memory(
                weights, scratch: pooled.scratchCount(of: Scalar.self, for: .filterGradient)
              ) { pooled.filterGradient(x, selection: selection, d, into: $0, scratch: $1) }
              #expect(zip(foundFilters, filters).allSatisfy { abs($0 - $1) <= 1e-4 })
              let pixels = memory(images.count, scratch: scratch(.inputGradient)) {
                Convolution.inputGradient(
                  w, cotangents, places: places, window: window, into: $0, images: images, scratch: $1)
              }
              let foundPixels = memory(
                images.count, scratch: pooled.scratchCount(of: Scalar.self, for: .inputGradient)
              ) { pooled.inputGradient(w, selection: selection, d, into: $0, scratch: $1) }
              #expect(zip(foundPixels, pixels).allSatisfy { abs($0 - $1) <= 1e-4 })
            }
          }
        }
      }
    }
  }

  @Test(arguments: Case.all) func `equals the convolution and the pool, one after the other`(_ test: Case) {
    compare(test, Float.self)
    compare(test, Double.self)
  }
}
