import Kernels
import Testing

@Suite struct `Pools of floats` {
  static let windows: [SlidingWindow] = [
    // Windows that touch, overlap, leave gaps, reach off the image, and see nothing but padding.
    .init(vertical: .init(2, stride: 2), horizontal: .init(2, stride: 2, after: 1)),
    .init(vertical: .init(3, stride: 1, before: 1, after: 1), horizontal: .init(3, stride: 2, before: 1, after: 1)),
    .init(vertical: .init(2, stride: 3), horizontal: .init(1, stride: 2)),
    .init(vertical: .init(2, stride: 2, dilation: 2), horizontal: .init(2, stride: 4, before: 2, after: 2)),
  ]

  @Test(arguments: windows, [1, 16, 37]) func `equal those of doubles`(_ window: SlidingWindow, _ channels: Int) {
    let images: Dimensions = [2, 8, 7, channels]
    let places: Dimensions = [
      2, window.vertical.places(on: 8)!, window.horizontal.places(on: 7)!, channels,
    ]
    // Few different values, so that the largest is often not alone; cotangents whose sums are exact.
    var (x, d) = ([Double](repeating: 0, count: images.count), [Double](repeating: 0, count: places.count))
    x.withMemoryView { Random.uniform(key: 1, stream: 1, into: $0) }
    d.withMemoryView { Random.uniform(key: 2, stream: 1, into: $0) }
    x = x.map { ($0 * 4).rounded() }
    d = d.map { ($0 * 1024).rounded() }
    func pooled<Scalar: BLASScalar>(_ x: [Scalar], _ d: [Scalar]) -> (y: [Scalar], dx: [Scalar]) {
      var (x, d, y) = (x, d, [Scalar](repeating: .nan, count: places.count))
      var dx = [Scalar](repeating: .nan, count: images.count)
      x.withMemoryView { x in
        y.withMemoryView { y in
          Pooling.maximum(x, images: images, window: window, into: y, places: places)
          d.withMemoryView { d in
            dx.withMemoryView {
              Pooling.maximumGradient(x, images: images, window: window, y, d, places: places, into: $0)
            }
          }
        }
      }
      return (y, dx)
    }
    let (doubles, floats) = (pooled(x, d), pooled(x.map { Float($0) }, d.map { Float($0) }))
    #expect(floats.y.map { Double($0) } == doubles.y)
    #expect(floats.dx.map { Double($0) } == doubles.dx)
  }

  @Test func `pass on what is not a number`() {
    var (x, y) = ([Float](repeating: 1, count: 4 * 20), [Float](repeating: 0, count: 20))
    x[20 + 3] = .nan
    x.withMemoryView { x in
      y.withMemoryView {
        Pooling.maximum(
          x, images: [1, 2, 2, 20], window: .init(vertical: .init(2), horizontal: .init(2)), into: $0,
          places: [1, 1, 1, 20])
      }
    }
    #expect(y.indices.filter { y[$0].isNaN } == [3])
  }
}
