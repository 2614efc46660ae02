import GraphDefImport
import Graph

extension Model {
  /// What batches of this model have to look like.
  ///
  /// Where the graph looks rows up by the input itself, inputs are ids of the smallest table they are looked up in.
  /// Labels are classes where the configuration counts them, and integers where the graph takes such. Others have to be
  /// from 0 to 1 only where an AUC is observed, which says that they are clicks: without one they may be anything, such
  /// as what a regression is to predict.
  public func batchValidator(labelsAreUsed: Bool) -> BatchValidator {
    let width = config.inputSize.dropFirst().reduce(1, *)
    let inputs: BatchValidator.Inputs =
      idLimit.map { .ids(rows: $0) } ?? (takesIntegers(GraphDefImporter.inputName) ? .integers : .numbers)
    let labels: BatchValidator.Labels =
      if !labelsAreUsed {
        .unused
      } else if let classes = config.classCount {
        .classes(classes)
      } else if takesIntegers(GraphDefImporter.labelsName) {
        .integers
      } else {
        config.observesClicks ? .probabilities : .numbers
      }
    return BatchValidator(
      width: width, inputs: inputs, labelWidth: labelsPerExample, labels: labels)
  }

  private func takesIntegers(_ input: String) -> Bool {
    trainingProgram.input(input).map { trainingProgram.types[$0].dtype.isInteger } ?? false
  }

  /// The rows of the smallest table that is looked up by the input as it is, or `nil` if none is.
  var idLimit: Int? { trainingProgram.rowLimit(ofInput: GraphDefImporter.inputName) }
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
