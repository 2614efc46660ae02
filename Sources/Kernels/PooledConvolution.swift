/// A convolution of which only a maximum pool is wanted: its results, and the cotangents of them, stay in the caches.
///
/// A few images at a time are convolved and pooled. On the way back each image's cotangents are made where a pass needs
/// them from the pool's selection and its cotangent, which are a quarter of their size for a window of 2 × 2.
public struct PooledConvolution {
  /// The shape of the images.
  public let images: Dimensions
  /// The convolution's window.
  public let window: SlidingWindow
  /// The shape of the convolution's results.
  public let places: Dimensions
  /// The pool's window.
  public let pool: SlidingWindow
  /// The shape of the pool.
  public let pooled: Dimensions

  /// The convolution with `filters` filters of images of shape `images`, which are not smaller than the window, and a pool
  /// whose window is not larger than the results.
  public init(images: Dimensions, window: SlidingWindow, filters: Int, pool: SlidingWindow) {
    precondition(images.rank == 4, "\(images)")
    (self.images, self.window, self.pool) = (images, window, pool)
    places = window.places(on: images).with(filters, at: 3)
    pooled = pool.places(on: places)
  }

  /// The scalars of one image's results.
  private var resultCount: Int { places.count(of: 1..<4) }

  /// Whether a pass is faster than the convolution's and the pool's, one after the other.
  public func isWorthwhile<Scalar>(_: Scalar.Type, for pass: Convolution.Pass) -> Bool {
    method(Scalar.self, for: pass) != .patches
  }

  /// The method of a pass; `.patches` stands for passes of the convolution, an image each.
  private func method<Scalar>(_: Scalar.Type, for pass: Convolution.Pass) -> ConvolutionMethod {
    guard pool.isApart else { return .patches }
    return ConvolutionMethod.fastest(Scalar.self, for: pass, images: images, places: places, window: window)
  }

  /// How many scalars of scratch a pass takes.
  public func scratchCount<Scalar>(of _: Scalar.Type, for pass: Convolution.Pass) -> Int {
    let (count, results) = scratchCounts(of: Scalar.self, for: pass)
    return count + results
  }

  /// The scalars of scratch for the pass itself, and for results, or their cotangents, behind it.
  private func scratchCounts<Scalar>(of _: Scalar.Type, for pass: Convolution.Pass) -> (pass: Int, results: Int) {
    switch method(Scalar.self, for: pass) {
    case .winograd(let filter):
      let chunk = filter.imagesPerChunk(images: images, places: places, window: window)
      return (
        filter.scratchCount(pass, images: images, places: places, window: window),
        pass == .forward ? chunk * resultCount : 0
      )
    case .direct:
      return (DirectConvolution.scratchCount(images: images, places: places, window: window), resultCount)
    case .patches:
      let count = Convolution.scratchCount(
        of: Scalar.self, for: pass, images: images.with(1, at: 0), places: places.with(1, at: 0), window: window)
      return (count, resultCount)
    }
  }

  /// The pool of the convolution.
  ///
  /// - Parameters:
  ///   - x: Images, of shape ``images``.
  ///   - filters: Shape `[window height, window width, channels, filters]`.
  ///   - y: Shape ``pooled``.
  ///   - selection: Shape ``pooled``; see ``Pooling/maximum(_:images:window:into:selection:places:)``.
  ///   - scratch: As many scalars as ``scratchCount(of:for:)`` says.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolve<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, _ filters: MemoryView<Scalar>, into y: MemoryView<Scalar>,
    selection: MemoryView<Int32>, scratch: MemoryView<Scalar>
  ) {
    check(x, filters, y, selection)
    let (scratch, results) = parts(scratch, for: .forward)
    let method = method(Scalar.self, for: .forward)
    guard method != .patches else {
      return forEachImage { image, one in
        Convolution.convolve(
          x[images.scalars(ofImage: image)], images: one.images, filters, window: window, into: results,
          places: one.places, scratch: scratch)
        Pooling.maximum(
          results, images: one.places, window: pool, into: y[pooled.scalars(ofImage: image)],
          selection: selection[pooled.scalars(ofImage: image)], places: one.pooled)
      }
    }
    let maximum = MaximumPool(values: y.floats, selection: selection, window: pool, places: pooled)
    let target = ConvolutionResults.pooled(maximum, chunk: results.floats)
    if case .winograd(let filter) = method {
      Convolution.convolve(
        by: filter, .pixels(x.floats), images: images, filters.floats, window: window, into: target, places: places,
        scratch: scratch.floats)
    } else {
      DirectConvolution.convolve(
        x.floats, images, filters.floats, window, into: target, places, scratch: scratch.floats)
    }
  }

  /// The cotangent of the filters, given that of the pool, `d`.
  ///
  /// - Parameter filters: Overwritten, or with `accumulating` added to.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func filterGradient<Scalar: BLASScalar>(
    _ x: MemoryView<Scalar>, selection: MemoryView<Int32>, _ d: MemoryView<Scalar>,
    into filters: MemoryView<Scalar>, accumulating: Bool = false, scratch: MemoryView<Scalar>
  ) {
    check(x, filters, d, selection)
    let (scratch, cotangents) = parts(scratch, for: .filterGradient)
    let method = method(Scalar.self, for: .filterGradient)
    guard method != .patches else {
      if !accumulating { filters.fill(0) }
      return forEachImage { image, one in
        Pooling.maximumGradient(
          selection[pooled.scalars(ofImage: image)], d[pooled.scalars(ofImage: image)], places: one.pooled,
          window: pool, into: cotangents, images: one.places)
        Convolution.filterGradient(
          x[images.scalars(ofImage: image)], images: one.images, cotangents, places: one.places, window: window,
          into: filters, accumulating: true, scratch: scratch)
      }
    }
    let source = MaximumPool(values: d.floats, selection: selection, window: pool, places: pooled)
    if case .winograd(let filter) = method {
      Convolution.filterGradient(
        by: filter, x.floats, images: images, .pooled(source), places: places, window: window, into: filters.floats,
        accumulating: accumulating, scratch: scratch.floats)
    } else {
      DirectConvolution.filterGradient(
        x.floats, images, .pooled(source), places, window, into: filters.floats, accumulating: accumulating,
        scratch: scratch.floats, cotangents: cotangents.floats)
    }
  }

  /// The cotangent of the images, given that of the pool, `d`.
  ///
  /// - Parameter x: Overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func inputGradient<Scalar: BLASScalar & SummableScalar>(
    _ filters: MemoryView<Scalar>, selection: MemoryView<Int32>, _ d: MemoryView<Scalar>,
    into x: MemoryView<Scalar>, scratch: MemoryView<Scalar>
  ) {
    check(x, filters, d, selection)
    let (scratch, cotangents) = parts(scratch, for: .inputGradient)
    if case .winograd(let filter) = method(Scalar.self, for: .inputGradient) {
      let source = MaximumPool(values: d.floats, selection: selection, window: pool, places: pooled)
      return Convolution.inputGradient(
        by: filter, filters.floats, .pooled(source), places: places, window: window, into: x.floats, images: images,
        scratch: scratch.floats)
    }
    forEachImage { image, one in
      Pooling.maximumGradient(
        selection[pooled.scalars(ofImage: image)], d[pooled.scalars(ofImage: image)], places: one.pooled, window: pool,
        into: cotangents, images: one.places)
      Convolution.inputGradient(
        filters, cotangents, places: one.places, window: window, into: x[images.scalars(ofImage: image)],
        images: one.images, scratch: scratch)
    }
  }

  private func check<Scalar>(
    _ x: MemoryView<Scalar>, _ filters: MemoryView<Scalar>, _ y: MemoryView<Scalar>, _ selection: MemoryView<Int32>
  ) {
    precondition(
      x.count == images.count && filters.count == window.count * images[3] * places[3] && y.count == pooled.count
        && selection.count == pooled.count,
      "\(x.count) pixels, \(filters.count) weights, \(y.count) places, \(selection.count) selected")
  }

  private func parts<Scalar>(
    _ scratch: MemoryView<Scalar>, for pass: Convolution.Pass
  ) -> (pass: MemoryView<Scalar>, results: MemoryView<Scalar>) {
    let (count, results) = scratchCounts(of: Scalar.self, for: pass)
    return (scratch[0..<count], scratch[count..<count + results])
  }

  /// Calls `body` with the number of each image, and the shapes of one alone.
  private func forEachImage(_ body: (Int, (images: Dimensions, places: Dimensions, pooled: Dimensions)) -> Void) {
    let one = (images.with(1, at: 0), places.with(1, at: 0), pooled.with(1, at: 0))
    for image in 0..<images[0] { body(image, one) }
  }
}
