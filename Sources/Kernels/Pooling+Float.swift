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
      let isSmall = isApart && pixels.rows == 2 && pixels.columns == 2
      unsafe forEachVector(channels) { channel, load, store in
        let largest = unsafe load(y.base + (place &* channels &+ channel))
        var left = unsafe load(d.base + (place &* channels &+ channel))
        func takeShare(of pixel: FloatVector) -> FloatVector {
          let isLargest = pixel .== largest
          let share = FloatVector.zero.replacing(with: left, where: isLargest)
          left = left.replacing(with: .zero, where: isLargest)
          return share
        }
        if isSmall {
          // All loads before the first store: a load behind a store of the same place in its page waits for it.
          let first = pixels.first &* channels &+ channel
          let (right, below) = (pixels.columnStep &* channels, pixels.rowStep &* channels)
          let (source, target) = unsafe (x.base + first, dx.base + first)
          let pixels = unsafe (load(source), load(source + right), load(source + below), load(source + below + right))
          unsafe store(takeShare(of: pixels.0), target)
          unsafe store(takeShare(of: pixels.1), target + right)
          unsafe store(takeShare(of: pixels.2), target + below)
          unsafe store(takeShare(of: pixels.3), target + below + right)
        } else {
          pixels.forEach { pixel in
            let offset = pixel &* channels &+ channel
            let share = unsafe takeShare(of: load(x.base + offset))
            unsafe store(isApart ? share : load(dx.base + offset) + share, dx.base + offset)
          }
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
