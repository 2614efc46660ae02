/// The filters' way to points, `G w Gᵀ`, and their cotangents' way back, `Gᵀ s G`, 16 filters at a time.
struct WinogradTaps<let taps: Int> {
  let layout: WinogradLayout
  /// Filters `[height, width, channels, filters]`, with as many channels and filters as the layout's images and places.
  let weights: MemoryView<Float>
  /// As ``WinogradLayout/filtersAtPoints`` says.
  let atPoints: MemoryView<Float>
  /// As ``WinogradLayout/tile`` says.
  let scratch: MemoryView<Float>

  // Safety: the initializer checks the counts; places below follow from the same extents.

  init(_ layout: WinogradLayout, weights: MemoryView<Float>, scratch: MemoryView<Float>) {
    precondition(layout.filter.taps == taps, "\(layout.filter) for \(taps) taps")
    precondition(weights.count == taps * taps * layout.images[3] * layout.places[3], "\(weights.count) weights")
    self.layout = layout
    self.weights = weights
    atPoints = scratch[layout.filtersAtPoints]
    self.scratch = scratch[layout.tile]
  }

  /// Puts all filters at points.
  func toPoints() {
    if layout.channels > layout.images[3] { atPoints.fill(0) }
    let (points, matrix) = unsafe (layout.filter.points, layout.filter.matrices.taps.base)
    unsafe forEachVector { weight, tapStep, count, place, pointStep in
      for column in 0..<taps {
        var terms = InlineArray<taps, FloatVector>(repeating: .zero)
        for tap in 0..<taps {
          terms[tap] = unsafe VectorMemory.load(weight + (tap &* taps &+ column) &* tapStep, count)
        }
        for point in 0..<points {
          unsafe VectorMemory.store(
            Self.value(terms, matrix + point &* taps), scratch.base + (point &* taps &+ column) &* 16)
        }
      }
      for row in 0..<points {
        var terms = InlineArray<taps, FloatVector>(repeating: .zero)
        for tap in 0..<taps { terms[tap] = unsafe VectorMemory.load(scratch.base + (row &* taps &+ tap) &* 16) }
        for column in 0..<points {
          unsafe VectorMemory.store(
            Self.value(terms, matrix + column &* taps), place + (row &* points &+ column) &* pointStep)
        }
      }
    }
  }

  /// Takes all sums at points back to filters, and with `accumulating` adds them.
  func fromPoints(accumulating: Bool) {
    let (points, matrix) = unsafe (layout.filter.points, layout.filter.matrices.taps.base)
    unsafe forEachVector { weight, tapStep, count, place, pointStep in
      for row in 0..<points {
        var sums = InlineArray<taps, FloatVector>(repeating: .zero)
        for column in 0..<points {
          let value = unsafe VectorMemory.load(place + (row &* points &+ column) &* pointStep)
          unsafe Self.add(value, matrix + column &* taps, to: &sums)
        }
        for tap in 0..<taps { unsafe VectorMemory.store(sums[tap], scratch.base + (row &* taps &+ tap) &* 16) }
      }
      for column in 0..<taps {
        var sums = InlineArray<taps, FloatVector>(repeating: .zero)
        for point in 0..<points {
          let value = unsafe VectorMemory.load(scratch.base + (point &* taps &+ column) &* 16)
          unsafe Self.add(value, matrix + point &* taps, to: &sums)
        }
        for tap in 0..<taps {
          let target = unsafe weight + (tap &* taps &+ column) &* tapStep
          let sum = unsafe accumulating ? VectorMemory.load(target, count) + sums[tap] : sums[tap]
          unsafe VectorMemory.store(sum, target, count)
        }
      }
    }
  }

  /// The value at a point: the sum of `terms` times the point's row of the matrix.
  @unsafe @inline(always) private static func value(
    _ terms: InlineArray<taps, FloatVector>, _ row: UnsafePointer<Float>
  ) -> FloatVector {
    var sum = unsafe terms[0] * row[0]
    for tap in 1..<taps { sum = unsafe VectorMath.multiplyAdd(terms[tap], VectorMath.all(row[tap]), sum) }
    return sum
  }

  /// Adds `value`, which stands at a point, times the point's row of the matrix.
  @unsafe @inline(always) private static func add(
    _ value: FloatVector, _ row: UnsafePointer<Float>, to sums: inout InlineArray<taps, FloatVector>
  ) {
    for tap in 0..<taps { sums[tap] = unsafe VectorMath.multiplyAdd(value, VectorMath.all(row[tap]), sums[tap]) }
  }

  /// Calls `body` for each channel and each 16 filters, the last ones perhaps fewer: where their first tap is, how far
  /// apart taps are, how many filters there are, where they are at the first point, and how far apart points are.
  @unsafe @inline(always) private func forEachVector(
    _ body: (UnsafeMutablePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    let (channels, filters) = (layout.images[3], layout.places[3])
    for block in layout.blocks {
      let width = layout.width(ofBlock: block)
      let first = block * layout.points * layout.channels
      for channel in 0..<channels {
        for lane in stride(from: 0, to: min(width, filters - block), by: 16) {
          unsafe body(
            weights.base + channel * filters + block + lane, channels * filters, min(16, filters - block - lane),
            atPoints.base + first + channel * width + lane, layout.channels * width)
        }
      }
    }
  }
}
