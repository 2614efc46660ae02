extension Convolution {
  /// Copies the pixels under the window at the places `range` to the rows of `patches`; zeros where it is off the image.
  @inline(always) static func gather<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ range: Range<Int>,
    into patches: MemoryView<Scalar>
  ) {
    if window.isPointwise { return }
    let (channels, taps) = (images[3], window.horizontal.extent)
    // Safety: `check` compared the counts with the shapes, `inside` keeps to the image, and a row has `columns` scalars.
    forEachRun(images, window, places, range) { row, rowTap, source, inside in
      let target = unsafe patches.base + row + rowTap * taps * channels
      guard let source else {
        return unsafe fill(target, taps * channels)
      }
      unsafe fill(target, inside.lowerBound * channels)
      if window.horizontal.dilation == 1 {
        unsafe copy(
          x.base + source + inside.lowerBound * channels, target + inside.lowerBound * channels,
          inside.count * channels)
      } else {
        for tap in inside {
          unsafe copy(
            x.base + source + tap * window.horizontal.dilation * channels, target + tap * channels, channels)
        }
      }
      unsafe fill(target + inside.upperBound * channels, (taps - inside.upperBound) * channels)
    }
  }

  /// Adds the rows of `patches` to the pixels that lie under the window at the places `range`.
  @inline(always) static func scatter<Scalar: BLASScalar & SummableScalar>(
    _ patches: MemoryView<Scalar>, _ window: SlidingWindow, _ places: Dimensions, _ range: Range<Int>,
    into x: MemoryView<Scalar>, _ images: Dimensions
  ) {
    let (channels, taps) = (images[3], window.horizontal.extent)
    // Safety: as in `gather`.
    forEachRun(images, window, places, range) { row, rowTap, target, inside in
      guard let target else { return }
      let source = unsafe patches.base + row + rowTap * taps * channels
      if window.horizontal.dilation == 1 {
        unsafe Scalar.add(
          source + inside.lowerBound * channels, to: x.base + target + inside.lowerBound * channels,
          count: inside.count * channels)
      } else {
        for tap in inside {
          unsafe Scalar.add(
            source + tap * channels, to: x.base + target + tap * window.horizontal.dilation * channels,
            count: channels)
        }
      }
    }
  }

  /// For each place in `range` and each row of the window: where the place's patch starts, the row of the window, where
  /// its first pixel is in the images (`nil` if the row is off the image), and which of its pixels lie inside.
  @inline(always) private static func forEachRun(
    _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ range: Range<Int>,
    _ body: (_ patch: Int, _ rowTap: Int, _ pixel: Int?, _ inside: Range<Int>) -> Void
  ) {
    let (height, width, channels) = (images[1], images[2], images[3])
    let columns = window.count * channels
    var place = range.lowerBound % (places[1] * places[2])
    var image = range.lowerBound / (places[1] * places[2])
    var (down, across) = (place / places[2], place % places[2])
    place = 0
    for _ in range {
      let (top, left) = (window.vertical.start(down), window.horizontal.start(across))
      let inside = window.horizontal.inside(from: left, of: width)
      for rowTap in 0..<window.vertical.extent {
        let y = top + rowTap * window.vertical.dilation
        let isOn = y >= 0 && y < height && !inside.isEmpty
        body(place, rowTap, isOn ? ((image * height + y) * width + left) * channels : nil, inside)
      }
      place += columns
      across += 1
      guard across == places[2] else { continue }
      (across, down) = (0, down + 1)
      guard down == places[1] else { continue }
      (down, image) = (0, image + 1)
    }
  }

  /// Short runs are copied in a loop: calling the library for a few scalars costs more than they do.
  @unsafe @inline(always) private static func copy<Scalar: BitwiseCopyable>(
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    if count >= 32 { return unsafe target.update(from: source, count: count) }
    for index in 0..<count { unsafe target[index] = source[index] }
  }

  @unsafe @inline(always) private static func fill<Scalar: BLASScalar>(
    _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    for index in 0..<count { unsafe target[index] = 0 }
  }
}
