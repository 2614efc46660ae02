extension Program {
  /// The part of the program that `names` need, or all outputs.
  ///
  /// Inputs stay, also those that nothing needs any more, so that they keep their numbers.
  public func pruned(to names: [String]? = nil) -> Program {
    let kept = names.map { names in outputs.filter { names.contains($0.name) } } ?? outputs
    var needed = [Bool](repeating: false, count: types.count)
    for output in kept { needed[output.value] = true }
    for node in nodes.reversed() where node.results.contains(where: { needed[$0] }) {
      for operand in node.operands { needed[operand] = true }
    }

    var renumbered = Array(0..<inputs.count) + [Int](repeating: -1, count: types.count - inputs.count)
    var result = Program(inputs: inputs, types: Array(types[..<inputs.count]), nodes: [], outputs: [])
    for var node in nodes where node.results.contains(where: { needed[$0] }) {
      let results = result.types.count..<result.types.count + node.results.count
      for (old, new) in zip(node.results, results) {
        renumbered[old] = new
        result.types.append(types[old])
      }
      node.operands = node.operands.map { renumbered[$0] }
      node.results = results
      result.nodes.append(node)
    }
    result.outputs = kept.map { Output(name: $0.name, value: renumbered[$0.value]) }
    return result
  }

  /// Which inputs the outputs depend on.
  public var usedInputs: [Bool] {
    var used = [Bool](repeating: false, count: inputs.count)
    for operand in nodes.lazy.flatMap(\.operands) + outputs.map(\.value) where operand < inputs.count {
      used[operand] = true
    }
    return used
  }
}
