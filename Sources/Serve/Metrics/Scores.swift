import Glibc
package import Kernels

/// From logits to what they say: probabilities, classes, losses.
public enum Scores {
  /// The probability of the positive class, σ(logit).
  public static func probability(ofLogit logit: Float) -> Float {
    Float(1 / (1 + exp(-Double(logit))))
  }

  /// The probabilities of examples: of label 1 where there is one logit, else of each class.
  ///
  /// - Parameter logits: Row-major, `[examples, classes]`.
  package static func probabilities(classes: Int, ofLogits logits: MemoryView<Float>) -> [Float] {
    guard classes > 1 else { return (0..<logits.count).map { probability(ofLogit: logits[$0]) } }
    var probabilities = [Float](repeating: 0, count: logits.count)
    for first in stride(from: 0, to: logits.count, by: classes) {
      let logSum = summary(classes: classes) { logits[first + $0] }.logSum
      for index in first..<first + classes { probabilities[index] = Float(exp(Double(logits[index]) - logSum)) }
    }
    return probabilities
  }

  /// The log loss of a label in 0…1, without ever taking the logarithm of a rounded probability.
  package static func logLoss(ofLogit logit: Float, label: Float) -> Double {
    let z = Double(logit)
    return max(z, 0) - z * Double(label) + log1p(exp(-abs(z)))
  }

  /// The class with the largest logit, the first of them if there are several, and its softmax probability.
  ///
  /// - Parameter logit: The logit of a class from 0 to `classes` - 1.
  public static func prediction(
    classes: Int, _ logit: (Int) -> Float
  ) -> (class: Int, probability: Float) {
    let (best, logSum) = summary(classes: classes, logit)
    return (best, Float(exp(Double(logit(best)) - logSum)))
  }

  /// The class with the largest logit and log Σ exp(logit).
  package static func summary(
    classes: Int, _ logit: (Int) -> Float
  ) -> (best: Int, logSum: Double) {
    var best = 0
    for index in 1..<max(classes, 1) where logit(index) > logit(best) { best = index }
    let largest = Double(logit(best))
    var sum = 0.0
    for index in 0..<classes { sum += exp(Double(logit(index)) - largest) }
    return (best, largest + log(sum))
  }
}
