public import Kernels

/// The depthwise convolution of images `[n, height, width, channels]`: each channel has filters of its own.
public struct DepthwiseConvolution: Primitive {
  /// The window.
  public let window: SlidingWindow

  public var name: String { "depthwise convolution" }

  /// `[n, height, width, channels], [i, j, channels, k] → [n, p, q, channels × k]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, filters) = (operands[0], operands[1])
    guard x.dtype == filters.dtype, x.rank == 4, filters.rank == 4,
      window.takes(filters.shape, channels: x.shape[3]),
      let channels = x.shape[3].multiplied(by: filters.shape[3]),
      let places = window.places(on: x, channels: channels)
    else {
      throw mismatch(
        operands, "images [n, height, width, channels] and filters [height, width, channels, k] not larger")
    }
    return [places]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, filters, y) = (operands[0], operands[1], results[0])
    switch y.dtype {
    case .float32:
      Kernels.Convolution.depthwise(
        x.scalars(Float.self), images: x.dimensions, filters.scalars(), window: window, into: y.scalars(),
        places: y.dimensions)
    default:
      Kernels.Convolution.depthwise(
        x.scalars(Double.self), images: x.dimensions, filters.scalars(), window: window, into: y.scalars(),
        places: y.dimensions)
    }
  }

  /// As of a convolution: linear in both operands.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    return [
      .dense(try operands[1].depthwiseInputGradient(d, images: operands[0].shape, window)),
      .dense(try operands[0].depthwiseFilterGradient(d, multiplier: operands[1].shape[3], window)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == nil ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, results[0].count, window.count)
  }
}

/// The cotangent of the images of a depthwise convolution.
public struct DepthwiseInputGradient: Primitive {
  /// The convolution's window.
  public let window: SlidingWindow
  /// The shape of the images.
  public let images: Shape

  public var name: String { "depthwise input gradient" }

  /// `[i, j, channels, k], [n, p, q, channels × k] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let x = operands[1].with(images)
    guard images.rank == 4, try DepthwiseConvolution(window: window).resultTypes([x, operands[0]])[0] == operands[1]
    else { throw mismatch(operands, "filters and the cotangent of a depthwise convolution of \(images)") }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (filters, d, x) = (operands[0], operands[1], results[0])
    switch x.dtype {
    case .float32:
      Kernels.Convolution.depthwiseInputGradient(
        filters.scalars(Float.self), d.scalars(), places: d.dimensions, window: window, into: x.scalars(),
        images: x.dimensions)
    default:
      Kernels.Convolution.depthwiseInputGradient(
        filters.scalars(Double.self), d.scalars(), places: d.dimensions, window: window, into: x.scalars(),
        images: x.dimensions)
    }
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [
      .dense(try c.depthwiseFilterGradient(operands[1], multiplier: operands[0].shape[3], window)),
      .dense(try c.depthwiseConvolved(with: operands[0], window)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == nil && application.axes[1] == 0 ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, operands[1].count, window.count)
  }
}

/// The cotangent of the filters of a depthwise convolution.
public struct DepthwiseFilterGradient: Primitive {
  /// The convolution's window.
  public let window: SlidingWindow
  /// How many filters each channel has.
  public let multiplier: Extent

  public var name: String { "depthwise filter gradient" }
  public var canAccumulate: Bool { true }

  /// `[n, height, width, channels], [n, p, q, channels × k] → [i, j, channels, k]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let (x, d) = (operands[0], operands[1])
    guard x.dtype == d.dtype, x.rank == 4, d.rank == 4,
      x.shape[3].multiplied(by: multiplier) == d.shape[3], window.places(on: x, channels: d.shape[3]) == d
    else { throw mismatch(operands, "images and the cotangent of their depthwise convolution") }
    return [
      x.with([Extent(window.vertical.extent), Extent(window.horizontal.extent), x.shape[3], multiplier])
    ]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, d, filters) = (operands[0], operands[1], results[0])
    switch x.dtype {
    case .float32:
      Kernels.Convolution.depthwiseFilterGradient(
        x.scalars(Float.self), images: x.dimensions, d.scalars(), places: d.dimensions, window: window,
        into: filters.scalars(), accumulating: context.accumulates)
    default:
      Kernels.Convolution.depthwiseFilterGradient(
        x.scalars(Double.self), images: x.dimensions, d.scalars(), places: d.dimensions, window: window,
        into: filters.scalars(), accumulating: context.accumulates)
    }
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [
      .dense(try c.depthwiseInputGradient(operands[1], images: operands[0].shape, window)),
      .dense(try operands[0].depthwiseConvolved(with: c, window)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == 0 ? .sums : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(2, operands[1].count, window.count)
  }
}

extension Value {
  /// The depthwise convolution of these images with `filters`, `[height, width, channels, k]`.
  public func depthwiseConvolved(with filters: Value, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(DepthwiseConvolution(window: window), filters)
  }

  /// The cotangent of the images, of shape `images`, of a depthwise convolution with these filters whose result has `d`.
  public func depthwiseInputGradient(_ d: Value, images: Shape, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(DepthwiseInputGradient(window: window, images: images), d)
  }

  /// The cotangent of the filters of a depthwise convolution of these images whose result has `d`.
  public func depthwiseFilterGradient(
    _ d: Value, multiplier: Extent, _ window: SlidingWindow
  ) throws(ShapeError) -> Value {
    try applying(DepthwiseFilterGradient(window: window, multiplier: multiplier), d)
  }
}
