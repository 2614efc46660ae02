import Kernels
import Testing

@Suite struct `Convolutions` {
  struct Case: CustomTestStringConvertible, Sendable {
    var images: [Int]
    var filters: Int
    var window: SlidingWindow
    var testDescription: String { "\(images), \(filters) filters, \(window.vertical), \(window.horizontal)" }

    var places: Dimensions {
      [images[0], window.vertical.places(on: images[1])!, window.horizontal.places(on: images[2])!, filters]
    }

    static let all: [Case] = [
      Case(images: [2, 5, 6, 3], filters: 4, window: .init(vertical: .init(3), horizontal: .init(2))),
      Case(
        images: [3, 7, 4, 1], filters: 5,
        window: .init(vertical: .init(5, before: 2, after: 2), horizontal: .init(3, before: 1, after: 1))),
      Case(
        images: [2, 9, 8, 2], filters: 3,
        window: .init(
          vertical: .init(3, stride: 2, before: 1, after: 2), horizontal: .init(2, stride: 3, dilation: 2, before: 2))),
      Case(images: [4, 3, 3, 7], filters: 2, window: .init(vertical: .init(1), horizontal: .init(1))),
      Case(
        images: [1, 4, 4, 2], filters: 1,
        window: .init(vertical: .init(1, stride: 2), horizontal: .init(3, dilation: 2, before: 4, after: 3))),
      Case(
        images: [1, 2, 2, 1], filters: 2,
        window: .init(vertical: .init(2, before: 3, after: 3), horizontal: .init(2, before: 3, after: 3))),
      Case(images: [0, 4, 4, 1], filters: 2, window: .init(vertical: .init(2), horizontal: .init(2))),
    ]
  }

  private func random(_ count: Int, seed: UInt64) -> [Double] {
    var values = [Double](repeating: 0, count: count)
    values.withMemoryView { Random.uniform(key: seed, stream: 2, into: $0) }
    return values.map { $0 - 0.5 }
  }

  /// The result of `body` on four arrays lent as views; the last is `count` zeros.
  private func run(
    _ a: [Double], _ b: [Double], count: Int, scratch: Int,
    _ body: (MemoryView<Double>, MemoryView<Double>, MemoryView<Double>, MemoryView<Double>) -> Void
  ) -> [Double] {
    var (a, b) = (a, b)
    var result = [Double](repeating: 9, count: count)
    var scratch = [Double](repeating: 9, count: scratch)
    a.withMemoryView { a in
      b.withMemoryView { b in
        result.withMemoryView { result in scratch.withMemoryView { body(a, b, result, $0) } }
      }
    }
    return result
  }

  @Test(arguments: Case.all) func `and their pullbacks equal their definition`(_ test: Case) {
    let (images, places) = (Dimensions(test.images), test.places)
    let weights = test.window.count * images[3] * test.filters
    let (x, w, d) = (random(images.count, seed: 1), random(weights, seed: 2), random(places.count, seed: 3))
    var y = [Double](repeating: 0, count: d.count)
    var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: weights))
    ReferenceConvolution.forEachProduct(images: test.images, filters: test.filters, window: test.window) {
      pixel, weight, place in
      y[place] += x[pixel] * w[weight]
      dx[pixel] += d[place] * w[weight]
      dw[weight] += d[place] * x[pixel]
    }
    // Room for one row of the matrix, for two, and for all that is worth having.
    let row = test.window.count * images[3]
    let most = Convolution.scratchCount(
      of: Double.self, for: .forward, images: images, places: places, window: test.window)
    for scratch in [row, 2 * row, max(most, row)] {
      let forward = run(x, w, count: y.count, scratch: scratch) {
        Convolution.convolve($0, images: images, $1, window: test.window, into: $2, places: places, scratch: $3)
      }
      let input = run(w, d, count: x.count, scratch: scratch) {
        Convolution.inputGradient($0, $1, places: places, window: test.window, into: $2, images: images, scratch: $3)
      }
      let filter = run(x, d, count: weights, scratch: scratch) {
        Convolution.filterGradient($0, images: images, $1, places: places, window: test.window, into: $2, scratch: $3)
      }
      for (a, b) in zip(forward + input + filter, y + dx + dw) { #expect(abs(a - b) < 1e-12) }
    }
  }

  @Test(arguments: Case.all) func `of each channel equal those of images with one channel`(_ test: Case) {
    let (multiplier, images) = (2, Dimensions(test.images))
    var places = test.places
    places[3] = images[3] * multiplier
    let weights = test.window.count * places[3]
    let (x, w, d) = (random(images.count, seed: 1), random(weights, seed: 2), random(places.count, seed: 3))
    var y = [Double](repeating: 0, count: d.count)
    var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: weights))
    let planes = Array(test.images[..<3]) + [1]
    for channel in 0..<images[3] {
      ReferenceConvolution.forEachProduct(images: planes, filters: multiplier, window: test.window) {
        pixel, weight, place in
        let pixel = pixel * images[3] + channel
        let (tap, copy) = (weight / multiplier, weight % multiplier)
        let weight = (tap * images[3] + channel) * multiplier + copy
        let place = (place / multiplier * images[3] + channel) * multiplier + copy
        y[place] += x[pixel] * w[weight]
        dx[pixel] += d[place] * w[weight]
        dw[weight] += d[place] * x[pixel]
      }
    }
    let forward = run(x, w, count: y.count, scratch: 0) { x, w, y, _ in
      Convolution.depthwise(x, images: images, w, window: test.window, into: y, places: places)
    }
    let input = run(w, d, count: x.count, scratch: 0) { w, d, dx, _ in
      Convolution.depthwiseInputGradient(w, d, places: places, window: test.window, into: dx, images: images)
    }
    let filter = run(x, d, count: weights, scratch: 0) { x, d, dw, _ in
      Convolution.depthwiseFilterGradient(x, images: images, d, places: places, window: test.window, into: dw)
    }
    for (a, b) in zip(forward + input + filter, y + dx + dw) { #expect(abs(a - b) < 1e-12) }
  }

  @Test(arguments: Case.all) func `are like pools over the same windows`(_ test: Case) {
    let images = Dimensions(test.images)
    var places = test.places
    places[3] = images[3]
    // Few different values, so that the largest is often not alone.
    let x = random(images.count, seed: 1).map { ($0 * 4).rounded() }
    let d = random(places.count, seed: 3)
    var under = [[Int]](repeating: [], count: d.count)
    for channel in 0..<images[3] {
      ReferenceConvolution.forEachProduct(images: Array(test.images[..<3]) + [1], filters: 1, window: test.window) {
        pixel, _, place in
        under[place * images[3] + channel].append(pixel * images[3] + channel)
      }
    }
    var (largest, mean, atLargest) = ([Double](), [Double](), [Double]())
    var (dLargest, dMean) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: x.count))
    let values = random(x.count, seed: 4)
    for (place, pixels) in under.enumerated() {
      let top = pixels.map { x[$0] }.max() ?? -.infinity
      largest.append(top)
      mean.append(pixels.reduce(0) { $0 + x[$1] } / Double(max(pixels.count, 1)))
      let first = pixels.first { x[$0] == top }
      atLargest.append(first.map { values[$0] } ?? 0)
      if let first { dLargest[first] += d[place] }
      for pixel in pixels { dMean[pixel] += d[place] / Double(pixels.count) }
    }
    var selection = [Int32](repeating: -1, count: d.count)
    let maxima = run(x, d, count: d.count, scratch: 0) { x, _, y, _ in
      selection.withMemoryView {
        Pooling.maximum(x, images: images, window: test.window, into: y, selection: $0, places: places)
      }
    }
    #expect(maxima == largest)
    let means = run(x, d, count: d.count, scratch: 0) { x, _, y, _ in
      Pooling.mean(x, images: images, window: test.window, into: y, places: places)
    }
    let gradient = run(x, d, count: x.count, scratch: 0) { _, d, dx, _ in
      selection.withMemoryView {
        Pooling.maximumGradient($0, d, places: places, window: test.window, into: dx, images: images)
      }
    }
    let meanGradient = run(x, d, count: x.count, scratch: 0) { _, d, dx, _ in
      Pooling.meanGradient(d, places: places, window: test.window, into: dx, images: images)
    }
    let picked = run(x, values, count: d.count, scratch: 0) { _, values, z, _ in
      selection.withMemoryView {
        Pooling.valuesAtMaximum($0, values, images: images, window: test.window, into: z, places: places)
      }
    }
    for (a, b) in zip(means + gradient + meanGradient + picked, mean + dLargest + dMean + atLargest) {
      #expect(abs(a - b) < 1e-12)
    }
  }
}
