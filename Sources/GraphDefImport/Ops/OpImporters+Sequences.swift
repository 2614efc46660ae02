import Graph
import Kernels

extension OpImporter {
  /// Sequences turned round, numbers in buckets, diagonals: selections by position.
  static let sequences: [String: OpImporter] = {
    let diagonal = OpImporter { try $0.diagonalMatrix() }
    return [
      "Bucketize": OpImporter(isDifferentiable: false) { try $0.buckets() },
      "ReverseSequence": OpImporter { try $0.reversedSequences() },
      "MatrixDiag": diagonal, "MatrixDiagV2": diagonal, "MatrixDiagV3": diagonal,
    ]
  }()
}

extension NodeReader {
  /// The numbers from 0 up to `count`, along `axis` of a tensor of `rank` axes.
  private func positions(_ count: Int, along axis: Int, rank: Int) throws -> Value {
    var extents = Array(repeating: 1, count: rank)
    extents[axis] = count
    return try Value.constant(Literal(.int32((0..<count).map { Int32($0) }), shape: extents), in: builder)
  }

  /// How many of the attribute `boundaries` each number has reached; all of them where it is not a number.
  fileprivate func buckets() throws -> Value {
    let x = try operand(0).cast(to: context.precision)
    guard let boundaries = node.attributes["boundaries"]?.floats, boundaries.count <= 1024 else {
      throw ImportError.Reason.attribute(
        "boundaries", found: node.attributes["boundaries"]?.kind ?? "missing", expected: "at most 1024 numbers")
    }
    let zero = try Value.constant(0, .int32, in: builder).broadcast(to: x.shape)
    return try boundaries.reduce(zero) { sum, boundary in
      let isBelow = try x.compared(.less, Value.constant(Double(boundary), x.dtype, in: builder))
      return try sum.adding(isBelow.logicalNot().cast(to: .int32))
    }
  }

  /// Each example's sequence with as many of its first elements as operand 1 says in the opposite order.
  fileprivate func reversedSequences() throws -> Value {
    let x = try operand(0)
    let rank = x.shape.rank
    let (time, batch) = (try axis(int("seq_dim"), rank: rank), try axis(int("batch_dim", default: 0), rank: rank))
    guard time + batch == 1 else {
      throw ImportError.Reason.other("sequences along axis \(time), examples along axis \(batch): expected 0 and 1")
    }
    let order = [1, 0] + Array(2..<rank)
    let sequences = try time == 0 ? x.transposed(to: order) : x
    guard let count = sequences.shape[1].constant, count <= KnownIntegers.maximumCount else {
      throw ImportError.Reason.other("sequences of \(sequences.shape[1]) elements")
    }
    let lengths = try operand(1).cast(to: .int32).reshaped(to: [sequences.shape[0], 1])
    let places = try positions(count, along: 1, rank: 2)
    let mirrored = try lengths.adding(-1).subtracting(places)
    let isWithin = try places.compared(.less, lengths)
    let reversed = try sequences.gathering(isWithin.selecting(mirrored, places), along: 1, sharedAxes: 1)
    return try time == 0 ? reversed.transposed(to: order) : reversed
  }

  /// Square matrices with the rows of operand 0 as their diagonals; elsewhere is operand 4, or zero.
  fileprivate func diagonalMatrix() throws -> Value {
    let x = try operand(0)
    guard let size = x.shape.extents.last?.constant, size <= KnownIntegers.maximumCount else {
      throw ImportError.Reason.other("the diagonals \(x.shape)")
    }
    if operands.count > 1 {
      let isPlain = try constant(1) == 0 && (2...3).allSatisfy { try [-1, size].contains(constant($0)) }
      guard isPlain else { throw ImportError.Reason.other("expected the main diagonals of square matrices") }
    }
    let (rows, columns) = (try positions(size, along: 0, rank: 2), try positions(size, along: 1, rank: 2))
    let column = try x.reshaped(to: Shape(x.shape.extents + [1]))
    let padding =
      try operands.count > 4 ? operand(4).reshaped(to: .scalar) : Value.constant(0, x.dtype, in: builder)
    return try rows.compared(.equal, columns).selecting(column, padding)
  }
}
