import GraphDefImport
import Graph

extension Model {
  /// What batches of this model have to look like.
  ///
  /// Where the graph looks rows up by the input itself, inputs are ids of the smallest table they are looked up in.
  public func batchValidator(labelsAreUsed: Bool) -> BatchValidator {
    let width = config.inputSize.dropFirst().reduce(1, *)
    let labels: BatchValidator.Labels =
      if !labelsAreUsed {
        .unused
      } else if let classes = config.classCount {
        .classes(classes)
      } else {
        config.observe.contains { $0.contains("auc") } ? .probabilities : .numbers
      }
    return BatchValidator(
      width: width, inputs: idLimit.map { .ids(rows: $0) } ?? .numbers,
      labelWidth: config.outputSize.dropFirst().reduce(1, *), labels: labels)
  }

  /// The rows of the smallest table that is looked up by the input as it is, or `nil` if none is.
  var idLimit: Int? { trainingProgram.rowLimit(ofInput: "input_x") }
}

extension Program {
  /// The rows of the smallest table that is looked up by the input called `name` as it is, or `nil` if none is.
  func rowLimit(ofInput name: String) -> Int? {
    guard let input = input(name) else { return nil }
    var copies: Set<Int> = [input]
    var limit: Int?
    for node in nodes {
      switch node.primitive {
      case is Cast, is Reshape, is StopGradient:
        if copies.contains(node.operands[0]) { copies.insert(node.results.lowerBound) }
      case is GatherRows:
        guard copies.contains(node.operands[1]), let rows = types[node.operands[0]].shape[0].constant else { continue }
        limit = min(limit ?? rows, rows)
      default: continue
      }
    }
    return limit
  }
}
