public import Kernels

/// A part of a tensor: along each axis every `strides[axis]`-th element from `starts[axis]` on.
public struct Slice: Primitive {
  /// The first element along each axis.
  public let starts: [Extent]
  /// How far apart the elements are along each axis; negative ones go backwards.
  public let strides: [Int]
  /// The shape of the part.
  public let shape: Shape

  /// The part of shape `shape` that begins at `starts`, whose elements are `strides` apart.
  public init(starts: [Extent], strides: [Int], shape: Shape) {
    self.starts = starts
    self.strides = strides
    self.shape = shape
  }

  /// The part of shape `shape` that begins at `starts`, the same for every batch size.
  public init(starts: [Int], strides: [Int], shape: Shape) {
    self.init(starts: starts.map { Extent($0) }, strides: strides, shape: shape)
  }

  public var name: String { "slice \(shape) from \(starts)" + (strides.allSatisfy { $0 == 1 } ? "" : " by \(strides)") }

  /// The part's shape, if it lies within the operand.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(1, operands)
    let x = operands[0]
    guard starts.count == x.rank, strides.count == x.rank, shape.rank == x.rank else {
      throw mismatch(operands, "\(starts.count) axes")
    }
    for axis in 0..<x.rank {
      guard fits(start: starts[axis], stride: strides[axis], count: shape[axis], of: x.shape[axis]) else {
        throw mismatch(operands, "a part within the operand, not \(shape) from \(starts) by \(strides)")
      }
    }
    return [x.with(shape)]
  }

  /// How far apart the elements are along each axis, in either direction.
  var steps: Dimensions { Dimensions(strides.lazy.map { Int($0.magnitude) }) }

  /// The axes along which the part runs towards the beginning.
  var backwards: AxisSet { AxisSet(axes: strides.indices.lazy.filter { strides[$0] < 0 }) }

  private func fits(start: Extent, stride: Int, count: Extent, of extent: Extent) -> Bool {
    guard stride != 0, stride != .min, start.batches >= 0, let first = start.value(batch: 1), first >= 0 else {
      return false
    }
    if count == 0 { return true }
    guard !count.isFixed || count.fixed > 0 else { return false }
    if let count = count.constant, let start = start.constant, let extent = extent.constant {
      let (span, overflow) = (count - 1).multipliedReportingOverflow(by: stride)
      let (last, overflow2) = start.addingReportingOverflow(span)
      return !overflow && !overflow2 && start < extent && last >= 0 && last < extent
    }
    // What is left behind the part; if it grows with the batch, whether it is enough is known when the program runs.
    guard stride == 1, let rest = extent.subtracting(start)?.subtracting(count)
    else {
      return false
    }
    return rest.batches > 0 || rest.batches == 0 && rest.fixed >= 0
  }

  /// Where the part begins in a batch of `batch` examples, checked to lie, all of it, within `whole`.
  func begin(_ part: Dimensions, within whole: Dimensions, batch: Int) throws(ExecutionError) -> Dimensions {
    var begin = Dimensions(repeating: 0, rank: starts.count)
    for axis in starts.indices where part[axis] > 0 {
      let start = starts[axis].value(batch: batch) ?? .max
      let (last, overflow) = start.addingReportingOverflow((part[axis] - 1) * strides[axis])
      guard !overflow, start < whole[axis], last < whole[axis] else {
        throw .indexOutOfRange(position: axis, index: overflow ? .max : last, limit: whole[axis])
      }
      begin[axis] = start
    }
    return begin
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let begin = try begin(results[0].dimensions, within: operands[0].dimensions, batch: context.batch)
    switch operands[0].dtype {
    case .float32: slice(Float.self, operands[0], begin, results[0])
    case .float64: slice(Double.self, operands[0], begin, results[0])
    case .int32: slice(Int32.self, operands[0], begin, results[0])
    case .int64: slice(Int64.self, operands[0], begin, results[0])
    case .bool: slice(Bool.self, operands[0], begin, results[0])
    }
  }

  private func slice<Scalar: TensorScalar>(
    _: Scalar.Type, _ x: TensorView, _ begin: Dimensions, _ y: TensorView
  ) {
    Movement.slice(
      x.scalars(Scalar.self), shape: x.dimensions, begin: begin, steps: steps, backwards: backwards,
      into: y.scalars(), shape: y.dimensions)
  }

  /// The cotangent belongs into the part; it is added there once all parts are known.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return [nil] }
    return [.part(self, d)]
  }

  /// Whether all elements along `axis` are taken, in order.
  func takesAll(along axis: Int, of shape: Shape) -> Bool {
    starts[axis] == 0 && strides[axis] == 1 && self.shape[axis] == shape[axis]
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0], takesAll(along: axis, of: application.operands[0].shape) else {
      return .whole
    }
    return .perExample([axis])
  }

  public func operationCount(_ operands: [Dimensions], _ results: [Dimensions]) -> Int { 0 }

  public func elementsRead(of position: Int, _ operands: [Dimensions], _ results: [Dimensions]) -> Int {
    results[0].count
  }
}

/// A tensor of zeros to which tensors are added in their places: what the gradients of slices add up to.
public struct AssembleParts: Primitive {
  /// The place of each operand.
  public let slices: [Slice]
  /// The type of the whole.
  public let type: TensorType

  public var name: String { "assemble \(slices.count) parts" }

  /// The whole.
  public func resultTypes(_ operands: [TensorType]) throws(ShapeError) -> [TensorType] {
    try expect(slices.count, operands)
    guard type.dtype.isFloatingPoint else { throw mismatch(operands, "parts of floating-point numbers") }
    for (slice, operand) in zip(slices, operands) {
      guard try slice.resultTypes([type])[0] == operand else { throw mismatch(operands, "parts of \(type)") }
    }
    return [type]
  }

  public func forward(
    _ operands: TensorViews, into results: TensorViews, _ context: ExecutionContext
  ) throws(ExecutionError) {
    switch type.dtype {
    case .float32: try assemble(zero: Float(0), operands, results[0], context)
    default: try assemble(zero: Double(0), operands, results[0], context)
    }
  }

  private func assemble<Scalar: TensorScalar & SummableScalar>(
    zero: Scalar, _ operands: TensorViews, _ y: TensorView, _ context: ExecutionContext
  ) throws(ExecutionError) {
    let whole = y.scalars(Scalar.self)
    whole.fill(zero)
    for (index, slice) in slices.enumerated() {
      let part = operands[index]
      Movement.sliceAdd(
        part.scalars(), shape: part.dimensions, into: whole, shape: y.dimensions,
        begin: try slice.begin(part.dimensions, within: y.dimensions, batch: context.batch), steps: slice.steps,
        backwards: slice.backwards)
    }
  }

  /// Each part's cotangent is the part of the whole's.
  public func pullback(_ cotangents: [Value?], _ operands: [Value], _ results: [Value]) throws(ShapeError)
    -> [Cotangent?]
  {
    guard let d = cotangents[0] else { return operands.map { _ in nil } }
    return try slices.map { (slice) throws(ShapeError) in .dense(try d.applying(slice)) }
  }

  public func batching(_ application: BatchedApplication) -> Batching {
    guard let axis = application.axes[0], application.axes.allSatisfy({ $0 == axis }),
      slices.allSatisfy({ $0.takesAll(along: axis, of: type.shape) })
    else { return .whole }
    return .perExample([axis])
  }
}

extension Value {
  /// The part of this value from `starts` on, of shape `shape`; they are the same for every batch size.
  public func sliced(from starts: [Int], shape: Shape, by strides: [Int]? = nil) throws(ShapeError) -> Value {
    try sliced(from: starts.map { Extent($0) }, shape: shape, by: strides)
  }

  /// The part of this value from `starts` on, of shape `shape`.
  public func sliced(from starts: [Extent], shape: Shape, by strides: [Int]? = nil) throws(ShapeError) -> Value {
    let slice = Slice(starts: starts, strides: strides ?? starts.map { _ in 1 }, shape: shape)
    guard shape.rank == self.shape.rank, starts.count == shape.rank else { return try applying(slice) }
    let isAll = starts.indices.allSatisfy { slice.takesAll(along: $0, of: self.shape) }
    return isAll ? self : try applying(slice)
  }
}
