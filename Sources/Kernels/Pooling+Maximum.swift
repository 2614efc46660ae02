extension Pooling {
  /// The largest pixel under the window at each of its places.
  ///
  /// - Parameters:
  ///   - x: Images, of shape `images`.
  ///   - y: Shape `places`.
  ///   - selection: Shape `places`: the number of the first largest pixel among those under the window, row by row.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximum<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow, into y: MemoryView<Scalar>,
    selection: MemoryView<Int32>, places: Dimensions
  ) {
    check(x, images, window, y, places)
    precondition(selection.count == y.count, "\(selection.count) selected of \(y.count)")
    if let x = x.cast(to: Float.self), let y = y.cast(to: Float.self) {
      return MaximumPool(values: y, selection: selection, window: window, places: places).fill(from: x, images)
    }
    let channels = images[3]
    // Safety: here and below the counts were compared with the shapes, and `pixels` keeps to the image.
    forEachPlace(images, window, places) { place, pixels in
      for channel in place * channels..<(place + 1) * channels {
        var (largest, selected, number) = (-Scalar.infinity, Int32(0), Int32(0))
        pixels.forEach { pixel in
          let new = unsafe x.base[pixel * channels + channel - place * channels]
          // The first pixel that is not a number is the largest.
          if new > largest || (new != new && largest == largest) { (largest, selected) = (new, number) }
          number += 1
        }
        unsafe y.base[channel] = largest
        unsafe selection.base[channel] = selected
      }
    }
  }

  /// The cotangent of the images of ``maximum(_:images:window:into:selection:places:)``: the selected pixels have it.
  ///
  /// - Parameters:
  ///   - d: The cotangent of the maximum.
  ///   - dx: Shape `images`; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximumGradient<Scalar: BLASScalar>(
    _ selection: MemoryView<Int32>, _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow,
    into dx: MemoryView<Scalar>, images: Dimensions
  ) {
    check(dx, images, window, d, places)
    precondition(selection.count == d.count, "\(selection.count) selected of \(d.count)")
    if let d = d.cast(to: Float.self), let dx = dx.cast(to: Float.self) {
      return MaximumPool(values: d, selection: selection, window: window, places: places).spread(to: dx, images)
    }
    dx.fill(0)
    forEachSelected(selection, images, window, places) { place, pixel in
      unsafe dx.base[pixel] += d.base[place]
    }
  }

  /// For each place the scalar of `values` at the selected pixel: the pullback of ``maximumGradient``.
  ///
  /// - Parameters:
  ///   - values: Shape `images`.
  ///   - z: Shape `places`; zero where there is no pixel under the window.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func valuesAtMaximum<Scalar: BLASScalar>(
    _ selection: MemoryView<Int32>, _ values: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow,
    into z: MemoryView<Scalar>, places: Dimensions
  ) {
    check(values, images, window, z, places)
    precondition(selection.count == z.count, "\(selection.count) selected of \(z.count)")
    z.fill(0)
    forEachSelected(selection, images, window, places) { place, pixel in
      unsafe z.base[place] = values.base[pixel]
    }
  }

  /// Calls `body` for each scalar of the places and the scalar of the images that was selected for it.
  @inline(always) private static func forEachSelected(
    _ selection: MemoryView<Int32>, _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions,
    _ body: (_ place: Int, _ pixel: Int) -> Void
  ) {
    let channels = images[3]
    forEachPlace(images, window, places) { place, pixels in
      for channel in 0..<channels {
        let selected = unsafe selection.base[place * channels + channel]
        var number: Int32 = 0
        pixels.forEach { pixel in
          if number == selected { body(place * channels + channel, pixel * channels + channel) }
          number += 1
        }
      }
    }
  }
}
