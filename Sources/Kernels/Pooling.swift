/// Reducing the pixels under a window to one, channel by channel.
///
/// Padding never takes part: not in a maximum, nor in the number of pixels that a mean is taken over.
public enum Pooling {
  /// The mean of the pixels under the window at each of its places.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func mean<Scalar: BLASScalar & SummableScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow, into y: MemoryView<Scalar>, places: Dimensions
  ) {
    check(x, images, window, y, places)
    let channels = images[3]
    y.fill(0)
    forEachPlace(images, window, places) { place, pixels in
      // Safety: `check` compared the counts with the shapes, and the window's places and pixels lie within these.
      let target = unsafe y.base + place * channels
      pixels.forEach { pixel in unsafe Scalar.add(x.base + pixel * channels, to: target, count: channels) }
      let share = 1 / Scalar(max(pixels.count, 1))
      for channel in 0..<channels { unsafe target[channel] *= share }
    }
  }

  /// The cotangent of the images of ``mean(_:images:window:into:places:)``.
  ///
  /// - Parameter dx: Shape `images`; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func meanGradient<Scalar: BLASScalar>(
    _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow, into dx: MemoryView<Scalar>, images: Dimensions
  ) {
    check(dx, images, window, d, places)
    let channels = images[3]
    dx.fill(0)
    forEachPlace(images, window, places) { place, pixels in
      // Safety: as in `mean`.
      let source = unsafe d.base + place * channels
      let share = 1 / Scalar(max(pixels.count, 1))
      pixels.forEach { pixel in
        let target = unsafe dx.base + pixel * channels
        for channel in 0..<channels { unsafe target[channel] += source[channel] * share }
      }
    }
  }

  static func check<Scalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ window: SlidingWindow, _ y: MemoryView<Scalar>,
    _ places: Dimensions
  ) {
    window.check(images, places: places)
    precondition(images[3] == places[3], "\(images) pooled to \(places)")
    precondition(x.count == images.count && y.count == places.count, "\(x.count), \(y.count) for \(images), \(places)")
  }

  /// The pixels under a window, row by row.
  struct Pixels {
    /// The first one.
    var first: Int
    var rows: Int
    var columns: Int
    /// How far apart rows and columns are.
    var (rowStep, columnStep): (Int, Int)

    @inline(always) var count: Int { rows * columns }

    @inline(always) func forEach(_ body: (Int) -> Void) {
      for row in 0..<rows {
        for column in 0..<columns { body(first + row * rowStep + column * columnStep) }
      }
    }
  }

  /// Calls `body` for each place of the window on any of `images` with the pixels there.
  @inline(always) static func forEachPlace(
    _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ body: (Int, Pixels) -> Void
  ) {
    let pixels = images[1] * images[2]
    for image in 0..<images[0] {
      forEachPlace(
        of: image, images, window, places, pixelsFrom: image * pixels, rowStep: images[2], columnStep: 1, body)
    }
  }

  /// Calls `body` for each place of the window on one image, whose pixels are as far apart as the steps say.
  @inline(always) static func forEachPlace(
    of image: Int, _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions,
    pixelsFrom first: Int, rowStep: Int, columnStep: Int, _ body: (Int, Pixels) -> Void
  ) {
    let (height, width) = (images[1], images[2])
    var place = image * places[1] * places[2]
    for down in 0..<places[1] {
      let top = window.vertical.start(down)
      let rows = window.vertical.inside(from: top, of: height)
      let row = first + (top + rows.lowerBound * window.vertical.dilation) * rowStep
      for across in 0..<places[2] {
        let left = window.horizontal.start(across)
        let columns = window.horizontal.inside(from: left, of: width)
        let column = left + columns.lowerBound * window.horizontal.dilation
        body(
          place,
          Pixels(
            first: row + column * columnStep, rows: rows.count, columns: columns.count,
            rowStep: window.vertical.dilation * rowStep, columnStep: window.horizontal.dilation * columnStep))
        place += 1
      }
    }
  }
}
