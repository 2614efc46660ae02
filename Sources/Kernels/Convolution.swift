/// Convolutions of images with filters, and their pullbacks.
///
/// In general the pixels under the window are copied, place by place, to the rows of a matrix, which is multiplied with
/// the filters. Only as many rows are made at a time as fit the scratch that the caller lends. ``ConvolutionMethod``
/// says where other ways are faster.
///
/// - SeeAlso: Chellapilla, Puri, Simard, *High Performance Convolutional Neural Networks for Document Processing*, 2006.
public enum Convolution {
  /// What is computed.
  public enum Pass: CaseIterable, Hashable, Sendable {
    /// The convolution.
    case forward
    /// The cotangent of the images.
    case inputGradient
    /// The cotangent of the filters.
    case filterGradient
  }

  /// The most scratch that is worth having, in bytes: what stays in the second-level cache beside the filters.
  private static let scratchByteCount = 256 << 10

  /// How many scalars of scratch a pass of a convolution takes.
  ///
  /// No more for fewer images.
  public static func scratchCount<Scalar>(
    of scalar: Scalar.Type, for pass: Pass, images: Dimensions, places: Dimensions, window: SlidingWindow
  ) -> Int {
    switch ConvolutionMethod.fastest(scalar, for: pass, images: images, places: places, window: window) {
    case .direct: DirectConvolution.scratchCount(images: images, places: places, window: window)
    case .winograd(let filter): filter.scratchCount(pass, images: images, places: places, window: window)
    case .patches: patchesCount(of: scalar, images: images, places: places, window: window)
    }
  }

  private static func patchesCount<Scalar>(
    of scalar: Scalar.Type, images: Dimensions, places: Dimensions, window: SlidingWindow
  ) -> Int {
    let columns = window.count * images[3]
    guard columns > 0, !window.isPointwise else { return 0 }
    let rows = max(1, scratchByteCount / MemoryLayout<Scalar>.stride / columns)
    return min(rows, places.count(of: 0..<3)) * columns
  }

  /// The convolution `y[n, p, q, f] = Σ x[n, p·s + i·d − b, q·s + j·d − b, c] filters[i, j, c, f]`.
  ///
  /// - Parameters:
  ///   - x: Images, of shape `images`.
  ///   - filters: Shape `[window height, window width, channels, filters]`.
  ///   - y: Shape `places`: a pixel for each place of the window, a channel for each filter.
  ///   - scratch: As many scalars as ``scratchCount(of:for:images:places:window:)`` says.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func convolve<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, _ filters: MemoryView<Scalar>, window: SlidingWindow,
    into y: MemoryView<Scalar>, places: Dimensions, scratch: MemoryView<Scalar>
  ) {
    let columns = check(x, images, filters, window, y, places)
    switch ConvolutionMethod.fastest(Scalar.self, for: .forward, images: images, places: places, window: window) {
    case .winograd(let filter):
      return convolve(
        by: filter, .pixels(x.floats), images: images, filters.floats, window: window, into: .all(y.floats),
        places: places, scratch: scratch.floats)
    case .direct:
      return DirectConvolution.convolve(
        x.floats, images, filters.floats, window, into: .all(y.floats), places, scratch: scratch.floats)
    case .patches: break
    }
    forEachChunk(x, images, window, places, columns, scratch) { patches, range in
      gather(x, images, window, places, range, into: patches)
    } use: { patches, range in
      LinearAlgebra.matmul(
        patches, filters, into: y[range.lowerBound * places[3]..<range.upperBound * places[3]],
        m: range.count, k: columns, n: places[3])
    }
  }

  /// The cotangent of the filters, given that of the result: `Σ x[…] d[n, p, q, f]`.
  ///
  /// - Parameters:
  ///   - d: Shape `places`.
  ///   - filters: Shape `[window height, window width, channels, filters]`; overwritten, or with `accumulating` added to.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func filterGradient<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, images: Dimensions, _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow,
    into filters: MemoryView<Scalar>, accumulating: Bool = false, scratch: MemoryView<Scalar>
  ) {
    let columns = check(x, images, filters, window, d, places)
    switch ConvolutionMethod.fastest(Scalar.self, for: .filterGradient, images: images, places: places, window: window)
    {
    case .winograd(let filter):
      return filterGradient(
        by: filter, x.floats, images: images, .pixels(d.floats), places: places, window: window, into: filters.floats,
        accumulating: accumulating, scratch: scratch.floats)
    case .direct:
      return DirectConvolution.filterGradient(
        x.floats, images, .pixels(d.floats), places, window, into: filters.floats, accumulating: accumulating,
        scratch: scratch.floats)
    case .patches: break
    }
    if !accumulating { filters.fill(0) }
    forEachChunk(x, images, window, places, columns, scratch) { patches, range in
      gather(x, images, window, places, range, into: patches)
    } use: { patches, range in
      LinearAlgebra.matmul(
        patches, transposed: true, d[range.lowerBound * places[3]..<range.upperBound * places[3]], transposed: false,
        into: filters, m: columns, k: range.count, n: places[3], accumulating: true)
    }
  }

  /// The cotangent of the images, given that of the result: `Σ d[n, p, q, f] filters[i, j, c, f]` where they met.
  ///
  /// - Parameter x: Shape `images`; overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func inputGradient<Scalar: BLASScalar & SummableScalar>(
    _ filters: MemoryView<Scalar>, _ d: MemoryView<Scalar>, places: Dimensions, window: SlidingWindow,
    into x: MemoryView<Scalar>, images: Dimensions, scratch: MemoryView<Scalar>
  ) {
    let columns = check(x, images, filters, window, d, places)
    switch ConvolutionMethod.fastest(Scalar.self, for: .inputGradient, images: images, places: places, window: window) {
    case .winograd(let filter):
      return inputGradient(
        by: filter, filters.floats, .pixels(d.floats), places: places, window: window, into: x.floats, images: images,
        scratch: scratch.floats)
    case .direct, .patches: break
    }
    let isPointwise = window.isPointwise
    if !isPointwise { x.fill(0) }
    forEachChunk(x, images, window, places, columns, scratch) { patches, range in
      LinearAlgebra.matmul(
        d[range.lowerBound * places[3]..<range.upperBound * places[3]], transposed: false, filters, transposed: true,
        into: patches, m: range.count, k: places[3], n: columns)
    } use: { patches, range in
      if !isPointwise { scatter(patches, window, places, range, into: x, images) }
    }
  }

  private static func check<Scalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ filters: MemoryView<Scalar>, _ window: SlidingWindow,
    _ y: MemoryView<Scalar>, _ places: Dimensions
  ) -> Int {
    window.check(images, places: places)
    let columns = window.count * images[3]
    precondition(x.count == images.count && y.count == places.count, "\(x.count), \(y.count) for \(images), \(places)")
    precondition(filters.count == columns * places[3], "\(filters.count) weights for [\(columns), \(places[3])]")
    return columns
  }

  /// Goes through the places in chunks that fit the scratch: `make` fills the rows of a chunk's matrix, `use` reads it.
  ///
  /// Where each place takes just one pixel the images are the matrix.
  @inline(always) private static func forEachChunk<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, _ images: Dimensions, _ window: SlidingWindow, _ places: Dimensions, _ columns: Int,
    _ scratch: MemoryView<Scalar>,
    make: (MemoryView<Scalar>, Range<Int>) -> Void, use: (MemoryView<Scalar>, Range<Int>) -> Void
  ) {
    let count = places.count(of: 0..<3)
    guard count > 0, columns > 0 else { return }
    if window.isPointwise {
      make(x, 0..<count)
      return use(x, 0..<count)
    }
    let rows = scratch.count / columns
    precondition(rows > 0, "\(scratch.count) scalars of scratch for rows of \(columns)")
    var first = 0
    while first < count {
      let range = first..<min(first + rows, count)
      let patches = scratch[0..<range.count * columns]
      make(patches, range)
      use(patches, range)
      first = range.upperBound
    }
  }
}

extension MemoryView {
  /// A view of floats as one of floats: methods other than the general one exist for `Float` only.
  var floats: MemoryView<Float> {
    guard let floats = cast(to: Float.self) else { preconditionFailure("\(Scalar.self) is not Float") }
    return floats
  }
}
