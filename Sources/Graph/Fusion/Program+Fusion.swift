/// A way to compute with fewer passes over memory, or faster ones: what to apply instead of some nodes.
protocol FusionRule {
  /// What is applied instead of the node number `index` of `program`, or `nil` to leave it.
  ///
  /// It has the results that the node has. Nodes whose results are not needed any more are left out afterwards.
  func replacement(for index: Int, of program: Program) -> Replacement?
}

/// An application that takes the place of another.
struct Replacement {
  /// The primitive.
  var primitive: any Primitive
  /// Its operands, values of the program as it was.
  var operands: [Int]
  /// What is applied to one of the operands before.
  var prepares: (position: Int, primitive: any Primitive)?
}

extension Program {
  /// A program that computes the same faster, for batches of `batch` examples.
  ///
  /// Inputs and outputs keep their numbers; results may differ in rounding.
  func fused(batch: Int) -> Program {
    var program = fused(by: BiasActivationFusion(self))
    program = program.fused(by: SumOfSquaresFusion(program))
    program = program.fused(by: PooledConvolutionFusion(program))
    return program.fused(by: WeightTransposition(program, batch: batch))
  }

  private func fused(by rule: some FusionRule) -> Program {
    var result = Program(inputs: inputs, types: Array(types[..<inputs.count]), nodes: [], outputs: [])
    var renumbered = Array(0..<inputs.count)
    for (index, node) in nodes.enumerated() {
      var replacement =
        rule.replacement(for: index, of: self) ?? Replacement(primitive: node.primitive, operands: node.operands)
      replacement.operands = replacement.operands.map { renumbered[$0] }
      if let (position, primitive) = replacement.prepares {
        replacement.operands[position] = result.append(primitive, to: replacement.operands[position], label: node.label)
      }
      let results = result.types.count..<result.types.count + node.results.count
      result.types += types[node.results]
      result.nodes.append(
        Node(primitive: replacement.primitive, operands: replacement.operands, results: results, label: node.label))
      renumbered += results
    }
    result.outputs = outputs.map { Output(name: $0.name, value: renumbered[$0.value]) }
    return result.pruned()
  }

  /// Applies `primitive`, which has one result of a type that its operand's type decides, to `operand`.
  private mutating func append(_ primitive: any Primitive, to operand: Int, label: String) -> Int {
    guard let type = try? primitive.resultTypes([types[operand]])[0] else {
      preconditionFailure("\(primitive.name) of \(types[operand])")
    }
    types.append(type)
    nodes.append(
      Node(primitive: primitive, operands: [operand], results: types.count - 1..<types.count, label: label))
    return types.count - 1
  }

  /// How often each value is an operand or an output.
  var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for node in nodes { for operand in node.operands { counts[operand] += 1 } }
    for output in outputs { counts[output.value] += 1 }
    return counts
  }
}
