package import Graph

/// Taking known integers apart and putting them together, as graphs do that compute shapes.
extension KnownIntegers {
  /// The tensor of `shape` whose element at each index is this one's at `place`, or `nil` if it has too many to count.
  private func picking(_ shape: [Int], _ place: ([Int]) -> [Int]) -> KnownIntegers? {
    guard let count = Shape(shape).count?.constant else { return nil }
    var elements: [Extent] = []
    var index = Array(repeating: 0, count: shape.count)
    for _ in 0..<count {
      elements.append(self.elements[zip(place(index), self.shape).reduce(0) { $0 * $1.1 + $1.0 }])
      for axis in shape.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    return KnownIntegers(dtype, shape: shape, elements)
  }

  /// The part that `slice` takes, or `nil` if where it is depends on the batch.
  package func part(_ slice: Slice) throws(ShapeError) -> KnownIntegers? {
    _ = try slice.resultTypes([TensorType(dtype, Shape(shape))])
    guard let extents = slice.shape.constant else { return nil }
    let starts = slice.starts.compactMap(\.constant)
    guard starts.count == shape.count else { return nil }
    return picking(extents) { index in
      index.indices.map { starts[$0] + index[$0] * slice.strides[$0] }
    }
  }

  /// The elements at `indices` along `axis`, or `nil` if one is not there.
  package func gathering(_ indices: [Int], shape indexShape: [Int], along axis: Int) -> KnownIntegers? {
    guard indices.allSatisfy({ shape[axis] > $0 && $0 >= 0 }) else { return nil }
    let extents = shape[..<axis] + indexShape + shape[(axis + 1)...]
    guard Shape(Array(extents)).count?.constant.map({ $0 <= Self.maximumCount }) == true else { return nil }
    return picking(Array(extents)) { index in
      let place = index[axis..<axis + indexShape.count]
      let position = zip(place, indexShape).reduce(0) { $0 * $1.1 + $1.0 }
      return index[..<axis] + [indices[position]] + index[(axis + indexShape.count)...]
    }
  }

  /// `parts` behind each other along `axis`, or `nil` if they do not fit.
  package static func concatenating(_ parts: [KnownIntegers], along axis: Int) -> KnownIntegers? {
    guard let first = parts.first, axis < first.shape.count else { return nil }
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      guard part.shape.count == shape.count, part.dtype == first.dtype,
        shape.indices.allSatisfy({ $0 == axis || part.shape[$0] == shape[$0] })
      else { return nil }
      let (extent, overflow) = shape[axis].addingReportingOverflow(part.shape[axis])
      guard !overflow else { return nil }
      shape[axis] = extent
    }
    guard let count = Shape(shape).count?.constant, count <= maximumCount else { return nil }
    var elements: [Extent] = []
    // Whole runs of each part follow each other; where there is nothing, the other extents may be too large to count.
    for outer in 0..<(count == 0 ? 0 : shape[..<axis].reduce(1, *)) {
      for part in parts {
        let run = part.shape[axis...].reduce(1, *)
        elements += part.elements[outer * run..<(outer + 1) * run]
      }
    }
    return KnownIntegers(first.dtype, shape: shape, elements)
  }
}
