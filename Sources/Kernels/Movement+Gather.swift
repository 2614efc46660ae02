extension Movement {
  /// Writes a one-hot vector per index: `y[o, d, i]` is `on` where `d` equals `indices[o, i]`, otherwise `off`.
  ///
  /// An index outside `0..<depth` gives a vector that is `off` everywhere.
  ///
  /// - Parameters:
  ///   - indices: Shape `[outer, inner]`, the product of the extents before and after the new axis.
  ///   - y: Shape `[outer, depth, inner]`.
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  public static func oneHot<Scalar: BitwiseCopyable, Index: IndexScalar>(
    _ indices: MemoryView<Index>, outer: Int, depth: Int, inner: Int, on: Scalar, off: Scalar,
    into y: MemoryView<Scalar>
  ) {
    precondition(indices.count == outer * inner, "\(indices.count) indices for [\(outer), \(inner)]")
    precondition(y.count == outer * depth * inner, "[\(outer), \(depth), \(inner)] in \(y.count) scalars")
    y.fill(off)
    for o in 0..<outer {
      for i in 0..<inner {
        guard let index = Int(exactly: indices[o * inner + i]), index >= 0, index < depth else { continue }
        y[(o * depth + index) * inner + i] = on
      }
    }
  }

  /// Gathers along an axis: `y[b, o, j, i] = x[b, o, indices[b, j], i]`.
  ///
  /// - Parameters:
  ///   - batch: The product of the axes that `x` and `indices` share.
  ///   - outer: The product of the axes of `x` between those and the gathered one.
  ///   - axisCount: The extent of the gathered axis; indices lie in `0..<axisCount`.
  ///   - inner: The product of the axes after it.
  /// - Returns: `nil`, or the position in `indices` of the first index out of range; `y` is then incomplete.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  public static func gather<Scalar: BitwiseCopyable, Index: IndexScalar>(
    _ x: MemoryView<Scalar>, batch: Int = 1, outer: Int, axisCount: Int, inner: Int,
    indices: MemoryView<Index>, into y: MemoryView<Scalar>
  ) -> Int? {
    forEachPart(of: x, y, batch, outer, axisCount, inner, indices) { table, rows, indices in
      Rows.gather(
        table: table, rowStride: inner, rowLength: inner, rowCount: axisCount, indices: indices, into: rows)
    }
  }

  /// Adds along an axis: `y[b, o, indices[b, j], i] += values[b, o, j, i]`, in order; the pullback of ``gather``.
  ///
  /// - Returns: `nil`, or the position in `indices` of the first index out of range; `y` is then incomplete.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func scatterAdd<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: MemoryView<Scalar>, batch: Int = 1, outer: Int, axisCount: Int, inner: Int,
    indices: MemoryView<Index>, into y: MemoryView<Scalar>
  ) -> Int? {
    forEachPart(of: y, values, batch, outer, axisCount, inner, indices) { table, rows, indices in
      Rows.scatterAdd(
        rows, rowLength: inner, indices: indices, into: table, rowStride: inner, rowCount: axisCount)
    }
  }

  /// Calls `body` for each batch and each place along the outer axes: with the part of `whole` there, whose rows are
  /// indexed, the part of `picked`, which has a row for each index, and the batch's indices.
  ///
  /// - Returns: `nil`, or the position in `indices` of the first one that `body` found out of range in its part.
  @inline(always)
  private static func forEachPart<Scalar: BitwiseCopyable, Index: IndexScalar>(
    of whole: MemoryView<Scalar>, _ picked: MemoryView<Scalar>, _ batch: Int, _ outer: Int, _ axisCount: Int,
    _ inner: Int, _ indices: MemoryView<Index>,
    _ body: (_ table: MemoryView<Scalar>, _ rows: MemoryView<Scalar>, _ indices: MemoryView<Index>) -> Int?
  ) -> Int? {
    precondition(batch == 0 || indices.count % batch == 0, "\(indices.count) indices for \(batch) batches")
    let perBatch = batch == 0 ? 0 : indices.count / batch
    let (tableCount, rowsCount) = (axisCount * inner, perBatch * inner)
    check(whole, count: batch * outer * tableCount)
    check(picked, count: batch * outer * rowsCount)
    for b in 0..<batch {
      let own = indices[(b * perBatch)..<((b + 1) * perBatch)]
      for part in (b * outer)..<((b + 1) * outer) {
        let failure = body(
          whole[(part * tableCount)..<((part + 1) * tableCount)], picked[(part * rowsCount)..<((part + 1) * rowsCount)],
          own)
        if let failure { return b * perBatch + failure }
      }
    }
    return nil
  }

  /// Gathers slices at places: `y[p, i] = x[indices[p, 0], indices[p, 1], …, i]`.
  ///
  /// - Parameters:
  ///   - leading: The extents of the axes of `x` that a place indexes.
  ///   - inner: The product of the axes after them.
  ///   - indices: Shape `[places, leading.rank]`.
  /// - Returns: `nil`, or the number of the first place out of range, from where on nothing was copied.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  public static func gatherND<Scalar: BitwiseCopyable, Index: IndexScalar>(
    _ x: MemoryView<Scalar>, leading: Dimensions, inner: Int, indices: MemoryView<Index>, places: Int,
    into y: MemoryView<Scalar>
  ) -> Int? {
    precondition(x.count == leading.count * inner, "\(leading) × \(inner) of \(x.count)")
    precondition(indices.count == places * leading.rank, "\(indices.count) indices for \(places) places in \(leading)")
    precondition(y.count == places * inner, "\(places) × \(inner) in \(y.count)")
    for place in 0..<places {
      guard let row = offset(of: place, indices, leading) else { return place }
      y[(place * inner)..<((place + 1) * inner)].copy(from: x[(row * inner)..<((row + 1) * inner)])
    }
    return nil
  }

  /// Adds slices at places: `y[indices[p, 0], indices[p, 1], …, i] += values[p, i]`, in order.
  ///
  /// - Returns: `nil`, or the number of the first place out of range, from where on nothing was added.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func scatterNDAdd<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: MemoryView<Scalar>, leading: Dimensions, inner: Int, indices: MemoryView<Index>, places: Int,
    into y: MemoryView<Scalar>
  ) -> Int? {
    precondition(y.count == leading.count * inner, "\(leading) × \(inner) of \(y.count)")
    precondition(indices.count == places * leading.rank, "\(indices.count) indices for \(places) places in \(leading)")
    precondition(values.count == places * inner, "\(places) × \(inner) in \(values.count)")
    for place in 0..<places {
      guard let row = offset(of: place, indices, leading) else { return place }
      // Safety: the counts were checked above, and `offset` checked the place.
      unsafe Scalar.add(values.base + place * inner, to: y.base + row * inner, count: inner)
    }
    return nil
  }

  /// Adds rows by segment: to row `s` of `y` those rows of `values` whose id is `s`, in order.
  ///
  /// Rows with a negative id are dropped, as TensorFlow does.
  ///
  /// - Parameters:
  ///   - values: Shape `[ids.count, inner]`.
  ///   - y: Shape `[segments, inner]`.
  /// - Returns: `nil`, or the position of the first id of `segments` or more; `y` is then incomplete.
  @discardableResult
  @specialized(where Scalar == Float, Index == Int32)
  @specialized(where Scalar == Float, Index == Int64)
  @specialized(where Scalar == Double, Index == Int32)
  @specialized(where Scalar == Double, Index == Int64)
  public static func addSegments<Scalar: SummableScalar, Index: IndexScalar>(
    _ values: MemoryView<Scalar>, inner: Int, ids: MemoryView<Index>, segments: Int, into y: MemoryView<Scalar>
  ) -> Int? {
    precondition(values.count == ids.count * inner, "\(ids.count) rows of \(inner) in \(values.count)")
    precondition(y.count == segments * inner, "\(segments) rows of \(inner) in \(y.count)")
    for position in 0..<ids.count {
      let id = Int(ids[position])
      guard id >= 0 else { continue }
      guard id < segments else { return position }
      // Safety: the counts were checked above, and the id here.
      unsafe Scalar.add(values.base + position * inner, to: y.base + id * inner, count: inner)
    }
    return nil
  }

  /// The row that place `place` means, or `nil` if an index is out of range.
  private static func offset<Index: IndexScalar>(
    of place: Int, _ indices: MemoryView<Index>, _ leading: Dimensions
  ) -> Int? {
    var row = 0
    for axis in 0..<leading.rank {
      let index = Int(indices[place * leading.rank + axis])
      guard index >= 0, index < leading[axis] else { return nil }
      row = row * leading[axis] + index
    }
    return row
  }
}
