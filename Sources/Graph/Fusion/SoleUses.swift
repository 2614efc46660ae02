/// Which values of a program are an operand only once, and of which nodes they come: such a node may be fused with the one
/// that uses its result.
struct SoleUses {
  private let useCounts: [Int]

  init(_ program: Program) { useCounts = program.useCounts }

  /// The node of `program` that makes `value`, if `value` is used once and is not an input.
  func producer(of value: Int, in program: Program) -> Program.Node? {
    guard useCounts[value] == 1, let producer = program.node(making: value) else { return nil }
    return program.nodes[producer]
  }
}
