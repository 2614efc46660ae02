import Graph
import Kernels

extension OpImporter {
  /// Products of matrices.
  static let matrices: [String: OpImporter] = {
    let batched = OpImporter { node in
      try node.operand(0).batchedMatmul(
        transposed: node.bool("adj_x"), node.operand(1), transposed: node.bool("adj_y"))
    }
    return [
      "MatMul": OpImporter { node in
        try node.operand(0).matmul(
          transposed: node.bool("transpose_a"), node.operand(1), transposed: node.bool("transpose_b"))
      },
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

  fileprivate func argMax(findsSmallest: Bool) throws -> Value {
    let x = try operand(0)
    let axis = try axis(constant(1, expected: "an axis"), rank: x.shape.rank)
    return try x.argMax(along: axis, findsSmallest: findsSmallest).cast(to: type("output_type", default: .int64))
  }
}
