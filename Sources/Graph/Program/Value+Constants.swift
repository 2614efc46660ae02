import Kernels

extension Value {
  /// The number that this value consists of, where that follows from constants alone.
  ///
  /// - Complexity: O(applications between the constants and this value), at most some 16 deep.
  package var constantNumber: Double? { constantNumber(depth: 16) }

  private func constantNumber(depth: Int) -> Double? {
    if let literal { return literal.scalar }
    guard depth > 0, let node = builder.node(making: number), let first = node.operands.first else { return nil }
    let x = Value(builder: builder, number: first).constantNumber(depth: depth - 1)
    guard let x else { return nil }
    switch node.primitive {
    case is Reshape, is BroadcastTo, is Cast, is StopGradient: return dtype.isFloatingPoint ? x : nil
    case let unary as UnaryElementwise:
      return switch unary.operation {
      case .negate: -x
      case .reciprocal: 1 / x
      default: nil
      }
    case let binary as BinaryElementwise:
      let second = Value(builder: builder, number: node.operands[1])
      guard let y = second.constantNumber(depth: depth - 1) else { return nil }
      return switch binary.operation {
      case .add: x + y
      case .subtract: x - y
      case .multiply: x * y
      case .divide: dtype.isFloatingPoint ? x / y : nil
      default: nil
      }
    default: return nil
    }
  }

  /// What was multiplied or divided by a constant number to make this value, and the factor.
  package var scaled: (value: Value, factor: Double)? {
    guard let node = builder.node(making: number), let binary = node.primitive as? BinaryElementwise else { return nil }
    let (a, b) = (Value(builder: builder, number: node.operands[0]), Value(builder: builder, number: node.operands[1]))
    switch binary.operation {
    case .multiply:
      if let factor = b.constantNumber, a.shape == shape { return (a, factor) }
      if let factor = a.constantNumber, b.shape == shape { return (b, factor) }
      return nil
    case .divide:
      guard let divisor = b.constantNumber, a.shape == shape else { return nil }
      return (a, 1 / divisor)
    default: return nil
    }
  }
}
