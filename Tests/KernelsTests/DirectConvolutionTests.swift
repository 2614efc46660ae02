import Kernels
import Testing

@Suite struct `Convolutions of images with few channels` {
  struct Case: CustomTestStringConvertible, Sendable {
    var images: Dimensions
    var filters: Int
    var taps: Int
    var before: Int
    var after: Int
    var testDescription: String { "\(images), \(filters) filters of \(taps), \(before) before, \(after) after" }

    var axis: SlidingWindow.Axis { .init(taps, before: before, after: after) }
    var window: SlidingWindow { .init(vertical: axis, horizontal: axis) }
    var weights: Int { window.count * images[3] * filters }
    var places: Dimensions {
      [images[0], axis.places(on: images[1])!, axis.places(on: images[2])!, filters]
    }

    static let all: [Case] = [
      Case(images: [3, 28, 28, 1], filters: 32, taps: 5, before: 2, after: 2),
      Case(images: [2, 6, 15, 1], filters: 5, taps: 3, before: 1, after: 1),
      Case(images: [2, 9, 4, 3], filters: 16, taps: 3, before: 0, after: 2),
      Case(images: [1, 7, 31, 3], filters: 35, taps: 5, before: 4, after: 1),
      Case(images: [1, 5, 5, 1], filters: 1, taps: 5, before: 0, after: 0),
      Case(images: [2, 4, 5, 1], filters: 0, taps: 3, before: 1, after: 1),
    ]
  }

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    values.withMemoryView { Random.uniform(key: seed, stream: 2, into: $0) }
    return values.map { $0 - 0.5 }
  }

  @Test(arguments: Case.all) func `equal their definition`(_ test: Case) {
    let (images, places, window) = (test.images, test.places, test.window)
    var (x, w) = (random(images.count, seed: 1), random(test.weights, seed: 2))
    var d = random(places.count, seed: 3)
    var y = [Double](repeating: 0, count: d.count)
    // The cotangents of the filters are added to what is there.
    var dw = [Double](repeating: 1, count: w.count)
    ReferenceConvolution.forEachProduct(images: images.array, filters: test.filters, window: window) {
      pixel, weight, place in
      y[place] += Double(x[pixel]) * Double(w[weight])
      dw[weight] += Double(d[place]) * Double(x[pixel])
    }
    var (forward, filter) = ([Float](repeating: .nan, count: y.count), [Float](repeating: 1, count: dw.count))
    let count = Convolution.scratchCount(
      of: Float.self, for: .forward, images: images, places: places, window: window)
    var scratch = [Float](repeating: .nan, count: count)
    scratch.withMemoryView { scratch in
      x.withMemoryView { x in
        w.withMemoryView { w in
          forward.withMemoryView {
            Convolution.convolve(x, images: images, w, window: window, into: $0, places: places, scratch: scratch)
          }
        }
        d.withMemoryView { d in
          filter.withMemoryView {
            Convolution.filterGradient(
              x, images: images, d, places: places, window: window, into: $0, accumulating: true, scratch: scratch)
          }
        }
      }
    }
    for (found, expected) in zip(forward, y) { #expect(abs(Double(found) - expected) < 1e-5) }
    for (found, expected) in zip(filter, dw) { #expect(abs(Double(found) - expected) < 2e-5) }
  }

  @Test func `are computed pixel by pixel in the passes that a first layer has`() {
    let (images, places) = (Dimensions([8, 28, 28, 1]), Dimensions([8, 28, 28, 32]))
    func method(_ pass: Convolution.Pass, _ axis: SlidingWindow.Axis) -> ConvolutionMethod {
      .fastest(
        Float.self, for: pass, images: images, places: places, window: .init(vertical: axis, horizontal: axis))
    }
    #expect(method(.forward, .init(5, before: 2, after: 2)) == .direct)
    #expect(method(.filterGradient, .init(3, before: 1, after: 1)) == .direct)
    #expect(method(.inputGradient, .init(5, before: 2, after: 2)) != .direct)
    #expect(method(.forward, .init(7, before: 3, after: 3)) == .patches)
  }
}
