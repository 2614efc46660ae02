public import Kernels

/// The largest pixel under a window that slides over images `[n, height, width, channels]`.
public struct MaxPool: Primitive {
  /// The window.
  public let window: SlidingWindow

  public var name: String { "max pool" }

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
      Pooling.maximum(
        x.scalars(Float.self), images: x.dimensions, window: window, into: y.scalars(), places: y.dimensions)
    default:
      Pooling.maximum(
        x.scalars(Double.self), images: x.dimensions, window: window, into: y.scalars(), places: y.dimensions)
    }
  }

  /// The first of the largest pixels has the cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try operands[0].maxPoolGradient(results[0], d, window))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    results[0].count * window.count
  }
}

/// The cotangent of the images of a maximum pool, from the images, its result and the cotangent of that.
public struct MaxPoolGradient: Primitive {
  /// The pool's window.
  public let window: SlidingWindow

  public var name: String { "max pool gradient" }

  /// `[n, height, width, channels], [n, p, q, channels], [n, p, q, channels] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    guard try MaxPool(window: window).resultTypes([operands[0]])[0] == operands[1], operands[1] == operands[2] else {
      throw mismatch(operands, "images, their pool and its cotangent")
    }
    return [operands[0]]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y, d, dx) = (operands[0], operands[1], operands[2], results[0])
    switch x.dtype {
    case .float32:
      Pooling.maximumGradient(
        x.scalars(Float.self), images: x.dimensions, window: window, y.scalars(), d.scalars(), places: d.dimensions,
        into: dx.scalars())
    default:
      Pooling.maximumGradient(
        x.scalars(Double.self), images: x.dimensions, window: window, y.scalars(), d.scalars(), places: d.dimensions,
        into: dx.scalars())
    }
  }

  /// It is linear in the cotangent; which pixel is the largest does not change with the images but for a jump.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil, nil] }
    return [nil, nil, .dense(try operands[0].applying(ValuesAtMaximum(window: window), operands[1], c))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [0, 0, 0] ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    operands[1].count * window.count
  }
}

/// For each place of a window the scalar of a tensor where the images' largest pixel is.
public struct ValuesAtMaximum: Primitive {
  /// The pool's window.
  public let window: SlidingWindow

  public var name: String { "values at maximum" }

  /// `[n, height, width, channels], [n, p, q, channels], [n, height, width, channels] → [n, p, q, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    guard try MaxPool(window: window).resultTypes([operands[0]])[0] == operands[1], operands[0] == operands[2] else {
      throw mismatch(operands, "images, their pool and values of the images' shape")
    }
    return [operands[1]]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y, values, z) = (operands[0], operands[1], operands[2], results[0])
    switch x.dtype {
    case .float32:
      Pooling.valuesAtMaximum(
        x.scalars(Float.self), images: x.dimensions, window: window, y.scalars(), values.scalars(), into: z.scalars(),
        places: y.dimensions)
    default:
      Pooling.valuesAtMaximum(
        x.scalars(Double.self), images: x.dimensions, window: window, y.scalars(), values.scalars(), into: z.scalars(),
        places: y.dimensions)
    }
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil, nil] }
    return [nil, nil, .dense(try operands[0].maxPoolGradient(operands[1], c, window))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [0, 0, 0] ? .perExample([0]) : .whole
  }
}

extension Value {
  /// The largest pixel of these images under the window at each of its places.
  public func maxPooled(_ window: SlidingWindow) throws(ShapeError) -> Value { try applying(MaxPool(window: window)) }

  /// The cotangent of these images, whose pool is `result` and has the cotangent `d`.
  public func maxPoolGradient(_ result: Value, _ d: Value, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try applying(MaxPoolGradient(window: window), result, d)
  }
}
