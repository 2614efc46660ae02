/// How a pass of a convolution is computed.
package enum ConvolutionMethod: Hashable {
  /// As a product of matrices, one of which has the pixels under the window in its rows.
  case patches
  /// With fewer products, for filters of 3×3 or 5×5 that move pixel by pixel.
  case winograd(WinogradFilter)
  /// Pixel by pixel, for images with very few channels.
  case direct

  /// The method with the least estimated time.
  ///
  /// The estimate counts vectors of 16 floats that go through the processor's multipliers. With enough channels that is
  /// the products' number, which Winograd's method divides by three to five; with few channels, or images much smaller
  /// than a tile, its transforms cost more than they save. Other precisions and windows have one method.
  package static func fastest<Scalar>(
    _: Scalar.Type, for pass: Convolution.Pass, images: Dimensions, places: Dimensions, window: SlidingWindow
  ) -> ConvolutionMethod {
    guard Scalar.self == Float.self, window.vertical.isDense, window.horizontal.isDense,
      window.vertical.extent == window.horizontal.extent,
      let filter = WinogradFilter(taps: window.vertical.extent)
    else { return .patches }
    if pass != .inputGradient, DirectConvolution.isPossible(window, channels: images[3]) { return .direct }
    let (channels, filters) = (vectors(images[3]), vectors(places[3]))
    let tiles = vectors(places[1], of: filter.results) * vectors(places[2], of: filter.results)
    let points = filter.points * filter.points
    // Each product of a pixel and a vector of filters takes one operation; a transform takes some 12 for each vector of
    // pixels at a point and 8 for each of results, measured.
    let winograd = tiles * points * (channels * 16 * filters + 12 * channels + 8 * filters)
    // Gathering a patch costs as much as half a vector of products for each of its scalars.
    let patches = places[1] * places[2] * window.count * images[3] * (2 * filters + 1) / 2
    return winograd < patches ? .winograd(filter) : .patches
  }

  private static func vectors(_ count: Int, of size: Int = 16) -> Int { (count + size - 1) / size }
}

extension SlidingWindow.Axis {
  /// Whether the window takes neighbouring pixels, moves pixel by pixel, and always lies on at least one of them.
  fileprivate var isDense: Bool { stride == 1 && dilation == 1 && before < extent && after < extent }
}
