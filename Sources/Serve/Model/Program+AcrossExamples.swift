import Graph

extension Program {
  /// The first node that makes something of all examples of a batch together, as batch normalization does: what follows
  /// it depends on which examples come in one batch. `nil` if there is none.
  var firstNodeAcrossExamples: Node? {
    var isOfData = inputs.map { $0.role == .data } + repeatElement(false, count: types.count - inputs.count)
    for node in nodes {
      let data = node.operands.filter { isOfData[$0] }
      guard !data.isEmpty else { continue }
      for result in node.results { isOfData[result] = true }
      let isBatched = data.contains { !types[$0].shape.isFixed }
      if isBatched, node.results.contains(where: { types[$0].shape.isFixed }) { return node }
    }
    return nil
  }

  /// What a user of a program that scores should know.
  var scoringNotices: [String] {
    guard let node = firstNodeAcrossExamples else { return [] }
    return [
      "scores depend on which examples are scored together: '\(node.label)' (\(node.primitive.name)) is of all "
        + "examples of a batch"
    ]
  }
}
