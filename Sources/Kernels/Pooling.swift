/// Reducing the pixels under a window to one, channel by channel.
///
/// Padding never takes part: not in a maximum, nor in the number of pixels that a mean is taken over.
public enum Pooling {
  /// The largest pixel under the window at each of its places.
  ///
  /// - Parameters:
  ///   - x: Images, of shape `images`.
  ///   - y: Shape `places`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximum<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow, into y: MemoryView<Scalar>, places: Dimensions
  ) {
    check(x, images, window, y, places)
    if let x = x.cast(to: Float.self), let y = y.cast(to: Float.self) {
      return FloatPooling.maximum(x, images, window, into: y, places)
    }
    let channels = images[3]
    // Safety: here and below the counts were compared with the shapes, and `pixels` keeps to the image.
    forEachPlace(images, window, places) { place, pixels in
      let target = unsafe y.base + place * channels
      for channel in 0..<channels { unsafe target[channel] = -.infinity }
      pixels.forEach { pixel in
        let source = unsafe x.base + pixel * channels
        for channel in 0..<channels {
          let (old, new) = unsafe (target[channel], source[channel])
          unsafe target[channel] = new > old ? new : new == new ? old : new
        }
      }
    }
  }

  /// The cotangent of the images of ``maximum(_:images:window:into:places:)``: of equal largest pixels the first has it.
  ///
  /// - Parameters:
  ///   - y: What the maximum gave.
  ///   - d: Its cotangent.
  ///   - dx: Shape `images`; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximumGradient<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow, _ y: MemoryView<Scalar>,
    _ d: MemoryView<Scalar>, places: Dimensions, into dx: MemoryView<Scalar>
  ) {
    check(x, images, window, y, places)
    let channels = images[3]
    precondition(d.count == y.count && dx.count == x.count, "\(d.count), \(dx.count)")
    if let x = x.cast(to: Float.self), let y = y.cast(to: Float.self), let d = d.cast(to: Float.self),
      let dx = dx.cast(to: Float.self)
    {
      return FloatPooling.maximumGradient(x, images, window, y, d, places, into: dx)
    }
    dx.fill(0)
    forEachPlace(images, window, places) { place, pixels in
      for channel in 0..<channels {
        let (largest, cotangent) = unsafe (y.base[place * channels + channel], d.base[place * channels + channel])
        var isFound = false
        pixels.forEach { pixel in
          let isLargest = unsafe x.base[pixel * channels + channel] == largest
          if isLargest, !isFound { unsafe dx.base[pixel * channels + channel] += cotangent }
          isFound = isFound || isLargest
        }
      }
    }
  }

  /// For each place the scalar of `values` at the first largest pixel of `x`: the pullback of ``maximumGradient``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func valuesAtMaximum<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, window: SlidingWindow, _ y: MemoryView<Scalar>,
    _ values: MemoryView<Scalar>, into z: MemoryView<Scalar>, places: Dimensions
  ) {
    check(x, images, window, y, places)
    let channels = images[3]
    precondition(z.count == y.count && values.count == x.count, "\(z.count), \(values.count)")
    forEachPlace(images, window, places) { place, pixels in
      for channel in 0..<channels {
        var isFound = false
        unsafe z.base[place * channels + channel] = 0
        pixels.forEach { pixel in
          let isLargest = unsafe x.base[pixel * channels + channel] == y.base[place * channels + channel]
          guard isLargest, !isFound else { return }
          isFound = true
          unsafe z.base[place * channels + channel] = values.base[pixel * channels + channel]
        }
      }
    }
  }

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
      let source = unsafe d.base + place * channels
      let share = 1 / Scalar(max(pixels.count, 1))
      pixels.forEach { pixel in
        let target = unsafe dx.base + pixel * channels
        for channel in 0..<channels { unsafe target[channel] += source[channel] * share }
      }
    }
  }

  private static func check<Scalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ window: SlidingWindow, _ y: MemoryView<Scalar>,
    _ places: Dimensions
  ) {
    window.check(images, places: places)
    precondition(images[3] == places[3], "\(images) pooled to \(places)")
    precondition(x.count == images.count && y.count == places.count, "\(x.count), \(y.count) for \(images), \(places)")
  }

  /// The pixels under a window, row by row.
  struct Pixels {
    var first: Int
    var rows: Int
    var columns: Int
    var rowStep: Int
    var columnStep: Int

    @inline(always) var count: Int { rows * columns }

    @inline(always) func forEach(_ body: (Int) -> Void) {
      for row in 0..<rows {
        for column in 0..<columns { body(first + row * rowStep + column * columnStep) }
      }
    }
  }

  @inline(always) static func forEachPlace(
    _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ body: (Int, Pixels) -> Void
  ) {
    let (height, width) = (images[1], images[2])
    var place = 0
    for image in 0..<images[0] {
      for down in 0..<places[1] {
        let top = window.vertical.start(down)
        let rows = window.vertical.inside(from: top, of: height)
        for across in 0..<places[2] {
          let left = window.horizontal.start(across)
          let columns = window.horizontal.inside(from: left, of: width)
          let y = image * height + top + rows.lowerBound * window.vertical.dilation
          let x = left + columns.lowerBound * window.horizontal.dilation
          body(
            place,
            Pixels(
              first: y * width + x, rows: rows.count, columns: columns.count,
              rowStep: window.vertical.dilation * width, columnStep: window.horizontal.dilation))
          place += 1
        }
      }
    }
  }
}
