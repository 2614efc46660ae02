public import Kernels

/// The convolution of images `[n, height, width, channels]` with filters `[height, width, channels, filters]`.
public struct Convolution: Primitive {
  /// The window.
  public let window: SlidingWindow

  public var name: String { "convolution" }

  /// `[n, height, width, channels], [i, j, channels, filters] → [n, p, q, filters]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, filters) = (operands[0], operands[1])
    guard x.dtype == filters.dtype, filters.rank == 4, x.rank == 4,
      window.takes(filters.shape, channels: x.shape[3]),
      let places = window.places(on: x, channels: filters.shape[3])
    else {
      throw mismatch(
        operands, "images [n, height, width, channels] and filters [height, width, channels, filters] not larger")
    }
    return [places]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: convolve(Float.self, operands[0], operands[1], results[0], context)
    default: convolve(Double.self, operands[0], operands[1], results[0], context)
    }
  }

  private func convolve<Scalar: TensorScalar & BLASScalar>(
    _: Scalar.Type, _ x: TensorView, _ filters: TensorView, _ y: TensorView, _ context: ExecutionContext
  ) {
    let count = Kernels.Convolution.scratchCount(
      of: Scalar.self, for: .forward, images: x.dimensions, places: y.dimensions, window: window)
    Kernels.Convolution.convolve(
      x.scalars(Scalar.self), images: x.dimensions, filters.scalars(), window: window, into: y.scalars(),
      places: y.dimensions, scratch: context.scratch(of: Scalar.self, count: count))
  }

  /// Convolutions are linear in both operands: each cotangent is a convolution of another kind.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (x, filters) = (operands[0], operands[1])
    return [
      .dense(try filters.applying(ConvolutionInputGradient(window: window, images: x.shape), d)),
      .dense(try x.applying(ConvolutionFilterGradient(window: window), d)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == nil ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, results[0].count, window.count, operands[0][3])
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    window.scratchByteCount(.forward, images: operands[0], places: results[0])
  }
}

/// The cotangent of the images of a convolution, from the filters and the cotangent of its result.
public struct ConvolutionInputGradient: Primitive {
  /// The convolution's window.
  public let window: SlidingWindow
  /// The shape of the images.
  public let images: Shape

  public var name: String { "convolution input gradient" }

  /// `[i, j, channels, filters], [n, p, q, filters] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let x = operands[1].with(images)
    guard images.rank == 4, try Convolution(window: window).resultTypes([x, operands[0]])[0] == operands[1] else {
      throw mismatch(operands, "filters and the cotangent of a convolution of \(images)")
    }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: run(Float.self, operands[0], operands[1], results[0], context)
    default: run(Double.self, operands[0], operands[1], results[0], context)
    }
  }

  private func run<Scalar: TensorScalar & BLASScalar & SummableScalar>(
    _: Scalar.Type, _ filters: TensorView, _ d: TensorView, _ x: TensorView, _ context: ExecutionContext
  ) {
    let count = Kernels.Convolution.scratchCount(
      of: Scalar.self, for: .inputGradient, images: x.dimensions, places: d.dimensions, window: window)
    Kernels.Convolution.inputGradient(
      filters.scalars(Scalar.self), d.scalars(), places: d.dimensions, window: window, into: x.scalars(),
      images: x.dimensions, scratch: context.scratch(of: Scalar.self, count: count))
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [
      .dense(try c.applying(ConvolutionFilterGradient(window: window), operands[1])),
      .dense(try c.applying(Convolution(window: window), operands[0])),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == nil && application.axes[1] == 0 ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, operands[1].count, window.count, results[0][3])
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    window.scratchByteCount(.inputGradient, images: results[0], places: operands[1])
  }
}

/// The cotangent of the filters of a convolution, from the images and the cotangent of its result.
public struct ConvolutionFilterGradient: Primitive {
  /// The convolution's window.
  public let window: SlidingWindow

  public var name: String { "convolution filter gradient" }
  public var canAccumulate: Bool { true }

  /// `[n, height, width, channels], [n, p, q, filters] → [i, j, channels, filters]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, d) = (operands[0], operands[1])
    guard x.dtype == d.dtype, x.rank == 4, d.rank == 4, window.places(on: x, channels: d.shape[3]) == d else {
      throw mismatch(operands, "images and the cotangent of their convolution")
    }
    return [
      x.with([Extent(window.vertical.extent), Extent(window.horizontal.extent), x.shape[3], d.shape[3]])
    ]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: run(Float.self, operands[0], operands[1], results[0], context)
    default: run(Double.self, operands[0], operands[1], results[0], context)
    }
  }

  private func run<Scalar: TensorScalar & BLASScalar>(
    _: Scalar.Type, _ x: TensorView, _ d: TensorView, _ filters: TensorView, _ context: ExecutionContext
  ) {
    let count = Kernels.Convolution.scratchCount(
      of: Scalar.self, for: .filterGradient, images: x.dimensions, places: d.dimensions, window: window)
    Kernels.Convolution.filterGradient(
      x.scalars(Scalar.self), images: x.dimensions, d.scalars(), places: d.dimensions, window: window,
      into: filters.scalars(), accumulating: context.accumulates,
      scratch: context.scratch(of: Scalar.self, count: count))
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [
      .dense(try c.applying(ConvolutionInputGradient(window: window, images: operands[0].shape), operands[1])),
      .dense(try operands[0].applying(Convolution(window: window), c)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 ? .sums : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, operands[1].count, window.count, operands[0][3])
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    window.scratchByteCount(.filterGradient, images: operands[0], places: operands[1])
  }
}

extension SlidingWindow {
  /// The type of a result with a pixel for each place of the window on `images`, or `nil` if there is none.
  func places(on images: TensorType, channels: Extent) -> TensorType? {
    guard images.rank == 4, images.dtype.isFloatingPoint, let height = images.shape[1].constant,
      let width = images.shape[2].constant, images.shape[3].isFixed, channels.isFixed,
      let rows = vertical.places(on: height), let columns = horizontal.places(on: width)
    else { return nil }
    return images.with([images.shape[0], Extent(rows), Extent(columns), channels])
  }

  /// Whether `filters`, `[height, width, channels, …]`, have the window's extents.
  func takes(_ filters: Shape, channels: Extent) -> Bool {
    filters[0] == Extent(vertical.extent) && filters[1] == Extent(horizontal.extent) && filters[2] == channels
  }

  /// The scratch of a pass of a convolution of either precision, in bytes.
  fileprivate func scratchByteCount(
    _ pass: Kernels.Convolution.Pass, images: Dimensions, places: Dimensions
  ) -> Int {
    max(
      MemoryLayout<Double>.stride
        * Kernels.Convolution.scratchCount(of: Double.self, for: pass, images: images, places: places, window: self),
      MemoryLayout<Float>.stride
        * Kernels.Convolution.scratchCount(of: Float.self, for: pass, images: images, places: places, window: self))
  }
}

extension Value {
  /// The convolution of these images, `[n, height, width, channels]`, with `filters`.
  public func convolved(with filters: Value, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(Convolution(window: window), filters)
  }

  /// The cotangent of the images, of shape `images`, of a convolution with these filters whose result has `d`.
  public func convolutionInputGradient(_ d: Value, images: Shape, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(ConvolutionInputGradient(window: window, images: images), d)
  }

  /// The cotangent of the filters of a convolution of these images whose result has `d`.
  public func convolutionFilterGradient(_ d: Value, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(ConvolutionFilterGradient(window: window), d)
  }
}
