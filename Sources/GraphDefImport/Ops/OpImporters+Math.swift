import Graph
import Kernels

extension OpImporter {
  /// Functions of elements.
  static let math: [String: OpImporter] = {
    var table: [String: OpImporter] = [
      "AddN": OpImporter { node in
        let values = try node.matchingBatch(node.allOperands())
        guard let first = values.first else { throw ImportError.Reason.missingOperand(0) }
        return try values.dropFirst().reduce(first) { try $0.adding($1) }
      },
      "Cast": OpImporter(outputs: { [try $0.cast()] }),
      "Neg": OpImporter(outputs: { node in
        if let negated = try node.negatedIntegers() { return [.integers(negated)] }
        return [.value(try node.operand(0).unary(.negate))]
      }),
      "LeakyRelu": OpImporter { node in
        let x = try node.operand(0)
        let zero = try Value.constant(0, x.dtype, in: node.builder)
        return try x.compared(.greater, zero).selecting(x, x.multiplied(by: node.float("alpha", default: 0.2)))
      },
    ]
    let unary: [String: UnaryOperation] = [
      "Abs": .absolute, "Sign": .sign, "Exp": .exp, "Expm1": .expm1, "Log": .log, "Log1p": .log1p,
      "Sqrt": .squareRoot, "Rsqrt": .reciprocalSquareRoot, "Reciprocal": .reciprocal, "Inv": .reciprocal,
      "Square": .square, "Sigmoid": .sigmoid, "Tanh": .tanh, "Relu": .relu, "Relu6": .relu6, "Elu": .elu,
      "Selu": .selu, "Softplus": .softplus, "Softsign": .softsign, "Erf": .erf, "Erfc": .erfc, "Floor": .floor,
      "Ceil": .ceil, "Round": .round, "Rint": .round, "Sin": .sin, "Cos": .cos,
    ]
    let flat: Set<String> = ["Sign", "Floor", "Ceil", "Round", "Rint"]
    for (name, operation) in unary {
      table[name] = OpImporter(isDifferentiable: !flat.contains(name)) { try $0.operand(0).unary(operation) }
    }
    let binary: [String: BinaryOperation] = [
      "Add": .add, "AddV2": .add, "Sub": .subtract, "Mul": .multiply, "Div": .divide, "RealDiv": .divide,
      "DivNoNan": .divideOrZero, "Maximum": .maximum, "Minimum": .minimum, "Pow": .power,
      "SquaredDifference": .squaredDifference, "FloorDiv": .floorDivide, "FloorMod": .floorModulo,
      "TruncateDiv": .truncateDivide, "TruncateMod": .truncateModulo, "Mod": .truncateModulo, "Atan2": .atan2,
    ]
    for (name, operation) in binary {
      table[name] = OpImporter(
        isDifferentiable: name != "FloorDiv" && name != "TruncateDiv",
        outputs: { node in
          if let folded = try node.folded(operation) { return [.integers(folded)] }
          let values = try node.matchingBatch([node.operand(0), node.operand(1)])
          return [.value(try values[0].binary(operation, values[1]))]
        })
    }
    return table
  }()

  /// Gradients of functions of elements, as TensorFlow's own backward graphs have them.
  static let gradients: [String: OpImporter] = {
    var table: [String: OpImporter] = [
      "BroadcastGradientArgs": OpImporter(
        isDifferentiable: false,
        outputs: { node in
          try node.broadcastGradientArguments().map { .integers($0) }
        })
    ]
    let binary: [String: BinaryOperation] = [
      "ReluGrad": .reluGradient, "Relu6Grad": .relu6Gradient, "SigmoidGrad": .sigmoidGradient,
      "TanhGrad": .tanhGradient, "EluGrad": .eluGradient, "SeluGrad": .seluGradient,
      "SoftplusGrad": .softplusGradient,
    ]
    for (name, operation) in binary {
      table[name] = OpImporter { try $0.operand(0).binary(operation, $0.operand(1)) }
    }
    return table
  }()

  /// Relations and logic.
  static let comparisons: [String: OpImporter] = {
    var table: [String: OpImporter] = [
      "LogicalNot": OpImporter(
        isDifferentiable: false,
        outputs: { node in
          if let truth = try node.tensor(0).truth { return [.truth(!truth)] }
          return [.value(try node.operand(0).logicalNot())]
        }),
      "Select": OpImporter { node in
        // TensorFlow 1: a condition of one axis chooses among rows.
        let values = try node.matchingBatch([node.operand(0), node.operand(1), node.operand(2)])
        let (condition, a, b) = (values[0], values[1], values[2])
        guard condition.shape.rank == 1, a.shape.rank > 1 else { return try condition.selecting(a, b) }
        let extents = [condition.shape[0]] + Array(repeating: Extent(1), count: a.shape.rank - 1)
        return try condition.reshaped(to: Shape(extents)).selecting(a, b)
      },
      "SelectV2": OpImporter { node in
        let values = try node.matchingBatch([node.operand(0), node.operand(1), node.operand(2)])
        return try values[0].selecting(values[1], values[2])
      },
    ]
    let relations: [String: ComparisonOperation] = [
      "Equal": .equal, "NotEqual": .notEqual, "Less": .less, "LessEqual": .lessEqual, "Greater": .greater,
      "GreaterEqual": .greaterEqual,
    ]
    for (name, relation) in relations {
      table[name] = OpImporter(
        isDifferentiable: false,
        outputs: { node in
          if let truth = try node.folded(relation) { return [.truth(truth)] }
          let values = try node.matchingBatch([node.operand(0), node.operand(1)])
          return [.value(try values[0].compared(relation, values[1]))]
        })
    }
    for (name, operation) in ["LogicalAnd": LogicalOperation.and, "LogicalOr": .or] {
      table[name] = OpImporter(
        isDifferentiable: false,
        outputs: { node in
          if let folded = try node.folded(operation) { return [folded] }
          let values = try node.matchingBatch([node.operand(0), node.operand(1)])
          return [.value(try values[0].logical(operation, values[1]))]
        })
    }
    return table
  }()
}

extension NodeReader {
  /// Operand 0, known integers, with the opposite sign; `nil` if it is something else.
  fileprivate func negatedIntegers() throws -> KnownIntegers? {
    guard case .integers(var integers) = try tensor(0) else { return nil }
    let negated = integers.elements.compactMap { Extent(0).subtracting($0) }
    guard negated.count == integers.elements.count else { return nil }
    integers.elements = negated
    return integers.wrapped
  }
}
