/// Copying arrays into other arrangements; nothing is computed.
///
/// Arrays are row-major. Shapes are checked against the counts of the views; a disagreement is the caller's bug.
public enum Movement {
  /// Reorders the axes: axis `i` of `y` is axis `permutation[i]` of `x`.
  public static func transpose<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, shape: Dimensions, permutation: Dimensions, into y: MemoryView<Scalar>
  ) {
    check(x, shape)
    precondition(permutation.rank == shape.rank, "a permutation \(permutation) of \(shape)")
    var seen: AxisSet = []
    for axis in 0..<shape.rank { seen.insert(AxisSet(rawValue: 1 << UInt8(permutation[axis]))) }
    precondition(seen.rawValue == UInt8((1 << shape.rank) - 1), "a permutation \(permutation) of \(shape)")
    precondition(y.count == x.count, "\(x.count) scalars transposed into \(y.count)")
    let steps = shape.strides
    var (walk, targetStep) = (StridedWalk(), y.count)
    for axis in 0..<shape.rank {
      let extent = shape[permutation[axis]]
      targetStep = extent == 0 ? 0 : targetStep / extent
      walk.append(extent, sourceStep: steps[permutation[axis]], targetStep: targetStep)
    }
    copy(x, from: 0, y, to: 0, walk)
  }

  /// Copies `x` to `y` of a larger shape, repeating it along axes of extent 1 and along axes that `x` lacks in front.
  public static func broadcast<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, shape: Dimensions, into y: MemoryView<Scalar>, shape target: Dimensions
  ) {
    check(x, shape)
    check(y, target)
    let missing = target.rank - shape.rank
    precondition(missing >= 0, "\(shape) broadcast to \(target)")
    let (steps, targetSteps) = (shape.strides, target.strides)
    var walk = StridedWalk()
    for axis in 0..<target.rank {
      let extent = axis < missing ? 1 : shape[axis - missing]
      precondition(extent == 1 || extent == target[axis], "\(shape) broadcast to \(target)")
      walk.append(target[axis], sourceStep: extent == 1 ? 0 : steps[axis - missing], targetStep: targetSteps[axis])
    }
    copy(x, from: 0, y, to: 0, walk)
  }

  /// Repeats `x` along each axis, `multiples[axis]` times.
  public static func tile<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, shape: Dimensions, multiples: Dimensions, into y: MemoryView<Scalar>
  ) {
    check(x, shape)
    precondition(multiples.rank == shape.rank, "\(multiples) tiles of \(shape)")
    precondition(y.count == x.count * multiples.count, "\(multiples) tiles of \(shape) in \(y.count) scalars")
    let steps = shape.strides
    var (walk, targetStep) = (StridedWalk(), y.count)
    for axis in 0..<shape.rank {
      targetStep = multiples[axis] == 0 ? 0 : targetStep / multiples[axis]
      walk.append(multiples[axis], sourceStep: 0, targetStep: targetStep)
      targetStep = shape[axis] == 0 ? 0 : targetStep / shape[axis]
      walk.append(shape[axis], sourceStep: steps[axis], targetStep: targetStep)
    }
    copy(x, from: 0, y, to: 0, walk)
  }

  /// Copies `x` into the middle of `y`, which is `value` everywhere else.
  ///
  /// - Parameter before: How many elements of padding lie in front of `x` along each axis.
  public static func pad<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, shape: Dimensions, before: Dimensions, with value: Scalar,
    into y: MemoryView<Scalar>, shape target: Dimensions
  ) {
    check(x, shape)
    check(y, target)
    y.fill(value)
    let slice = Slice(of: target, begin: before, steps: nil, backwards: [], shape: shape)
    copy(x, from: 0, y, to: slice.start, slice.walk(into: true))
  }

  /// Copies `piece` into its place along `axis` of a concatenation: one call per piece makes the whole.
  ///
  /// - Parameters:
  ///   - shape: The piece's shape.
  ///   - position: Where the piece starts along `axis`.
  ///   - y: The whole, which has the piece's shape except for `extent` elements along `axis`.
  public static func concat<Scalar: BitwiseCopyable>(
    _ piece: MemoryView<Scalar>, shape: Dimensions, axis: Int, at position: Int,
    into y: MemoryView<Scalar>, extent: Int
  ) {
    check(piece, shape)
    precondition(position >= 0 && position + shape[axis] <= extent, "\(shape) at \(position) of \(extent)")
    let (outer, inner) = (shape.count(of: 0..<axis), shape.count(of: (axis + 1)..<shape.rank))
    precondition(y.count == outer * extent * inner, "\(outer) × \(extent) × \(inner) in \(y.count) scalars")
    var walk = StridedWalk()
    walk.append(outer, sourceStep: shape[axis] * inner, targetStep: extent * inner)
    walk.append(shape[axis] * inner, sourceStep: 1, targetStep: 1)
    copy(piece, from: 0, y, to: position * inner, walk)
  }

  static func check<Scalar>(_ view: MemoryView<Scalar>, _ shape: Dimensions) {
    precondition(view.count == shape.count, "\(view.count) scalars for \(shape)")
  }

  static func check<Scalar>(_ view: MemoryView<Scalar>, count: Int) {
    precondition(view.count == count, "\(view.count) scalars, \(count) expected")
  }

  /// Copies along a walk that starts at offset `start` of `x` and `target` of `y`.
  ///
  /// Callers checked that the walk stays inside both views.
  static func copy<Scalar: BitwiseCopyable>(
    _ x: MemoryView<Scalar>, from start: Int, _ y: MemoryView<Scalar>, to target: Int, _ walk: StridedWalk
  ) {
    // Safety: see above.
    switch MemoryLayout<Scalar>.size {
    case 1:
      unsafe copyWords(x.rebound(to: UInt8.self).base + start, y.rebound(to: UInt8.self).base + target, walk)
    case 4:
      unsafe copyWords(x.rebound(to: UInt32.self).base + start, y.rebound(to: UInt32.self).base + target, walk)
    case 8:
      unsafe copyWords(x.rebound(to: UInt64.self).base + start, y.rebound(to: UInt64.self).base + target, walk)
    default: preconditionFailure("scalars of \(MemoryLayout<Scalar>.size) bytes")
    }
  }

  @unsafe @specialized(where Word == UInt8)
  @specialized(where Word == UInt32)
  @specialized(where Word == UInt64)
  private static func copyWords<Word: BitwiseCopyable>(
    _ source: UnsafePointer<Word>, _ target: UnsafeMutablePointer<Word>, _ walk: StridedWalk
  ) {
    unsafe walk.copy(from: source, to: target)
  }
}
