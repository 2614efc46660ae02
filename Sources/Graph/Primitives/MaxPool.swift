public import Kernels

/// The largest pixel under a window that slides over images `[n, height, width, channels]`, and which one that is.
public struct MaxPool: Primitive {
  /// The window.
  public let window: SlidingWindow

  public var name: String { "max pool" }

  /// `[n, height, width, channels] → [n, p, q, channels], int32 [n, p, q, channels]`
  ///
  /// The second result is the selection: the number of the first largest pixel among those under the window.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    guard operands[0].rank == 4, let places = window.places(on: operands[0], channels: operands[0].shape[3]) else {
      throw mismatch(operands, "images [n, height, width, channels] not smaller than the window")
    }
    return [places, TensorType(.int32, places.shape)]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (x, y, selection) = (operands[0], results[0], results[1].scalars(Int32.self))
    switch x.dtype {
    case .float32:
      Pooling.maximum(
        x.scalars(Float.self), images: x.dimensions, window: window, into: y.scalars(), selection: selection,
        places: y.dimensions)
    default:
      Pooling.maximum(
        x.scalars(Double.self), images: x.dimensions, window: window, into: y.scalars(), selection: selection,
        places: y.dimensions)
    }
  }

  /// The selected pixels have the cotangent.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.dense(try results[1].applying(MaxPoolGradient(window: window, images: operands[0].shape), d))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 ? .perExample([0, 0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(results[0].count, window.count)
  }
}

/// The cotangent of the images of a maximum pool, from its selection and the cotangent of its result.
public struct MaxPoolGradient: Primitive {
  /// The pool's window.
  public let window: SlidingWindow
  /// The shape of the images.
  public let images: Shape

  public var name: String { "max pool gradient" }

  /// `int32 [n, p, q, channels], [n, p, q, channels] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let x = operands[1].with(images)
    guard try MaxPool(window: window).resultTypes([x]) == [operands[1], operands[0]] else {
      throw mismatch(operands, "the selection of a pool of \(images), and the cotangent of its result")
    }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (selection, d, dx) = (operands[0].scalars(Int32.self), operands[1], results[0])
    switch d.dtype {
    case .float32:
      Pooling.maximumGradient(
        selection, d.scalars(Float.self), places: d.dimensions, window: window, into: dx.scalars(),
        images: dx.dimensions)
    default:
      Pooling.maximumGradient(
        selection, d.scalars(Double.self), places: d.dimensions, window: window, into: dx.scalars(),
        images: dx.dimensions)
    }
  }

  /// It is linear in the cotangent; which pixel is the largest does not change with the images but for a jump.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [nil, .dense(try operands[0].applying(ValuesAtMaximum(window: window), c))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [0, 0] ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    .saturatingProduct(operands[1].count, window.count)
  }
}

/// For each place of a window the scalar of a tensor where the images' largest pixel is.
public struct ValuesAtMaximum: Primitive {
  /// The pool's window.
  public let window: SlidingWindow

  public var name: String { "values at maximum" }

  /// `int32 [n, p, q, channels], [n, height, width, channels] → [n, p, q, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(2, operands)
    let pool = try MaxPool(window: window).resultTypes([operands[1]])
    guard pool[1] == operands[0] else { throw mismatch(operands, "the selection of a pool, and values of its images") }
    return [pool[0]]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let (selection, values, z) = (operands[0].scalars(Int32.self), operands[1], results[0])
    switch z.dtype {
    case .float32:
      Pooling.valuesAtMaximum(
        selection, values.scalars(Float.self), images: values.dimensions, window: window, into: z.scalars(),
        places: z.dimensions)
    default:
      Pooling.valuesAtMaximum(
        selection, values.scalars(Double.self), images: values.dimensions, window: window, into: z.scalars(),
        places: z.dimensions)
    }
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil] }
    return [nil, .dense(try operands[0].applying(MaxPoolGradient(window: window, images: operands[1].shape), c))]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [0, 0] ? .perExample([0]) : .whole
  }
}

extension Value {
  /// The largest pixel of these images under the window at each of its places.
  ///
  /// A function that grows gives the largest pixel its largest value, so `max(f(x + b))` is computed as `f(max(x) + b)`:
  /// of a window of 2 × 2 that is a quarter of the work, and of the memory that gradients need. Where different pixels
  /// have equal values only after `f` or `+ b` rounded them, the larger of them has the gradient, not the first.
  public func maxPooled(_ window: SlidingWindow) throws(ShapeError) -> Value {
    guard window.vertical.stride * window.horizontal.stride > 1, window.vertical.isNeverEmpty,
      window.horizontal.isNeverEmpty, let node = builder.node(making: number)
    else { return try applying(MaxPool(window: window)) }
    let operands = node.operands.map { Value(builder: builder, number: $0) }
    if let unary = node.primitive as? UnaryElementwise, unary.operation.isGrowing {
      return try operands[0].maxPooled(window).unary(unary.operation)
    }
    if let binary = node.primitive as? BinaryElementwise, binary.operation == .add {
      for (x, bias) in [(operands[0], operands[1]), (operands[1], operands[0])]
      where x.shape == shape && bias.shape.isOneRow {
        return try x.maxPooled(window).adding(bias)
      }
    }
    return try applying(MaxPool(window: window))
  }

  /// The number of the largest pixel of these images among those under the window, at each of its places.
  package func maxPoolSelection(_ window: SlidingWindow) throws(ShapeError) -> Value {
    try builder.apply(MaxPool(window: window), [self])[1]
  }

  /// The cotangent of these images, whose pool has the cotangent `d`.
  public func maxPoolGradient(_ d: Value, _ window: SlidingWindow) throws(ShapeError) -> Value {
    try maxPoolSelection(window).applying(MaxPoolGradient(window: window, images: shape), d)
  }
}

extension SlidingWindow.Axis {
  /// Whether the window lies on a pixel wherever it is.
  fileprivate var isNeverEmpty: Bool { dilation == 1 && before < extent && after < extent }
}

extension Shape {
  /// Whether all axes but the last have the extent one.
  fileprivate var isOneRow: Bool { extents.dropLast().allSatisfy { $0 == 1 } }
}

extension UnaryOperation {
  /// Whether a larger number never has a smaller value.
  fileprivate var isGrowing: Bool {
    switch self {
    case .relu, .relu6, .elu, .selu, .sigmoid, .tanh, .softplus, .softsign, .exp, .expm1: true
    default: false
    }
  }
}
