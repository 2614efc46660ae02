public import Kernels

import Glibc

/// Judges a model by scores it made before it learned from the labels: an honest figure without a test set.
///
/// Each batch is recorded once. Three stretches of the stream can be looked at: all of it, a sliding window of the
/// last examples, and all of it with weights that halve every so many examples.
///
/// One logit per example stands for the probability σ(logit) of label 1; two or more are softmax scores of classes.
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
  /// Examples left out: a logit that is not finite, a label that is no class, or labels that are not one for each
  /// `classes` logits.
  public private(set) var skipped: UInt64 = 0

  private var all = MetricsSums()
  private var decayed = MetricsSums()
  private var next = 0
  private var scores: [Float] = []
  private var labels: [Float] = []
  private var losses: [Float] = []
  private var logLosses: [Float] = []
  private var correct: [Bool] = []
  private var curve = AreaUnderCurve()

  /// The default window, which holds MovieLens-100k whole.
  public static let defaultWindow = 1 << 17

  /// Has seen nothing.
  public init(classes: Int, window: Int = defaultWindow, halfLife: Double = 10_000) {
    precondition(classes > 0 && window > 0 && halfLife > 0, "\(classes) classes, window \(window), \(halfLife)")
    self.classes = classes
    self.window = window
    self.halfLife = halfLife
    let expected = min(window, Self.defaultWindow)
    scores.reserveCapacity(expected)
    labels.reserveCapacity(expected)
    losses.reserveCapacity(expected)
    logLosses.reserveCapacity(expected)
    correct.reserveCapacity(expected)
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
    guard logits.count == targets.count * classes else { return skip(logits.count) }
    return record(targets, loss) { logits[$0] }
  }

  /// Takes in a batch whose logits are in an array.
  @discardableResult
  public mutating func record(logits: [Float], labels targets: [Float], loss: Float) -> MetricsSummary {
    guard logits.count == targets.count * classes else { return skip(logits.count) }
    return record(targets, loss) { logits[$0] }
  }

  private mutating func skip(_ logitCount: Int) -> MetricsSummary {
    skipped += UInt64(logitCount / classes)
    return MetricsSummary()
  }

  @inline(always)
  private mutating func record(_ targets: [Float], _ loss: Float, _ logit: (Int) -> Float) -> MetricsSummary {
    var sums = MetricsSums()
    for (example, target) in targets.enumerated() {
      guard let judged = judge(target, { logit(example * classes + $0) }), loss.isFinite else {
        skipped += 1
        continue
      }
      sums.examples += 1
      sums.loss += Double(loss)
      sums.correct += judged.isCorrect ? 1 : 0
      sums.logLoss += judged.logLoss
      sums.prediction += Double(judged.score)
      sums.label += Double(target)
      keep(judged, target, loss)
    }
    all.add(sums)
    decayed.scale(by: exp2(-sums.examples / halfLife))
    decayed.add(sums)
    return sums.summary(isBinary: isBinary)
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

  /// Puts an example into the window, in place of the oldest if it is full.
  private mutating func keep(_ judged: Judgement, _ target: Float, _ loss: Float) {
    guard scores.count == window else {
      scores.append(judged.score)
      labels.append(target)
      losses.append(loss)
      logLosses.append(Float(judged.logLoss))
      correct.append(judged.isCorrect)
      return
    }
    scores[next] = judged.score
    labels[next] = target
    losses[next] = loss
    logLosses[next] = Float(judged.logLoss)
    correct[next] = judged.isCorrect
    next = next + 1 == window ? 0 : next + 1
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
      if isBinary, all.examples == Double(scores.count) { summary.auc = curve.area(scores, labels) }
      return summary
    case .window:
      var sums = MetricsSums()
      sums.examples = Double(scores.count)
      for index in scores.indices {
        sums.loss += Double(losses[index])
        sums.correct += correct[index] ? 1 : 0
        sums.logLoss += Double(logLosses[index])
        sums.prediction += Double(scores[index])
        sums.label += Double(labels[index])
      }
      var summary = sums.summary(isBinary: isBinary)
      if isBinary { summary.auc = curve.area(scores, labels) }
      return summary
    }
  }
}
