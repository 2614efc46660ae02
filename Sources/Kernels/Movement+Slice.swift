/// Where a slice lies in an array: its first element and its step along each axis.
struct Slice {
  /// The offset of the first element.
  private(set) var start = 0
  private let shape: Dimensions
  private var steps = InlineArray<8, Int>(repeating: 0)

  /// A slice of shape `shape`, checked to lie within an array of shape `whole`.
  init(of whole: Dimensions, begin: Dimensions, steps: Dimensions?, backwards: AxisSet, shape: Dimensions) {
    precondition(
      begin.rank == whole.rank && shape.rank == whole.rank && (steps ?? whole).rank == whole.rank,
      "a slice \(shape) from \(begin) of \(whole)")
    self.shape = shape
    let strides = whole.strides
    for axis in 0..<whole.rank where shape[axis] > 0 {
      let step = (steps.map { $0[axis] } ?? 1) * (backwards.contains(axis: axis) ? -1 : 1)
      let last = begin[axis] + (shape[axis] - 1) * step
      precondition(
        begin[axis] < whole[axis] && last >= 0 && last < whole[axis], "a slice \(shape) from \(begin) of \(whole)")
      start += begin[axis] * strides[axis]
      self.steps[axis] = step * strides[axis]
    }
    if shape.count == 0 { start = 0 }
  }

  /// The walk between the slice and a packed array of its shape: out of the whole, or `into` it.
  func walk(into: Bool) -> StridedWalk {
    var walk = StridedWalk()
    let packed = shape.strides
    for axis in 0..<shape.rank {
      walk.append(
        shape[axis], sourceStep: into ? packed[axis] : steps[axis], targetStep: into ? steps[axis] : packed[axis])
    }
    return walk
  }
}

extension Movement {
  /// Copies a slice of `x` to `y`.
  ///
  /// - Parameters:
  ///   - begin: The place of the slice's first element.
  ///   - steps: How far apart its elements are along each axis, by default neighbours.
  ///   - backwards: The axes along which it runs towards the beginning.
  ///   - target: The slice's shape.
  public static func slice<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, shape: Dimensions, begin: Dimensions, steps: Dimensions? = nil, backwards: AxisSet = [],
    into y: MemoryView<Scalar>, shape target: Dimensions
  ) {
    check(x, shape)
    check(y, target)
    let slice = Slice(of: shape, begin: begin, steps: steps, backwards: backwards, shape: target)
    copy(x, from: slice.start, y, to: 0, slice.walk(into: false))
  }

  /// Adds `x` to a slice of `y`: the pullback of ``slice(_:shape:begin:steps:backwards:into:shape:)``, in place.
  public static func sliceAdd<Scalar: SummableScalar>(
    _ x: MemoryView<Scalar>, shape: Dimensions, into y: MemoryView<Scalar>, shape target: Dimensions,
    begin: Dimensions, steps: Dimensions? = nil, backwards: AxisSet = []
  ) {
    check(x, shape)
    check(y, target)
    let slice = Slice(of: target, begin: begin, steps: steps, backwards: backwards, shape: shape)
    // Safety: `Slice` checked that the walk stays inside `y`; `x` has its shape.
    unsafe add(x.base, y.base + slice.start, slice.walk(into: true))
  }

  @unsafe @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func add<Scalar: SummableScalar>(
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ walk: StridedWalk
  ) {
    unsafe walk.add(from: source, to: target)
  }
}
