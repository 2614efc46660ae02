public import Kernels

import Glibc

/// Judges a model by scores it made before it learned from the labels: an honest figure without a test set.
///
/// Each batch is recorded once. Three stretches of the stream can be looked at: all of it, a sliding window of the
/// last examples, and all of it with weights that halve every so many examples.
///
/// One logit per example stands for the probability σ(logit) of label 1; two or more are softmax scores of classes. Of
/// examples with other labels, such as what a regression is to predict, the loss counts.
/// - SeeAlso: A. Dawid, *Statistical Theory: The Prequential Approach*, JRSS A 1984.
public struct ProgressiveMetrics: Sendable {
  /// A stretch of the stream.
  public enum Stretch: Hashable, Sendable {
    /// From the first example on.
    case all
    /// The last examples, each counting the same.
    case window
    /// All examples, older ones counting less.
    case decayed
  }

  /// The logits that one label judges.
  public let classes: Int
  /// The examples in the window.
  public let window: Int
  /// The examples after which a weight has halved.
  public let halfLife: Double
  /// Whether logits are compared with labels at all: those of a model that predicts numbers say nothing of classes.
  public let judges: Bool
  /// Examples of which at most the loss counts: a logit that is not finite, a label that is neither class nor
  /// probability, or labels that are not one for each `classes` logits. A loss that is not finite does not count.
  public private(set) var skipped: UInt64 = 0

  private var all = MetricsSums()
  private var decayed = MetricsSums()
  private var losses: RecentValues<Float>
  private var scores: RecentValues<Float>
  private var labels: RecentValues<Float>
  private var logLosses: RecentValues<Float>
  private var correct: RecentValues<Bool>
  private var curve = AreaUnderCurve()

  /// The default window, which holds MovieLens-100k whole.
  public static let defaultWindow = 1 << 17

  /// Has seen nothing.
  public init(classes: Int, window: Int = defaultWindow, halfLife: Double = 10_000, judges: Bool = true) {
    precondition(classes > 0 && window > 0 && halfLife > 0, "\(classes) classes, window \(window), \(halfLife)")
    self.classes = classes
    self.window = window
    self.halfLife = halfLife
    self.judges = judges
    losses = RecentValues(limit: window, expected: Self.defaultWindow)
    scores = RecentValues(limit: window, expected: Self.defaultWindow)
    labels = RecentValues(limit: window, expected: Self.defaultWindow)
    logLosses = RecentValues(limit: window, expected: Self.defaultWindow)
    correct = RecentValues(limit: window, expected: Self.defaultWindow)
  }

  /// True if a label is 0 or 1.
  public var isBinary: Bool { classes <= 2 }

  /// Takes in a batch, and returns its own figures, without the area under the curve.
  ///
  /// - Parameters:
  ///   - logits: Row-major, `[examples, classes]`.
  ///   - targets: A label per example.
  ///   - loss: The batch's mean loss, as the model computes it.
  @discardableResult
  public mutating func record(logits: MemoryView<Float>, labels targets: [Float], loss: Float) -> MetricsSummary {
    record(logits.count, targets, loss) { logits[$0] }
  }

  /// Takes in a batch whose logits are in an array.
  @discardableResult
  public mutating func record(logits: [Float], labels targets: [Float], loss: Float) -> MetricsSummary {
    record(logits.count, targets, loss) { logits[$0] }
  }

  @inline(always)
  private mutating func record(
    _ logitCount: Int, _ targets: [Float], _ loss: Float, _ logit: (Int) -> Float
  ) -> MetricsSummary {
    let examples = logitCount / classes
    var sums = MetricsSums()
    defer { skipped += UInt64(examples - Int(sums.judged)) }
    guard loss.isFinite else { return MetricsSummary() }
    sums.examples = Double(examples)
    sums.loss = Double(loss) * sums.examples
    for _ in 0..<examples { losses.append(loss) }
    if judges, logitCount == targets.count * classes { judge(targets, into: &sums, logit) }
    all.add(sums)
    decayed.scale(by: exp2(-sums.examples / halfLife))
    decayed.add(sums)
    return sums.summary(isBinary: isBinary)
  }

  /// Compares a batch's logits with its labels.
  @inline(always)
  private mutating func judge(_ targets: [Float], into sums: inout MetricsSums, _ logit: (Int) -> Float) {
    for (example, target) in targets.enumerated() {
      guard let judged = judge(target, { logit(example * classes + $0) }) else { continue }
      sums.judged += 1
      sums.correct += judged.isCorrect ? 1 : 0
      sums.logLoss += judged.logLoss
      sums.prediction += Double(judged.score)
      sums.label += Double(target)
      scores.append(judged.score)
      labels.append(target)
      logLosses.append(Float(judged.logLoss))
      correct.append(judged.isCorrect)
    }
  }

  private struct Judgement {
    var score: Float
    var logLoss: Double
    var isCorrect: Bool
  }

  /// Compares one example's logits with its label; nil if either makes no sense.
  @inline(always) private func judge(_ target: Float, _ logit: (Int) -> Float) -> Judgement? {
    for index in 0..<classes { guard logit(index).isFinite else { return nil } }
    if classes == 1 {
      guard target >= 0, target <= 1 else { return nil }
      let score = Scores.probability(ofLogit: logit(0))
      return Judgement(
        score: score, logLoss: Scores.logLoss(ofLogit: logit(0), label: target),
        isCorrect: (logit(0) > 0) == (target > 0.5))
    }
    guard let label = Int(exactly: target), (0..<classes).contains(label) else { return nil }
    let (best, logSum) = Scores.summary(classes: classes, logit)
    return Judgement(
      score: Float(exp(Double(logit(classes == 2 ? 1 : best)) - logSum)), logLoss: logSum - Double(logit(label)),
      isCorrect: best == label)
  }

  /// The figures over everything, without the area under the curve: for every batch.
  ///
  /// - Complexity: O(1).
  public var runningSummary: MetricsSummary { all.summary(isBinary: isBinary) }

  /// The figures over `stretch`.
  ///
  /// The area under the curve is exact and known for the window only, so for all as long as all fits in it.
  /// - Complexity: For the window O(window), about a millisecond for 100,000 examples; else O(1).
  public mutating func summary(over stretch: Stretch) -> MetricsSummary {
    switch stretch {
    case .decayed: return decayed.summary(isBinary: isBinary)
    case .all:
      var summary = all.summary(isBinary: isBinary)
      if isBinary, all.judged == Double(scores.values.count) { summary.auc = area() }
      return summary
    case .window:
      var sums = MetricsSums()
      sums.examples = Double(losses.values.count)
      for loss in losses.values { sums.loss += Double(loss) }
      sums.judged = Double(scores.values.count)
      for index in scores.values.indices {
        sums.correct += correct.values[index] ? 1 : 0
        sums.logLoss += Double(logLosses.values[index])
        sums.prediction += Double(scores.values[index])
        sums.label += Double(labels.values[index])
      }
      var summary = sums.summary(isBinary: isBinary)
      if isBinary { summary.auc = area() }
      return summary
    }
  }

  /// The area under the curve over the window.
  private mutating func area() -> Double? { curve.area(scores.values, labels.values) }
}
