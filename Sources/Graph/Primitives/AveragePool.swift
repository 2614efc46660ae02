public import Kernels

/// The mean of the pixels under a window that slides over images `[n, height, width, channels]`.
public struct AveragePool: Primitive {
  /// The window.
  public let window: SlidingWindow

  public var name: String { "average pool" }

  /// `[n, height, width, channels] → [n, p, q, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].rank == 4, let places = window.places(on: operands[0], channels: operands[0].shape[3]) else {
      throw mismatch(operands, "images [n, height, width, channels] not smaller than the window")
    }
    return [places]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y) = (operands[0], results[0])
    switch x.dtype {
    case .float32:
      Pooling.mean(x.scalars(Float.self), images: x.dimensions, window: window, into: y.scalars(), places: y.dimensions)
    default:
      Pooling.mean(
        x.scalars(Double.self), images: x.dimensions, window: window, into: y.scalars(), places: y.dimensions)
    }
  }

  /// Each pixel under a window has an equal share of its cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try d.averagePoolGradient(images: operands[0].shape, window))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(results[0].count, window.count)
  }
}

/// The cotangent of the images of an average pool.
public struct AveragePoolGradient: Primitive {
  /// The pool's window.
  public let window: SlidingWindow
  /// The shape of the images.
  public let images: Shape

  public var name: String { "average pool gradient" }

  /// `[n, p, q, channels] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    let x = operands[0].with(images)
    guard images.rank == 4, try AveragePool(window: window).resultTypes([x])[0] == operands[0] else {
      throw mismatch(operands, "the cotangent of a pool of \(images)")
    }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (d, x) = (operands[0], results[0])
    switch x.dtype {
    case .float32:
      Pooling.meanGradient(
        d.scalars(Float.self), places: d.dimensions, window: window, into: x.scalars(), images: x.dimensions)
    default:
      Pooling.meanGradient(
        d.scalars(Double.self), places: d.dimensions, window: window, into: x.scalars(), images: x.dimensions)
    }
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil] }
    return [.dense(try c.averagePooled(window))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(operands[0].count, window.count)
  }
}

extension Value {
  /// The mean of these images' pixels under the window at each of its places.
  public func averagePooled(_ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(AveragePool(window: window))
  }

  /// The cotangent of images of shape `images` whose average pool has this cotangent.
  public func averagePoolGradient(images: Shape, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(AveragePoolGradient(window: window, images: images))
  }
}
