/// An array's axes as a reduction sees them: neighbours of one kind merged, axes of extent 1 dropped.
///
/// Axes are counted from the innermost, and kept and reduced ones take turns.
struct ReductionPlan {
  /// The number of axes that are left.
  private(set) var rank = 0
  /// Their extents.
  private(set) var extents = InlineArray<8, Int>(repeating: 1)
  /// How far apart neighbours along them are in the array.
  private(set) var strides = InlineArray<8, Int>(repeating: 0)
  /// How far apart neighbours along them are in the result, 0 along a reduced axis.
  private(set) var resultStrides = InlineArray<8, Int>(repeating: 0)
  /// The number of elements of the array.
  private(set) var count = 1
  /// The number of elements of the result.
  private(set) var resultCount = 1
  /// The number of elements behind each of the result.
  private(set) var reducedCount = 1

  init(_ shape: Dimensions, over axes: AxisSet) {
    precondition(
      axes.rawValue >> UInt8(shape.rank) == 0 || shape.rank == 8, "axes \(axes.axes) of an array of shape \(shape)")
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
      append(shape[axis], isReduced: axes.contains(axis: axis))
    }
  }

  private mutating func append(_ extent: Int, isReduced: Bool) {
    if extent != 1 {
      if rank > 0 && self.isReduced(rank - 1) == isReduced {
        extents[rank - 1] *= extent
      } else {
        extents[rank] = extent
        strides[rank] = count
        resultStrides[rank] = isReduced ? 0 : resultCount
        rank += 1
      }
    }
    count *= extent
    if isReduced { reducedCount *= extent } else { resultCount *= extent }
  }

  /// Whether `axis` is reduced.
  func isReduced(_ axis: Int) -> Bool { resultStrides[axis] == 0 }
}

/// A walk over the outer axes of a reduction.
struct ReductionCursor {
  private let plan: ReductionPlan
  private let first: Int
  private var position = InlineArray<8, Int>(repeating: 0)
  /// Where the walk is in the array.
  private(set) var offset = 0
  /// Where the walk is in the result.
  private(set) var resultOffset = 0

  /// Walks over the axes from `first` outwards.
  init(_ plan: ReductionPlan, from first: Int) {
    self.plan = plan
    self.first = first
  }

  /// Goes on; false after the last place.
  mutating func advance() -> Bool {
    var axis = first
    while axis < plan.rank {
      position[axis] += 1
      offset += plan.strides[axis]
      resultOffset += plan.resultStrides[axis]
      if position[axis] < plan.extents[axis] { return true }
      position[axis] = 0
      offset -= plan.strides[axis] * plan.extents[axis]
      resultOffset -= plan.resultStrides[axis] * plan.extents[axis]
      axis += 1
    }
    return false
  }
}
