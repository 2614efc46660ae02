/// Maximum pools of floats, 16 channels at a time.
enum FloatPooling {
  // Safety: `Pooling` compared the counts of the views with the shapes; `forEachPlace` keeps to the image.

  /// ``Pooling/maximum(_:images:window:into:places:)``
  static func maximum(
    _ x: MemoryView<Float>, _ images: Dimensions, _ window: SlidingWindow, into y: MemoryView<Float>,
    _ places: Dimensions
  ) {
    let channels = images[3]
    Pooling.forEachPlace(images, window, places) { place, pixels in
      unsafe forEachVector(channels) { channel, load, store in
        var largest = VectorMath.all(-.infinity)
        pixels.forEach { pixel in
          let new = unsafe load(x.base + (pixel &* channels &+ channel))
          // A pixel that is not a number is the largest.
          largest = largest.replacing(with: new, where: (largest .< new) | (new .!= new))
        }
        unsafe store(largest, y.base + (place &* channels &+ channel))
      }
    }
  }

  /// ``Pooling/maximumGradient(_:images:window:_:_:places:into:)``
  static func maximumGradient(
    _ x: MemoryView<Float>, _ images: Dimensions, _ window: SlidingWindow, _ y: MemoryView<Float>,
    _ d: MemoryView<Float>, _ places: Dimensions, into dx: MemoryView<Float>
  ) {
    let channels = images[3]
    let isApart = window.vertical.isApart && window.horizontal.isApart
    let isCovered =
      window.vertical.covers(images[1], places: places[1]) && window.horizontal.covers(images[2], places: places[2])
    if !isApart || !isCovered { dx.fill(0) }
    Pooling.forEachPlace(images, window, places) { place, pixels in
      unsafe forEachVector(channels) { channel, load, store in
        let largest = unsafe load(y.base + (place &* channels &+ channel))
        var left = unsafe load(d.base + (place &* channels &+ channel))
        pixels.forEach { pixel in
          let offset = pixel &* channels &+ channel
          let isLargest = unsafe load(x.base + offset) .== largest
          let share = FloatVector.zero.replacing(with: left, where: isLargest)
          left = left.replacing(with: .zero, where: isLargest)
          unsafe store(isApart ? share : load(dx.base + offset) + share, dx.base + offset)
        }
      }
    }
  }

  /// Calls `body` for each 16 channels with loads and stores of them, the last ones perhaps fewer.
  @unsafe @inline(always) private static func forEachVector(
    _ channels: Int,
    _ body: (
      Int, (UnsafePointer<Float>) -> FloatVector, (FloatVector, UnsafeMutablePointer<Float>) -> Void
    ) -> Void
  ) {
    var channel = 0
    while channel &+ VectorMemory.width <= channels {
      unsafe body(channel, { unsafe VectorMemory.load($0) }, { unsafe VectorMemory.store($0, $1) })
      channel &+= VectorMemory.width
    }
    let rest = channels &- channel
    guard rest > 0 else { return }
    unsafe body(
      channel, { unsafe VectorMemory.load($0, first: rest) }, { unsafe VectorMemory.store($0, $1, first: rest) })
  }
}

extension SlidingWindow.Axis {
  /// Whether no two places of the window share a pixel.
  fileprivate var isApart: Bool { stride >= (extent - 1) * dilation + 1 }

  /// Whether every one of `count` pixels lies under the window at one of its places.
  fileprivate func covers(_ count: Int, places: Int) -> Bool {
    dilation == 1 && stride <= extent && places > 0 && start(places - 1) + extent >= count
  }
}
