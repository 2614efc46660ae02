import Kernels

/// Turns a sum with a row and the activation behind it, what follows a product of matrices, into one primitive.
struct BiasActivationFusion: FusionRule {
  private let soleUses: SoleUses

  init(_ program: Program) { soleUses = SoleUses(program) }

  func replacement(for index: Int, of program: Program) -> Replacement? {
    let node = program.nodes[index]
    guard let unary = node.primitive as? UnaryElementwise, let activation = unary.operation.activation,
      program.types[node.operands[0]].dtype.isFloatingPoint,
      let sum = soleUses.producer(of: node.operands[0], in: program),
      let binary = sum.primitive as? BinaryElementwise, binary.operation == .add
    else { return nil }
    let primitive = BiasActivation(activation: activation)
    for operands in [sum.operands, sum.operands.reversed()] {
      let result = try? primitive.resultTypes(operands.map { program.types[$0] })
      if result == [program.types[node.results.lowerBound]] {
        return Replacement(primitive: primitive, operands: operands)
      }
    }
    return nil
  }
}

extension UnaryOperation {
  /// The operation as an activation, if it is one.
  fileprivate var activation: Activation? {
    switch self {
    case .relu: .relu
    case .relu6: .relu6
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .elu: .elu
    case .selu: .selu
    case .softplus: .softplus
    default: nil
    }
  }
}
