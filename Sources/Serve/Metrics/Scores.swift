import Glibc

/// From logits to what they say: probabilities, classes, losses.
public enum Scores {
  /// The probability of the positive class, σ(logit).
  public static func probability(ofLogit logit: Float) -> Float {
    Float(1 / (1 + exp(-Double(logit))))
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
