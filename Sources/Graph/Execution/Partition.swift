import Kernels

/// A division of one application among lanes, each of which computes a range of the results: parallelism within an
/// operation, for what runs over the whole batch.
///
/// Tiles divide the examples. Where a batch is small beside the weights, every tile would read all weights and have a
/// gradient of its own for them; divided along the weights' axes, a product touches each weight once.
package struct Partition: Sendable {
  /// For each operand, and then for each result, the axis of which a lane sees a range; `nil` where it sees everything.
  let axes: [Int?]
  /// The extent of these axes.
  let extent: Int

  /// The partition of the node number `index` of `program` that divides the most memory, if it can be divided.
  init?(_ index: Int, of program: Program, _ dimensions: [Dimensions]) {
    let node = program.nodes[index]
    let values = node.operands + Array(node.results)
    let leading = node.primitive.partitionableAxes
    guard leading > 0, node.results.count == 1, node.operands.count <= 3 else { return nil }
    let result = node.results.lowerBound
    var best: (axes: [Int?], extent: Int, byteCount: Int)?
    for axis in 0..<min(leading, dimensions[result].rank) {
      let extent = dimensions[result][axis]
      for axes in Self.choices(node.operands, dimensions, leading: leading, extent: extent) {
        let application = BatchedApplication(
          axes: axes, operands: node.operands.map { program.types[$0] }, results: [program.types[result]])
        // A lane has one view of each value.
        let views = Dictionary(zip(node.operands, axes), uniquingKeysWith: { $0 == $1 ? $0 : .min })
        guard axes.contains(where: { $0 != nil }), !views.values.contains(.min),
          node.primitive.batching(application) == .perExample([axis])
        else { continue }
        let divided = zip(values, axes + [axis]).filter { $0.1 != nil }.map(\.0)
        let byteCount = divided.reduce(0) { $0 + dimensions[$1].count * program.types[$1].dtype.byteCount }
        if byteCount > best?.byteCount ?? 0 { best = (axes + [axis], extent, byteCount) }
      }
    }
    guard let best else { return nil }
    (axes, extent) = (best.axes, best.extent)
  }

  /// All ways to choose for each operand one of its `leading` axes that have this extent, or none.
  private static func choices(
    _ operands: [Int], _ dimensions: [Dimensions], leading: Int, extent: Int
  ) -> [[Int?]] {
    operands.reduce([[]]) { choices, operand in
      let axes = (0..<min(leading, dimensions[operand].rank)).filter { dimensions[operand][$0] == extent }
      return choices.flatMap { choice in [choice + [nil]] + axes.map { choice + [$0] } }
    }
  }

  /// The range that lane `lane` of `lanes` computes.
  func range(lane: Int, of lanes: Int) -> Range<Int> { Self.range(of: extent, lane: lane, of: lanes) }

  /// The range of an axis of `extent` elements that belongs to lane `lane` of `lanes`: it ends at a multiple of 16 where
  /// the axis is long enough.
  package static func range(of extent: Int, lane: Int, of lanes: Int) -> Range<Int> {
    let unit = extent >= 32 * lanes ? 16 : 1
    let units = extent / unit
    let end = lane == lanes - 1 ? extent : units * (lane + 1) / lanes * unit
    return units * lane / lanes * unit..<end
  }
}

extension Partition {
  /// The least bytes of weights for which a product is a stage of its own.
  private static let leastByteCount = 256 << 10

  /// Whether the node number `index` of `program`, which could run on tiles, is better divided: the weights that every
  /// tile would read, or the gradients that each lane would sum, are larger than what belongs to the examples.
  /// With `orFew` also where there are so few that it does not pay.
  static func isBetterThanTiles(
    _ index: Int, of program: Program, _ dimensions: [Dimensions], _ schedule: BatchSchedule, orFew: Bool
  ) -> Bool {
    let node = program.nodes[index]
    guard BatchSchedule.isTiled(schedule.stages[index]), node.primitive.partitionableAxes > 1 else { return false }
    var (fixed, batched) = (0, 0)
    for value in node.operands + Array(node.results) {
      let byteCount = dimensions[value].count * program.types[value].dtype.byteCount
      if schedule.axes[value] == nil { fixed += byteCount } else { batched += byteCount }
    }
    return fixed > batched && (orFew || fixed >= leastByteCount)
  }
}

extension TensorView {
  /// The part of this view in `range` of `axis`, one of the first two; the rows of a part along the second lie apart.
  func part(_ range: Range<Int>, along axis: Int) -> TensorView {
    precondition(axis == 0 || dimensions.rank == 2, "a range along axis \(axis) of \(dimensions)")
    precondition(range.lowerBound >= 0 && range.upperBound <= dimensions[axis], "\(range) of \(dimensions)")
    var part = self
    part.dimensions[axis] = range.count
    // Safety: the range is within the axis, so the part is within the view.
    let step = axis == 0 ? rowStride : 1
    unsafe part.address = address + range.lowerBound * step * dtype.byteCount
    return part
  }
}
