/// A window that slides over images: what convolutions and poolings have in common.
///
/// Images are row-major `[images, height, width, channels]`.
public struct SlidingWindow: Hashable, Sendable {
  /// The window along one axis of an image.
  public struct Axis: Hashable, Sendable {
    /// How many pixels the window takes.
    public var extent: Int
    /// How far it moves from one place to the next.
    public var stride: Int
    /// How far apart the pixels are that it takes.
    public var dilation: Int
    /// The padding in front of the image.
    public var before: Int
    /// The padding behind the image.
    public var after: Int

    /// A window of `extent` pixels.
    public init(_ extent: Int, stride: Int = 1, dilation: Int = 1, before: Int = 0, after: Int = 0) {
      self.extent = extent
      self.stride = stride
      self.dilation = dilation
      self.before = before
      self.after = after
    }

    /// How many places the window has on `count` pixels, or `nil` if it has none because it is larger.
    public func places(on count: Int) -> Int? {
      let span = (extent - 1) * dilation + 1
      let room = count + before + after - span
      return room < 0 ? nil : room / stride + 1
    }

    /// Which of the window's pixels lie within an image of `count` pixels if it starts at `start`.
    @inline(always) func inside(from start: Int, of count: Int) -> Range<Int> {
      // Most places are inside as a whole; the divisions below would take longer than their pixels.
      if start >= 0, start + (extent - 1) * dilation < count { return 0..<extent }
      let first = start >= 0 ? 0 : min(extent, (dilation - 1 - start) / dilation)
      let room = count - start
      let last = room <= 0 ? 0 : min(extent, (room + dilation - 1) / dilation)
      return first..<max(first, last)
    }

    /// The pixel at which the window starts at its place number `place`; negative in the padding.
    @inline(always) func start(_ place: Int) -> Int { place * stride - before }

    /// Whether each place takes just the pixel of its number.
    var isPointwise: Bool { extent == 1 && stride == 1 && before == 0 && after == 0 }
  }

  /// The window from top to bottom.
  public var vertical: Axis
  /// The window from left to right.
  public var horizontal: Axis

  /// The window with these axes.
  public init(vertical: Axis, horizontal: Axis) {
    self.vertical = vertical
    self.horizontal = horizontal
  }

  /// How many pixels the window takes.
  public var count: Int { vertical.extent * horizontal.extent }

  /// Whether each place takes just the pixel of its number.
  var isPointwise: Bool { vertical.isPointwise && horizontal.isPointwise }

  /// The shape of what has a pixel for each place of the window on `images`, which are not smaller than the window.
  func places(on images: Dimensions) -> Dimensions {
    guard let rows = vertical.places(on: images[1]), let columns = horizontal.places(on: images[2]) else {
      preconditionFailure("a window of \(vertical.extent) × \(horizontal.extent) on \(images)")
    }
    return images.with(rows, at: 1).with(columns, at: 2)
  }

  /// Checks that `places` are those that the window has on `images`.
  func check(_ images: Dimensions, places: Dimensions) {
    precondition(
      images.rank == 4 && places.rank == 4 && images[0] == places[0]
        && vertical.places(on: images[1]) == places[1] && horizontal.places(on: images[2]) == places[2],
      "\(places) places on \(images)")
  }
}

extension Dimensions {
  /// Where the scalars of the image number `image` are among images of this shape.
  func scalars(ofImage image: Int) -> Range<Int> {
    let count = count(of: 1..<4)
    return image * count..<(image + 1) * count
  }
}
