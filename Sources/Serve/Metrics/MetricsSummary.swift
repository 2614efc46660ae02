/// How well scores fitted, over some stretch of a stream.
public struct MetricsSummary: Hashable, Sendable {
  /// The examples it speaks of; with decay, their weights' sum.
  public var examples = 0.0
  /// Those of them whose labels say how well they were scored, of which all figures but the loss are: what a regression
  /// is to predict does not.
  public var judged = 0.0
  /// The mean of the model's own loss.
  public var loss = 0.0
  /// The share of examples whose class was predicted; nil if none was judged.
  public var accuracy: Double?
  /// The mean of −log p(label); nil if none was judged.
  public var logLoss: Double?
  /// The mean predicted probability of a positive label; nil if there are more than two classes, or none was judged.
  public var meanPrediction: Double?
  /// The share of positive labels; nil if there are more than two classes, or none was judged.
  public var meanLabel: Double?
  /// The area under the ROC curve; nil if it is not defined or not kept over this stretch.
  public var auc: Double?

  /// The mean prediction over the mean label, 1 if they agree; nil without a positive label.
  public var calibration: Double? {
    guard let meanPrediction, let meanLabel, meanLabel > 0 else { return nil }
    return meanPrediction / meanLabel
  }

  /// Names and values in a fixed order, without those that are nil.
  public var named: [(name: String, value: Double)] {
    let all: [(name: String, value: Double?)] = [
      ("accuracy", accuracy), ("log_loss", logLoss), ("auc", auc), ("calibration", calibration),
    ]
    return all.compactMap { entry in entry.value.map { (entry.name, $0) } }
  }
}

/// Sums from which a summary is made.
struct MetricsSums: Sendable {
  var examples = 0.0
  var loss = 0.0
  var judged = 0.0
  var correct = 0.0
  var logLoss = 0.0
  var prediction = 0.0
  var label = 0.0

  mutating func add(_ other: MetricsSums) {
    examples += other.examples
    loss += other.loss
    judged += other.judged
    correct += other.correct
    logLoss += other.logLoss
    prediction += other.prediction
    label += other.label
  }

  mutating func scale(by factor: Double) {
    examples *= factor
    loss *= factor
    judged *= factor
    correct *= factor
    logLoss *= factor
    prediction *= factor
    label *= factor
  }

  func summary(isBinary: Bool) -> MetricsSummary {
    var summary = MetricsSummary()
    guard examples > 0 else { return summary }
    summary.examples = examples
    summary.loss = loss / examples
    guard judged > 0 else { return summary }
    summary.judged = judged
    summary.accuracy = correct / judged
    summary.logLoss = logLoss / judged
    if isBinary {
      summary.meanPrediction = prediction / judged
      summary.meanLabel = label / judged
    }
    return summary
  }
}
