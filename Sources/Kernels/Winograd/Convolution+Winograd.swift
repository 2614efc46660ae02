extension Convolution {
  /// ``convolve(_:images:_:window:into:places:scratch:)`` by Winograd's method.
  package static func convolve(
    by filter: WinogradFilter, _ x: ImageSource, images: Dimensions, _ filters: MemoryView<Float>,
    window: SlidingWindow, into y: ConvolutionResults, places: Dimensions, scratch: MemoryView<Float>
  ) {
    let layout = WinogradLayout(filter, for: .places, images: images, places: places, window: window)
    switch filter {
    case .threeTaps: WinogradConvolution<3, 3, 2>(layout: layout, scratch: scratch).convolve(x, filters, into: y)
    case .fiveTaps: WinogradConvolution<5, 4, 2>(layout: layout, scratch: scratch).convolve(x, filters, into: y)
    }
  }

  /// ``filterGradient(_:images:_:places:window:into:accumulating:scratch:)`` by Winograd's method.
  package static func filterGradient(
    by filter: WinogradFilter, _ x: MemoryView<Float>, images: Dimensions, _ d: ImageSource, places: Dimensions,
    window: SlidingWindow, into filters: MemoryView<Float>, accumulating: Bool, scratch: MemoryView<Float>
  ) {
    let layout = WinogradLayout(filter, for: .filters, images: images, places: places, window: window)
    switch filter {
    case .threeTaps:
      WinogradConvolution<3, 3, 2>(layout: layout, scratch: scratch)
        .filterGradient(x, d, into: filters, accumulating: accumulating)
    case .fiveTaps:
      WinogradConvolution<5, 4, 2>(layout: layout, scratch: scratch)
        .filterGradient(x, d, into: filters, accumulating: accumulating)
    }
  }

  /// ``inputGradient(_:_:places:window:into:images:scratch:)`` by Winograd's method: the convolution of the cotangent
  /// with the filters turned round, channels for filters.
  package static func inputGradient(
    by filter: WinogradFilter, _ filters: MemoryView<Float>, _ d: ImageSource, places: Dimensions,
    window: SlidingWindow, into x: MemoryView<Float>, images: Dimensions, scratch: MemoryView<Float>
  ) {
    // Not a literal, which would be an array on the heap.
    let shape = Dimensions(repeating: images[3], rank: 2).with(places[3], at: 1)
    let (size, turned) = (shape.count, scratch[0..<filters.count])
    for tap in 0..<window.count {
      let opposite = window.count - 1 - tap
      Movement.transpose(
        filters[tap * size..<(tap + 1) * size], shape: shape, permutation: [1, 0],
        into: turned[opposite * size..<(opposite + 1) * size])
    }
    convolve(
      by: filter, d, images: places, turned, window: window.turned, into: .all(x), places: images,
      scratch: scratch[filters.count..<scratch.count])
  }
}

extension WinogradFilter {
  /// How many images are convolved at a time.
  func imagesPerChunk(images: Dimensions, places: Dimensions, window: SlidingWindow) -> Int {
    WinogradLayout(self, for: .places, images: images, places: places, window: window).imagesPerChunk
  }

  /// The scratch that a pass of a convolution takes, in floats.
  package func scratchCount(_ pass: Convolution.Pass, images: Dimensions, places: Dimensions, window: SlidingWindow)
    -> Int
  {
    switch pass {
    case .forward:
      WinogradLayout(self, for: .places, images: images, places: places, window: window).scratchCount
    case .filterGradient:
      WinogradLayout(self, for: .filters, images: images, places: places, window: window).scratchCount
    case .inputGradient:
      window.count * images[3] * places[3]
        + WinogradLayout(self, for: .places, images: places, places: images, window: window.turned).scratchCount
    }
  }
}

extension SlidingWindow {
  /// The window of the convolution that is the cotangent of one with this window, which moves pixel by pixel.
  fileprivate var turned: SlidingWindow { SlidingWindow(vertical: vertical.turned, horizontal: horizontal.turned) }
}

extension SlidingWindow.Axis {
  fileprivate var turned: Self { Self(extent, before: extent - 1 - before, after: extent - 1 - after) }
}
