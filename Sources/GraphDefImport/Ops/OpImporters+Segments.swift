import Graph

extension OpImporter {
  /// Sums of rows by segment.
  static let segments: [String: OpImporter] = [
    "UnsortedSegmentSum": OpImporter { node in
      let count = try node.integers(2, expected: "the number of segments").elements
      guard count.count == 1 else { throw ImportError.Reason.notConstant(2, expected: "the number of segments") }
      return try node.operand(0).summed(bySegment: node.operand(1), count: count[0])
    },
    "SegmentSum": OpImporter { node in
      let ids = try node.constants(1, expected: "segments")
      guard ids.allSatisfy({ $0 >= 0 && $0 < KnownIntegers.maximumCount }) else {
        throw ImportError.Reason.other("segments are numbered from 0")
      }
      guard zip(ids, ids.dropFirst()).allSatisfy({ $0 <= $1 }) else {
        throw ImportError.Reason.other("segments in ascending order expected, not \(ids)")
      }
      return try node.operand(0).summed(bySegment: node.operand(1), count: Extent((ids.max() ?? -1) + 1))
    },
  ]
}
