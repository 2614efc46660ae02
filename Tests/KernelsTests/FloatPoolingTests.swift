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
    struct Result<Scalar: BLASScalar> {
      var (y, selection): ([Scalar], [Int32])
      var dx: [Scalar]
    }
    func pooled<Scalar: BLASScalar>(_ x: [Scalar], _ d: [Scalar]) -> Result<Scalar> {
      var (x, d) = (x, d)
      var result = Result<Scalar>(
        y: [Scalar](repeating: .nan, count: places.count), selection: [Int32](repeating: -1, count: places.count),
        dx: [Scalar](repeating: .nan, count: images.count))
      x.withMemoryView { x in
        result.y.withMemoryView { y in
          result.selection.withMemoryView {
            Pooling.maximum(x, images: images, window: window, into: y, selection: $0, places: places)
          }
        }
      }
      d.withMemoryView { d in
        result.dx.withMemoryView { dx in
          result.selection.withMemoryView {
            Pooling.maximumGradient($0, d, places: places, window: window, into: dx, images: images)
          }
        }
      }
      return result
    }
    let (doubles, floats) = (pooled(x, d), pooled(x.map { Float($0) }, d.map { Float($0) }))
    #expect(floats.y.map { Double($0) } == doubles.y)
    #expect(floats.selection == doubles.selection)
    #expect(floats.dx.map { Double($0) } == doubles.dx)
  }

  @Test func `pass on what is not a number`() {
    var (x, y) = ([Float](repeating: 1, count: 4 * 20), [Float](repeating: 0, count: 20))
    var selection = [Int32](repeating: -1, count: 20)
    x[20 + 3] = .nan
    x[40 + 3] = .nan
    x.withMemoryView { x in
      y.withMemoryView { y in
        selection.withMemoryView {
          Pooling.maximum(
            x, images: [1, 2, 2, 20], window: .init(vertical: .init(2), horizontal: .init(2)), into: y,
            selection: $0, places: [1, 1, 1, 20])
        }
      }
    }
    #expect(y.indices.filter { y[$0].isNaN } == [3])
    #expect(selection.enumerated().filter { $0.element != 0 }.map(\.offset) == [3] && selection[3] == 1)
  }
}
