import Graph
import Kernels

extension OpImporter {
  /// Products of matrices.
  static let matrices: [String: OpImporter] = {
    let batched = OpImporter { node in
      try node.operand(0).batchedMatmul(
        transposed: node.bool("adj_x"), node.operand(1), transposed: node.bool("adj_y"))
    }
    let chosenDiagonal = OpImporter { node in
      guard try node.constants(1, expected: "which diagonals").allSatisfy({ $0 == 0 }) else {
        throw ImportError.Reason.other("only the main diagonal, k = 0, is supported")
      }
      return try node.operand(0).matrixDiagonals()
    }
    return [
      "MatMul": OpImporter { node in
        try node.operand(0).matmul(
          transposed: node.bool("transpose_a"), node.operand(1), transposed: node.bool("transpose_b"))
      },
      "MatrixBandPart": OpImporter { try $0.band() },
      "DiagPart": OpImporter { try $0.operand(0).diagonal() },
      "MatrixDiagPart": OpImporter { try $0.operand(0).matrixDiagonals() },
      "MatrixDiagPartV2": chosenDiagonal, "MatrixDiagPartV3": chosenDiagonal,
      "BatchMatMul": batched, "BatchMatMulV2": batched, "BatchMatMulV3": batched,
    ]
  }()

  /// Sums and other functions over axes.
  static let reductions: [String: OpImporter] = {
    var table: [String: OpImporter] = [
      "Mean": OpImporter { node in
        let x = try node.operand(0)
        let axes = try node.axes(1, rank: x.shape.rank)
        return try node.keepingAxes(x.averaged(over: axes), of: x, axes)
      },
      "L2Loss": OpImporter { node in
        let x = try node.operand(0)
        return try x.unary(.square).summed(over: AxisSet(axes: 0..<x.shape.rank)).multiplied(by: 0.5)
      },
      "ArgMax": OpImporter(isDifferentiable: false) { try $0.argMax(findsSmallest: false) },
      "ArgMin": OpImporter(isDifferentiable: false) { try $0.argMax(findsSmallest: true) },
    ]
    let operations: [String: ReductionOperation] = [
      "Sum": .sum, "Prod": .product, "Max": .maximum, "Min": .minimum,
    ]
    for (name, operation) in operations {
      table[name] = OpImporter(outputs: { node in
        if let folded = try node.folded(operation) { return [.integers(folded)] }
        let x = try node.operand(0)
        let axes = try node.axes(1, rank: x.shape.rank)
        return [.value(try node.keepingAxes(x.reduced(operation, over: axes), of: x, axes))]
      })
    }
    for (name, requiresAll) in ["All": true, "Any": false] {
      table[name] = OpImporter(isDifferentiable: false) { node in
        let x = try node.operand(0)
        let axes = try node.axes(1, rank: x.shape.rank)
        return try node.keepingAxes(x.reduced(requiringAll: requiresAll, over: axes), of: x, axes)
      }
    }
    return table
  }()
}

extension NodeReader {
  /// `reduced`, with the axes it was reduced over where the node keeps them.
  func keepingAxes(_ reduced: Value, of x: Value, _ axes: AxisSet) throws -> Value {
    guard try bool("keep_dims", default: bool("keepdims")) else { return reduced }
    return try reduced.reshaped(to: x.shape.reduced(over: axes, keepingAxes: true))
  }

  /// Operand 0 with zeros where its last two axes are more than so far below or above the diagonal.
  fileprivate func band() throws -> Value {
    let x = try operand(0)
    let (lower, upper) = (try constant(1, expected: "how far below"), try constant(2, expected: "how far above"))
    guard x.shape.rank >= 2, let extents = Shape(Array(x.shape.extents.suffix(2))).constant,
      let count = Shape(extents).count?.constant, count <= 1 << 24
    else { throw ImportError.Reason.other("matrices of a known size expected, not \(x.shape)") }
    var isKept: [Bool] = []
    // Without elements, there may be more rows than can be gone through.
    for row in 0..<(count == 0 ? 0 : extents[0]) {
      for column in 0..<extents[1] {
        isKept.append((lower < 0 || row - column <= lower) && (upper < 0 || column - row <= upper))
      }
    }
    let mask = try Value.constant(Literal(.bool(isKept), shape: extents), in: builder)
    return try mask.selecting(x, Value.constant(0, x.dtype, in: builder))
  }

  fileprivate func argMax(findsSmallest: Bool) throws -> Value {
    let x = try operand(0)
    let axis = try axis(constant(1, expected: "an axis"), rank: x.shape.rank)
    return try x.argMax(along: axis, findsSmallest: findsSmallest).cast(to: type("output_type", default: .int64))
  }
}

extension Value {
  /// The diagonals of the square matrices along the last two axes.
  fileprivate func matrixDiagonals() throws -> Value {
    guard shape.rank >= 2, let size = shape[shape.rank - 1].constant, shape[shape.rank - 2] == Extent(size),
      let count = Extent(size).multiplied(by: Extent(size))
    else { throw ImportError.Reason.other("square matrices expected, not \(shape)") }
    let outer = Array(shape.extents.dropLast(2))
    return try reshaped(to: Shape(outer + [count])).sliced(
      from: outer.map { _ in 0 } + [0], shape: Shape(outer + [Extent(size)]), by: outer.map { _ in 1 } + [size + 1])
  }

  /// The elements whose indices along the first half of the axes are those along the second half.
  fileprivate func diagonal() throws -> Value {
    let half = Array(shape.extents.prefix(shape.rank / 2))
    guard shape.rank >= 2, half + half == shape.extents, let count = Shape(half).count, count.isFixed else {
      throw ImportError.Reason.other("a tensor of two equal halves of axes of known extents expected, not \(shape)")
    }
    return try reshaped(to: [count, count]).matrixDiagonals().reshaped(to: Shape(half))
  }
}
