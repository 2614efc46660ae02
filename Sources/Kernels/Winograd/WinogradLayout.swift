/// How a convolution by Winograd's method is cut: images into tiles, the batch into chunks, filters into blocks, and
/// scratch into what each of them needs.
///
/// Channels are padded with zeros to whole vectors. Pixels at a point are the rows of a matrix, a tile each, that is
/// multiplied with the filters at that point; a chunk has as many rows as keep the matrices in the second-level cache.
struct WinogradLayout {
  /// Which results are computed.
  enum Purpose {
    /// Places: the sums are over channels.
    case places
    /// The cotangent of the filters: the sums are over tiles.
    case filters
  }

  /// The filters that a block has at most.
  static let blockWidth = 64
  /// What the matrices of a chunk may take, in scalars, beside the filters: somewhat more than half of a megabyte.
  private static let chunkCount = 150_000
  /// How many rows are worth adding up before sums go back to memory.
  private static let summedRows = 64

  let filter: WinogradFilter
  let images: Dimensions
  let places: Dimensions
  /// The padding in front of an image's rows and columns.
  let (top, left): (Int, Int)
  /// The images' channels and the filters, padded.
  let (channels, filters): (Int, Int)
  let (tilesDown, tilesAcross): (Int, Int)
  let imagesPerChunk: Int

  /// Filters at points, or the sums that become their cotangent: blocks of `[points, channels, width]`.
  let filtersAtPoints: Range<Int>
  /// An image, or a block of a cotangent, with its padding.
  let padded: Range<Int>
  /// The rows of a padded image at points.
  let strip: Range<Int>
  /// The chunk's pixels at points: `[points, rows, channels]`, with a gap behind each matrix.
  let pixelsAtPoints: Range<Int>
  /// The chunk's results, or cotangents, of a block at points: `[points, rows, width]`, with a gap behind each matrix.
  let resultsAtPoints: Range<Int>
  /// A tile on its way from points to results, or filters on their way to points.
  let tile: Range<Int>
  let scratchCount: Int

  init(_ filter: WinogradFilter, for purpose: Purpose, images: Dimensions, places: Dimensions, window: SlidingWindow) {
    self.filter = filter
    self.images = images
    self.places = places
    (top, left) = (window.vertical.before, window.horizontal.before)
    (channels, filters) = (Self.padded(images[3]), Self.padded(places[3]))
    let (points, results, taps) = (filter.points, filter.results, filter.taps)
    tilesDown = (places[1] + results - 1) / results
    tilesAcross = (places[2] + results - 1) / results
    let tiles = max(1, tilesDown * tilesAcross)
    let width = min(filters, Self.blockWidth)
    let rows =
      switch purpose {
      case .places: Self.chunkCount / (points * points * (channels + width))
      case .filters: Self.summedRows
      }
    imagesPerChunk = max(1, min(images[0], rows / tiles))

    var end = 0
    func take(_ count: Int) -> Range<Int> {
      defer { end += (count + 15) & ~15 }
      return end..<end + count
    }
    let (height, breadth) = (tilesDown * results + taps - 1, tilesAcross * results + taps - 1)
    let deepest = purpose == .places ? channels : max(channels, width)
    filtersAtPoints = take(points * points * channels * filters)
    padded = take(height * breadth * deepest)
    strip = take(points * breadth * deepest)
    pixelsAtPoints = take(points * points * (tiles * imagesPerChunk * channels + VectorMemory.width))
    resultsAtPoints = take(points * points * (tiles * imagesPerChunk * width + VectorMemory.width))
    tile = take(points * max(results * width, taps * VectorMemory.width))
    scratchCount = end
  }

  /// The tiles of an image.
  var tilesPerImage: Int { tilesDown * tilesAcross }

  /// The number of points in two dimensions.
  var points: Int { filter.points * filter.points }

  /// The columns of a padded image.
  var paddedWidth: Int { tilesAcross * filter.results + filter.taps - 1 }

  /// The blocks of filters, each with its first filter and its width, a multiple of 16.
  var blocks: StrideTo<Int> { stride(from: 0, to: filters, by: Self.blockWidth) }

  /// The padded width of the block that starts at filter `first`.
  func width(ofBlock first: Int) -> Int { min(Self.blockWidth, filters - first) }

  /// How far apart matrices of `rows` rows are that have `width` columns: a vector more than they take, so that they do
  /// not compete for the same lines of the first-level cache.
  static func pointStride(rows: Int, width: Int) -> Int { rows * width + VectorMemory.width }

  private static func padded(_ count: Int) -> Int { (count + VectorMemory.width - 1) & ~(VectorMemory.width - 1) }
}
