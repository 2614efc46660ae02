public import Kernels

/// The maximum pool of a convolution, and its selection. Plans put it in the place of the two.
public struct PooledConvolution: Primitive {
  /// The convolution's window.
  public let window: SlidingWindow
  /// The pool's window.
  public let pool: SlidingWindow

  public var name: String { "convolution and max pool" }

  /// `[n, height, width, channels], [i, j, channels, filters] → [n, p, q, filters], int32 [n, p, q, filters]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try MaxPool(window: pool).resultTypes(Convolution(window: window).resultTypes(operands))
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: run(Float.self, operands, results, context)
    default: run(Double.self, operands, results, context)
    }
  }

  private func run<Scalar: TensorScalar & BLASScalar>(
    _: Scalar.Type, _ operands: TensorViews, _ results: TensorViews, _ context: ExecutionContext
  ) {
    let (x, filters, y, selection) = (operands[0], operands[1], results[0], results[1])
    let kernel = kernel(images: x.dimensions, filters: filters.dimensions[3])
    kernel.convolve(
      x.scalars(Scalar.self), filters.scalars(), into: y.scalars(), selection: selection.scalars(),
      scratch: context.scratch(of: Scalar.self, count: kernel.scratchCount(of: Scalar.self, for: .forward)))
  }

  /// The kernel for images of shape `images`.
  func kernel(images: Dimensions, filters: Int) -> Kernels.PooledConvolution {
    Kernels.PooledConvolution(images: images, window: window, filters: filters, pool: pool)
  }

  /// What the convolution and the pool have, one after the other.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil, nil] }
    let (x, filters, selection) = (operands[0], operands[1], results[1])
    return [
      .dense(try filters.applying(PooledInputGradient(convolution: self, images: x.shape), selection, d)),
      .dense(try x.applying(PooledFilterGradient(convolution: self), selection, d)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes[0] == 0 && application.axes[1] == nil ? .perExample([0, 0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    kernel(images: operands[0], filters: operands[1][3]).operationCount
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    kernel(images: operands[0], filters: operands[1][3]).scratchByteCount(.forward)
  }
}

/// The cotangent of the images of a convolution, from the filters, the selection of its pool, and the pool's cotangent.
public struct PooledInputGradient: Primitive {
  /// The convolution and its pool.
  public let convolution: PooledConvolution
  /// The shape of the images.
  public let images: Shape

  public var name: String { "convolution input gradient of max pool" }

  /// `[i, j, channels, filters], int32 [n, p, q, filters], [n, p, q, filters] → [n, height, width, channels]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    let x = operands[0].with(images)
    guard images.rank == 4, try convolution.resultTypes([x, operands[0]]) == [operands[2], operands[1]] else {
      throw mismatch(operands, "filters, and the selection and cotangent of a pooled convolution of \(images)")
    }
    return [x]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: run(Float.self, operands, results[0], context)
    default: run(Double.self, operands, results[0], context)
    }
  }

  private func run<Scalar: TensorScalar & BLASScalar & SummableScalar>(
    _: Scalar.Type, _ operands: TensorViews, _ x: TensorView, _ context: ExecutionContext
  ) {
    let (filters, selection, d) = (operands[0], operands[1], operands[2])
    let kernel = convolution.kernel(images: x.dimensions, filters: filters.dimensions[3])
    kernel.inputGradient(
      filters.scalars(Scalar.self), selection: selection.scalars(), d.scalars(), into: x.scalars(),
      scratch: context.scratch(of: Scalar.self, count: kernel.scratchCount(of: Scalar.self, for: .inputGradient)))
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil, nil] }
    let (filters, selection, d) = (operands[0], operands[1], operands[2])
    let spread = try c.convolved(with: filters, convolution.window)
    return [
      .dense(try c.applying(PooledFilterGradient(convolution: convolution), selection, d)),
      nil,
      .dense(try selection.applying(ValuesAtMaximum(window: convolution.pool), spread)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [nil, 0, 0] ? .perExample([0]) : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    convolution.kernel(images: results[0], filters: operands[0][3]).operationCount
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    convolution.kernel(images: results[0], filters: operands[0][3]).scratchByteCount(.inputGradient)
  }
}

/// The cotangent of the filters of a convolution, from the images, the selection of its pool, and the pool's cotangent.
public struct PooledFilterGradient: Primitive {
  /// The convolution and its pool.
  public let convolution: PooledConvolution

  public var name: String { "convolution filter gradient of max pool" }
  public var canAccumulate: Bool { true }

  /// `[n, height, width, channels], int32 [n, p, q, filters], [n, p, q, filters] → [i, j, channels, filters]`
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(3, operands)
    let (x, d) = (operands[0], operands[2])
    guard x.rank == 4, d.rank == 4 else { throw mismatch(operands, "images, and a selection and cotangent of places") }
    let window = convolution.window
    let filters = x.with([Extent(window.vertical.extent), Extent(window.horizontal.extent), x.shape[3], d.shape[3]])
    guard try convolution.resultTypes([x, filters]) == [d, operands[1]] else {
      throw mismatch(operands, "images, and the selection and cotangent of their pooled convolution")
    }
    return [filters]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch results[0].dtype {
    case .float32: run(Float.self, operands, results[0], context)
    default: run(Double.self, operands, results[0], context)
    }
  }

  private func run<Scalar: TensorScalar & BLASScalar>(
    _: Scalar.Type, _ operands: TensorViews, _ filters: TensorView, _ context: ExecutionContext
  ) {
    let (x, selection, d) = (operands[0], operands[1], operands[2])
    let kernel = convolution.kernel(images: x.dimensions, filters: filters.dimensions[3])
    kernel.filterGradient(
      x.scalars(Scalar.self), selection: selection.scalars(), d.scalars(), into: filters.scalars(),
      accumulating: context.accumulates,
      scratch: context.scratch(of: Scalar.self, count: kernel.scratchCount(of: Scalar.self, for: .filterGradient)))
  }

  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let c = cotangents[0] else { return [nil, nil, nil] }
    let (x, selection, d) = (operands[0], operands[1], operands[2])
    let spread = try x.convolved(with: c, convolution.window)
    return [
      .dense(try c.applying(PooledInputGradient(convolution: convolution, images: x.shape), selection, d)),
      nil,
      .dense(try selection.applying(ValuesAtMaximum(window: convolution.pool), spread)),
    ]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    application.axes == [0, 0, 0] ? .sums : .whole
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    convolution.kernel(images: operands[0], filters: results[0][3]).operationCount
  }

  public func scratchByteCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    convolution.kernel(images: operands[0], filters: results[0][3]).scratchByteCount(.filterGradient)
  }
}

extension Kernels.PooledConvolution {
  /// The floating-point operations of each pass.
  fileprivate var operationCount: Int {
    Int.saturatingProduct(2, places.count, window.count, images[3])
      .addingSaturated(.saturatingProduct(pooled.count, pool.count))
  }

  /// The scratch of a pass in either precision, in bytes.
  fileprivate func scratchByteCount(_ pass: Kernels.Convolution.Pass) -> Int {
    max(
      MemoryLayout<Double>.stride * scratchCount(of: Double.self, for: pass),
      MemoryLayout<Float>.stride * scratchCount(of: Float.self, for: pass))
  }
}

extension Value {
  /// The maximum pool of the convolution of these images with `filters`, and the pool's selection.
  package func convolved(
    with filters: Value, _ window: SlidingWindow, pool: SlidingWindow
  ) throws(ShapeError) -> (largest: Value, selection: Value) {
    let results = try builder.apply(PooledConvolution(window: window, pool: pool), [self, filters])
    return (results[0], results[1])
  }

  /// The cotangent of the images, of shape `images`, of a convolution with these filters, whose pool has the cotangent `d`.
  package func convolutionInputGradient(
    _ selection: Value, _ d: Value, images: Shape, _ window: SlidingWindow, pool: SlidingWindow
  ) throws(ShapeError) -> Value {
    let convolution = PooledConvolution(window: window, pool: pool)
    return try applying(PooledInputGradient(convolution: convolution, images: images), selection, d)
  }

  /// The cotangent of the filters of a convolution of these images, whose pool has the cotangent `d`.
  package func convolutionFilterGradient(
    _ selection: Value, _ d: Value, _ window: SlidingWindow, pool: SlidingWindow
  ) throws(ShapeError) -> Value {
    try applying(PooledFilterGradient(convolution: PooledConvolution(window: window, pool: pool)), selection, d)
  }
}
