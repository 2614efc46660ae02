extension Convolution {
  /// The depthwise convolution: each channel has filters of its own, `y[…, c·m + k] = Σ x[…, c] filters[i, j, c, k]`.
  ///
  /// - Parameters:
  ///   - x: Images, of shape `images`.
  ///   - filters: Shape `[window height, window width, channels, multiplier]`.
  ///   - y: Shape `places`, `channels × multiplier` channels.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func depthwise<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, _ filters: MemoryView<Scalar>, window: SlidingWindow,
    into y: MemoryView<Scalar>, places: Dimensions
  ) {
    let multiplier = checkDepthwise(x, images, filters, window, y, places)
    y.fill(0)
    forEachTap(images, window, places) { pixel, place, tap in
      for channel in 0..<images[3] {
        for copy in 0..<multiplier {
          // Safety: here and below the counts were compared with the shapes, which bound all three places.
          let weight = unsafe filters.base[(tap + channel) * multiplier + copy]
          unsafe y.base[place + channel * multiplier + copy] += x.base[pixel + channel] * weight
        }
      }
    }
  }

  /// The cotangent of the filters of a depthwise convolution; overwritten, or with `accumulating` added to.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func depthwiseFilterGradient<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow,
    into filters: MemoryView<Scalar>, accumulating: Bool = false
  ) {
    let multiplier = checkDepthwise(x, images, filters, window, d, places)
    if !accumulating { filters.fill(0) }
    forEachTap(images, window, places) { pixel, place, tap in
      for channel in 0..<images[3] {
        for copy in 0..<multiplier {
          let cotangent = unsafe d.base[place + channel * multiplier + copy]
          unsafe filters.base[(tap + channel) * multiplier + copy] += x.base[pixel + channel] * cotangent
        }
      }
    }
  }

  /// The cotangent of the images of a depthwise convolution; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func depthwiseInputGradient<Scalar: BLASScalar>(
    _ filters: MemoryView<Scalar>, _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow,
    into x: MemoryView<Scalar>, images: Dimensions
  ) {
    let multiplier = checkDepthwise(x, images, filters, window, d, places)
    x.fill(0)
    forEachTap(images, window, places) { pixel, place, tap in
      for channel in 0..<images[3] {
        for copy in 0..<multiplier {
          let weight = unsafe filters.base[(tap + channel) * multiplier + copy]
          unsafe x.base[pixel + channel] += d.base[place + channel * multiplier + copy] * weight
        }
      }
    }
  }

  private static func checkDepthwise<Scalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ filters: MemoryView<Scalar>, _ window: SlidingWindow,
    _ y: MemoryView<Scalar>, _ places: Dimensions
  ) -> Int {
    window.check(images, places: places)
    let channels = images[3]
    let multiplier = channels == 0 ? 0 : places[3] / channels
    precondition(places[3] == multiplier * channels, "\(places[3]) channels of \(channels)")
    precondition(x.count == images.count && y.count == places.count, "\(x.count), \(y.count) for \(images), \(places)")
    precondition(filters.count == window.count * places[3], "\(filters.count) weights for \(places[3]) channels")
    return multiplier
  }

  /// For each place and each pixel under the window there: where the pixel is in the images, where the place is in the
  /// result, and where the pixel's weights are, counted in channels.
  @inline(always) private static func forEachTap(
    _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ body: (Int, Int, Int) -> Void
  ) {
    for image in 0..<images[0] {
      for down in 0..<places[1] {
        let top = window.vertical.start(down)
        let rows = window.vertical.inside(from: top, of: images[1])
        for across in 0..<places[2] {
          let left = window.horizontal.start(across)
          let columns = window.horizontal.inside(from: left, of: images[2])
          let place = ((image * places[1] + down) * places[2] + across) * places[3]
          for row in rows {
            let y = top + row * window.vertical.dilation
            for column in columns {
              let x = left + column * window.horizontal.dilation
              let pixel = ((image * images[1] + y) * images[2] + x) * images[3]
              body(pixel, place, (row * window.horizontal.extent + column) * images[3])
            }
          }
        }
      }
    }
  }
}
