import Graph
import GraphDefImport
import Kernels

extension Program {
  /// Whether the logits are what the model of `config` predicts, as a regression's are; others stand for probabilities.
  ///
  /// Who counts classes or observes an AUC predicts none. Of others the loss tells.
  func predictsNumbers(_ config: ModelConfig) -> Bool {
    config.classCount == nil && !config.observesClicks && lossTakesLogitsAsTheyAre
  }

  /// Whether the loss is computed from the logits, and is no cross entropy of theirs.
  ///
  /// A cross entropy takes the logarithm of an exponential of the logits, in one primitive or in several.
  private var lossTakesLogitsAsTheyAre: Bool {
    let steps = pruned(to: [GraphDefImporter.lossName, GraphDefImporter.logitsName])
    guard let loss = steps.output(GraphDefImporter.lossName), let logits = steps.output(GraphDefImporter.logitsName)
    else { return false }
    var followers: Set<Int> = [steps.outputs[logits].value]
    var exponentials: Set<Int> = []
    for node in steps.nodes where !followers.isDisjoint(with: node.operands) {
      var isExponential = !exponentials.isDisjoint(with: node.operands)
      switch node.primitive {
      case is SoftmaxCrossEntropy, is SparseSoftmaxCrossEntropy: return false
      case let softmax as Graph.Softmax:
        guard !softmax.takesLogarithm else { return false }
        isExponential = true
      case let unary as UnaryElementwise:
        switch unary.operation {
        case .softplus: return false
        case .log, .log1p: guard !isExponential else { return false }
        case .exp, .expm1, .sigmoid, .tanh: isExponential = true
        default: break
        }
      default: break
      }
      followers.formUnion(node.results)
      if isExponential { exponentials.formUnion(node.results) }
    }
    return followers.contains(steps.outputs[loss].value)
  }
}

extension ModelConfig {
  /// Whether an AUC is observed, which says that labels are clicks, or else probabilities of them.
  var observesClicks: Bool { observe.contains { $0.contains("auc") } }
}
