/// A maximum pool of images of floats, 16 channels at a time: at each place of a window a value, the largest pixel under it
/// or its cotangent, and which of the window's pixels that is.
package struct MaximumPool {
  /// The values, of shape ``places``.
  let values: MemoryView<Float>
  /// The number of each place's largest pixel among those under the window, row by row; of shape ``places``.
  let selection: MemoryView<Int32>
  let window: SlidingWindow
  let places: Dimensions

  /// A pool whose values and selection lie in these places.
  package init(values: MemoryView<Float>, selection: MemoryView<Int32>, window: SlidingWindow, places: Dimensions) {
    precondition(
      values.count == places.count && selection.count == places.count,
      "\(values.count) values, \(selection.count) selected for \(places)")
    (self.values, self.selection) = (values, selection)
    (self.window, self.places) = (window, places)
  }

  // Safety: counts were compared with the shapes above and by the callers; `forEachPlace` keeps to the image.

  /// Takes values and selection from all images, of shape `images`.
  func fill(from x: MemoryView<Float>, _ images: Dimensions) {
    for image in 0..<images[0] { fill(image, from: x[images.scalars(ofImage: image)], images) }
  }

  /// Takes the values and the selection of the image number `image` from its pixels.
  func fill(_ image: Int, from pixels: MemoryView<Float>, _ images: Dimensions) {
    window.check(images, places: places)
    precondition(pixels.count == images.count(of: 1..<4), "\(pixels.count) scalars of \(images)")
    let channels = images[3]
    Pooling.forEachPlace(
      of: image, images, window, places, pixelsFrom: 0, rowStep: images[2] * channels, columnStep: channels
    ) { place, under in
      let isSmall = under.rows == 2 && under.columns == 2
      forEachVector(channels) { channel, lanes in
        let first = unsafe UnsafePointer(pixels.base) + under.first + channel
        var largest = Largest()
        if isSmall {
          largest.take(unsafe VectorMemory.load(first, lanes), 0)
          largest.take(unsafe VectorMemory.load(first + under.columnStep, lanes), 1)
          largest.take(unsafe VectorMemory.load(first + under.rowStep, lanes), 2)
          largest.take(unsafe VectorMemory.load(first + under.rowStep + under.columnStep, lanes), 3)
        } else {
          var number: Int32 = 0
          under.forEach { pixel in
            largest.take(unsafe VectorMemory.load(first + (pixel - under.first), lanes), number)
            number += 1
          }
        }
        let target = place &* channels &+ channel
        unsafe VectorMemory.store(largest.value, values.base + target, lanes)
        unsafe VectorMemory.store(largest.number, selection.base + target, lanes)
      }
    }
  }

  /// The largest of some vectors, lane by lane, and which one that is.
  private struct Largest {
    var value = FloatVector(repeating: -.infinity)
    var number = BitVector(repeating: 0)

    /// Looks at one more; the first one that is not a number is the largest.
    @inline(always) mutating func take(_ new: FloatVector, _ newNumber: Int32) {
      let isLarger = (value .< new) | ((new .!= new) & (value .== value))
      value = value.replacing(with: new, where: isLarger)
      number = number.replacing(with: BitVector(repeating: newNumber), where: isLarger)
    }
  }

  /// Writes the values of all images to their pixels, zeros to the others.
  func spread(to dx: MemoryView<Float>, _ images: Dimensions) {
    for image in 0..<images[0] { spread(image, to: dx[images.scalars(ofImage: image)], images) }
  }

  /// Writes the values of one image to its pixels, zeros to the others.
  func spread(_ image: Int, to pixels: MemoryView<Float>, _ images: Dimensions) {
    window.check(images, places: places)
    precondition(pixels.count == images.count(of: 1..<4), "\(pixels.count) scalars of \(images)")
    let isCovered =
      window.vertical.covers(images[1], places: places[1]) && window.horizontal.covers(images[2], places: places[2])
    if !window.isApart || !isCovered { pixels.fill(0) }
    unsafe spread(
      image, images, channels: 0..<images[3], to: pixels.base, rowStep: images[2] * images[3], columnStep: images[3])
  }

  /// Writes the values of one image, some of its channels, to the pixels from `target` on, which are as far apart as the
  /// steps say; adds them where places share pixels. Pixels under no window stay as they are.
  @unsafe @inline(always) func spread(
    _ image: Int, _ images: Dimensions, channels: Range<Int>, to target: UnsafeMutablePointer<Float>, rowStep: Int,
    columnStep: Int
  ) {
    let isApart = window.isApart
    Pooling.forEachPlace(
      of: image, images, window, places, pixelsFrom: 0, rowStep: rowStep, columnStep: columnStep
    ) { place, under in
      let isSmall = isApart && under.rows == 2 && under.columns == 2
      forEachVector(channels.count) { channel, lanes in
        let source = place &* places[3] &+ channels.lowerBound &+ channel
        let value = unsafe VectorMemory.load(values.base + source, lanes)
        let selected = unsafe VectorMemory.load(selection.base + source, lanes)
        func share(_ number: Int32) -> FloatVector {
          FloatVector.zero.replacing(with: value, where: selected .== BitVector(repeating: number))
        }
        let first = unsafe target + under.first + channel
        if isSmall {
          unsafe VectorMemory.store(share(0), first, lanes)
          unsafe VectorMemory.store(share(1), first + under.columnStep, lanes)
          unsafe VectorMemory.store(share(2), first + under.rowStep, lanes)
          unsafe VectorMemory.store(share(3), first + under.rowStep + under.columnStep, lanes)
        } else {
          var number: Int32 = 0
          under.forEach { pixel in
            let place = unsafe first + (pixel - under.first)
            let share = share(number)
            unsafe VectorMemory.store(isApart ? share : VectorMemory.load(place, lanes) + share, place, lanes)
            number += 1
          }
        }
      }
    }
  }

  /// Calls `body` for each 16 channels, the last ones perhaps fewer, with the first one and how many there are.
  @inline(always) private func forEachVector(_ channels: Int, _ body: (Int, Int) -> Void) {
    var channel = 0
    while channel &+ VectorMemory.width <= channels {
      body(channel, VectorMemory.width)
      channel &+= VectorMemory.width
    }
    if channel < channels { body(channel, channels &- channel) }
  }
}

extension SlidingWindow {
  /// Whether no two places share a pixel.
  var isApart: Bool { vertical.isApart && horizontal.isApart }
}

extension SlidingWindow.Axis {
  /// Whether no two places of the window share a pixel.
  fileprivate var isApart: Bool { stride >= (extent - 1) * dilation + 1 }

  /// Whether every one of `count` pixels lies under the window at one of its places.
  fileprivate func covers(_ count: Int, places: Int) -> Bool {
    dilation == 1 && stride <= extent && places > 0 && start(places - 1) + extent >= count
  }
}
