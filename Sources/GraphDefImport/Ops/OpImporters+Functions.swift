import Graph
import Kernels

extension OpImporter {
  /// Functions of elements that are compositions of others.
  static let functions: [String: OpImporter] = {
    var table: [String: OpImporter] = [
      "ClipByValue": OpImporter { node in
        // The lower bound comes last: it is the result where it is above the upper one.
        try node.operand(0).binary(.minimum, node.operand(2)).binary(.maximum, node.operand(1))
      },
      "Xlogy": OpImporter { node in
        try node.unlessZero { x, y in try x.multiplied(by: y.unary(.log)) }
      },
      "Xlog1py": OpImporter { node in
        try node.unlessZero { x, y in try x.multiplied(by: y.unary(.log1p)) }
      },
      "Xdivy": OpImporter { node in try node.unlessZero { x, y in try x.divided(by: y) } },
      "MulNoNan": OpImporter { node in
        let (x, y) = (try node.operand(0), try node.operand(1))
        let zero = try Value.constant(0, y.dtype, in: node.builder)
        // Only what is not finite gives way, so that the gradient of zero is the other factor.
        let isNaN = try y.compared(.equal, zero).logical(.and, x.classified(.isFinite).logicalNot())
        return try isNaN.selecting(zero, x).multiplied(by: y)
      },
      "Tan": OpImporter { node in
        let x = try node.operand(0)
        return try x.unary(.sin).divided(by: x.unary(.cos))
      },
      "Sinh": OpImporter { node in
        // Of half the operand, which neither loses small numbers nor grows too large: 2 sinh(x/2) cosh(x/2).
        let half = try node.operand(0).multiplied(by: 0.5)
        let (up, down) = (try half.unary(.expm1), try half.unary(.negate).unary(.expm1))
        return try up.subtracting(down).multiplied(by: 0.5).multiplied(by: up.adding(down).adding(2))
      },
      "Cosh": OpImporter { node in
        let half = try node.operand(0).multiplied(by: 0.5)
        let (up, down) = (try half.unary(.exp), try half.unary(.negate).unary(.exp))
        return try up.multiplied(by: 0.5).multiplied(by: up).adding(down.multiplied(by: 0.5).multiplied(by: down))
      },
      "Atan": OpImporter { node in
        try node.operand(0).binary(.atan2, Value.constant(1, node.dtype(0), in: node.builder))
      },
      "Asin": OpImporter { node in
        let x = try node.operand(0)
        return try x.binary(.atan2, x.complement())
      },
      "Acos": OpImporter { node in
        let x = try node.operand(0)
        return try x.complement().binary(.atan2, x)
      },
      "Atanh": OpImporter { node in
        let x = try node.operand(0)
        return try x.unary(.log1p).subtracting(x.unary(.negate).unary(.log1p)).multiplied(by: 0.5)
      },
      "Asinh": OpImporter { node in
        let x = try node.operand(0)
        // Neither a sign nor an absolute value, whose derivatives at zero are not this function's.
        let zero = try Value.constant(0, x.dtype, in: node.builder)
        let one = try Value.constant(1, x.dtype, in: node.builder)
        let sign = try x.compared(.less, zero).selecting(one.unary(.negate), one)
        let result = try x.multiplied(by: sign).unlessLarge { x in
          let square = try x.unary(.square)
          let rest = try square.divided(by: square.adding(1).unary(.squareRoot).adding(1))
          return try x.adding(rest).unary(.log1p)
        }
        return try result.multiplied(by: sign)
      },
      "Acosh": OpImporter { node in
        let x = try node.operand(0)
        return try x.unlessLarge { x in
          try x.adding(x.unary(.square).adding(-1).unary(.squareRoot)).unary(.log)
        }
      },
      "Cumsum": OpImporter { node in
        let x = try node.operand(0)
        let axis = try node.axis(node.constant(1, expected: "an axis"), rank: x.shape.rank)
        return try x.cumulativeSum(
          along: axis, isExclusive: node.bool("exclusive"), isReversed: node.bool("reverse"))
      },
      "Cumprod": OpImporter { node in
        let x = try node.operand(0)
        let axis = try node.axis(node.constant(1, expected: "an axis"), rank: x.shape.rank)
        // TensorFlow lets no gradient reach factors that are zero.
        let zero = try Value.constant(0, x.dtype, in: node.builder)
        return try node.cumulativeProduct(x.compared(.equal, zero).selecting(zero, x), along: axis)
      },
      "TopKV2": OpImporter(outputs: { node in
        let (values, indices) = try node.operand(0).largest(node.constant(1, expected: "how many"))
        return [.value(values), .value(indices)]
      }),
      "EuclideanNorm": OpImporter { node in
        let x = try node.operand(0)
        let axes = try node.axes(1, rank: x.shape.rank)
        return try node.keepingAxes(x.unary(.square).summed(over: axes).unary(.squareRoot), of: x, axes)
      },
      "InTopKV2": OpImporter(isDifferentiable: false) { try $0.isInTop($0.constant(2, expected: "how many")) },
      "InTopK": OpImporter(isDifferentiable: false) { try $0.isInTop($0.int("k")) },
      "LogicalXor": OpImporter(isDifferentiable: false) { try $0.operand(0).compared(.notEqual, $0.operand(1)) },
      "ApproximateEqual": OpImporter(isDifferentiable: false) { node in
        let difference = try node.operand(0).subtracting(node.operand(1)).unary(.absolute)
        let tolerance = try node.float("tolerance", default: 1e-5)
        return try difference.compared(.less, Value.constant(tolerance, difference.dtype, in: node.builder))
      },
      "ReciprocalGrad": OpImporter { try $0.operand(0).unary(.square).multiplied(by: $0.operand(1)).unary(.negate) },
      "InvGrad": OpImporter { try $0.operand(0).unary(.square).multiplied(by: $0.operand(1)).unary(.negate) },
      "SqrtGrad": OpImporter { try $0.operand(0).squareRootGradient($0.operand(1)) },
      "RsqrtGrad": OpImporter { try $0.operand(0).reciprocalSquareRootGradient($0.operand(1)) },
      "SoftsignGrad": OpImporter { node in
        try node.operand(0).divided(by: node.operand(1).unary(.absolute).adding(1).unary(.square))
      },
      "LeakyReluGrad": OpImporter { node in
        let (d, x) = (try node.operand(0), try node.operand(1))
        let zero = try Value.constant(0, x.dtype, in: node.builder)
        return try x.compared(.greater, zero).selecting(d, d.multiplied(by: node.float("alpha", default: 0.2)))
      },
    ]
    for (name, operation) in ["IsNan": FloatClass.isNaN, "IsInf": .isInfinite, "IsFinite": .isFinite] {
      table[name] = OpImporter(isDifferentiable: false) { try $0.operand(0).classified(operation) }
    }
    return table
  }()
}

extension Value {
  /// `√(1 − x²)`
  fileprivate func complement() throws -> Value {
    try unary(.square).unary(.negate).adding(1).unary(.squareRoot)
  }

  /// `body` of this value, or where it is so large that one is lost beside its square, the logarithm of its double.
  fileprivate func unlessLarge(_ body: (Value) throws -> Value) throws -> Value {
    let one = try Value.constant(1, dtype, in: builder)
    let isLarge = try compared(.greater, Value.constant(1e9, dtype, in: builder))
    let logarithm = try isLarge.selecting(self, one).unary(.log).adding(0.6931471805599453)
    return try isLarge.selecting(logarithm, body(isLarge.selecting(one, self)))
  }
}

extension NodeReader {
  /// The running products of `x` along an axis of a known extent.
  fileprivate func cumulativeProduct(_ x: Value, along axis: Int) throws -> Value {
    guard let count = x.shape[axis].constant, count <= 1024 else {
      throw ImportError.Reason.other(
        "running products of at most 1024 numbers expected, not along axis \(axis) of \(x.shape)")
    }
    let (isExclusive, isReversed) = (try bool("exclusive"), try bool("reverse"))
    let one = try Value.constant(1, x.dtype, in: builder).broadcast(to: x.shape.replacing(axis: axis, with: 1))
    var starts = Array(repeating: 0, count: x.shape.rank)
    var products = Array(repeating: one, count: count)
    var product = one
    for index in isReversed ? Array((0..<count).reversed()) : Array(0..<count) {
      starts[axis] = index
      if isExclusive { products[index] = product }
      product = try product.multiplied(by: x.sliced(from: starts, shape: one.shape))
      if !isExclusive { products[index] = product }
    }
    return count == 0 ? x : try Value.concatenating(products, along: axis)
  }

  /// Zero where operand 0 is zero, elsewhere `body` of both operands; its gradient too is zero there.
  fileprivate func unlessZero(_ body: (Value, Value) throws -> Value) throws -> Value {
    let (x, y) = (try operand(0), try operand(1))
    let zero = try Value.constant(0, x.dtype, in: builder)
    let one = try Value.constant(1, x.dtype, in: builder)
    let isZero = try x.compared(.equal, zero)
    return try isZero.selecting(zero, body(x, isZero.selecting(one, y)))
  }

  /// Whether fewer than `count` of each row's predictions are above that of the row's class; not where there is no such
  /// class or where a prediction is not finite.
  fileprivate func isInTop(_ count: Int) throws -> Value {
    let (predictions, classes) = (try operand(0), try operand(1))
    guard predictions.shape.rank == 2, classes.shape.rank == 1, let classCount = predictions.shape[1].constant else {
      throw ImportError.Reason.other("predictions [m, n] and classes [m] expected")
    }
    let first = try Value.constant(0, classes.dtype, in: builder)
    let end = try Value.constant(Double(classCount), classes.dtype, in: builder)
    let isClass = try classes.compared(.greaterEqual, first).logical(.and, classes.compared(.less, end))
    let column = try isClass.selecting(classes, first).reshaped(to: [classes.shape[0], 1])
    let own = try predictions.gathering(column, along: 1, sharedAxes: 1)
    let each = AxisSet(axes: [1])
    let above = try predictions.compared(.greater, own).cast(to: .int32).summed(over: each)
    let unknown = try predictions.classified(.isFinite).logicalNot().cast(to: .int32).summed(over: each)
    return try above.compared(.less, Value.constant(Double(count), .int32, in: builder))
      .logical(.and, unknown.compared(.equal, Value.constant(0, .int32, in: builder))).logical(.and, isClass)
  }
}
