import Glibc
import Kernels
import Serve
import Testing

@Suite struct `Progressive metrics` {
  @Test func `judge clicks by probability, rank and mean`() throws {
    var metrics = ProgressiveMetrics(classes: 1)
    metrics.record(logits: [0, 2, -1, 1], labels: [0, 1, 0, 0], loss: 0.7)
    let summary = metrics.summary(over: .all)
    let p = [0.0, 2, -1, 1].map { 1 / (1 + exp(-$0)) }
    #expect(summary.examples == 4 && abs(summary.loss - 0.7) < 1e-6)
    #expect(summary.accuracy == 0.75 && summary.auc == 1 && summary.meanLabel == 0.25)
    let expected = -(log(1 - p[0]) + log(p[1]) + log(1 - p[2]) + log(1 - p[3])) / 4
    #expect(abs(try #require(summary.logLoss) - expected) < 1e-12)
    #expect(abs(try #require(summary.meanPrediction) - p.reduce(0, +) / 4) < 1e-7)
    #expect(abs(try #require(summary.calibration) - p.reduce(0, +)) < 1e-6)
    #expect(summary.named.map(\.name) == ["accuracy", "log_loss", "auc", "calibration"])
  }

  @Test func `judge classes by the largest logit`() throws {
    var metrics = ProgressiveMetrics(classes: 3)
    metrics.record(logits: [0, 1, 2, 5, 5, 1], labels: [2, 1], loss: 1)
    let summary = metrics.summary(over: .window)
    let (e, e5) = (exp(1.0), exp(5.0))
    let expected = -(2 - log(1 + e + e * e) + 5 - log(e + 2 * e5)) / 2
    #expect(summary.accuracy == 0.5)
    #expect(abs(try #require(summary.logLoss) - expected) < 1e-6)
    #expect(summary.auc == nil && summary.calibration == nil)
    #expect(summary.named.map(\.name) == ["accuracy", "log_loss"])
  }

  @Test func `judge no examples that have other than one label for their logits`() {
    var metrics = ProgressiveMetrics(classes: 2)
    let own = metrics.record(logits: [0, 1, 2, 3], labels: [0, 1, 1, 0], loss: 1)
    #expect(own.named.isEmpty && own.loss == 1 && metrics.skipped == 2)
    let summary = metrics.summary(over: .all)
    #expect(summary.examples == 2 && summary.judged == 0)
  }

  @Test func `tell the loss of a regression over each stretch, and no other figure`() {
    var metrics = ProgressiveMetrics(classes: 1, window: 2, halfLife: 2)
    metrics.record(logits: [3, 4], labels: [7, -2], loss: 8)
    metrics.record(logits: [5, 6], labels: [9, 0.5], loss: 2)
    let (all, window, decayed) = (
      metrics.summary(over: .all), metrics.summary(over: .window), metrics.summary(over: .decayed)
    )
    #expect(all.examples == 4 && window.examples == 2 && decayed.examples == 3)
    #expect(all.loss == 5 && window.loss == 2 && abs(decayed.loss - 4) < 1e-9)
    metrics.record(logits: [1, 1], labels: [2, 2], loss: 1)
    #expect(metrics.summary(over: .window).loss == 1)
    var regression = ProgressiveMetrics(classes: 1)
    regression.record(logits: [3, 4], labels: [7, -2], loss: 8)
    for stretch in [ProgressiveMetrics.Stretch.all, .window, .decayed] {
      let summary = regression.summary(over: stretch)
      #expect(summary.judged == 0 && summary.named.isEmpty && summary.auc ?? summary.accuracy == nil)
    }
  }

  @Test func `treat two classes as one click`() throws {
    var (one, two) = (ProgressiveMetrics(classes: 1), ProgressiveMetrics(classes: 2))
    let logits: [Float] = [0.5, -2, 3, 0.25]
    one.record(logits: logits, labels: [1, 0, 0, 1], loss: 1)
    two.record(logits: logits.flatMap { [0, $0] }, labels: [1, 0, 0, 1], loss: 1)
    let (a, b) = (one.summary(over: .all), two.summary(over: .all))
    #expect(a.auc == b.auc && a.accuracy == b.accuracy)
    #expect(abs(try #require(a.logLoss) - (try #require(b.logLoss))) < 1e-9)
    #expect(abs(try #require(a.calibration) - (try #require(b.calibration))) < 1e-6)
  }

  @Test(arguments: [1, 3, 4, 7])
  func `look at the last examples only through a window`(_ batch: Int) throws {
    var generator = SplitMix64(seed: 9)
    let logits = (0..<84).map { _ in Float(generator.uniform() * 4 - 2) }
    let labels = (0..<84).map { _ in Float(generator.next(below: 2)) }
    var (windowed, last) = (ProgressiveMetrics(classes: 1, window: 20), ProgressiveMetrics(classes: 1))
    for start in stride(from: 0, to: 84, by: batch) {
      windowed.record(
        logits: Array(logits[start..<start + batch]), labels: Array(labels[start..<start + batch]), loss: 1)
    }
    last.record(logits: Array(logits[64...]), labels: Array(labels[64...]), loss: 1)
    let (a, b) = (windowed.summary(over: .window), last.summary(over: .all))
    #expect(a.examples == 20 && a.auc == b.auc && a.accuracy == b.accuracy && a.meanLabel == b.meanLabel)
    #expect(abs(try #require(a.logLoss) - (try #require(b.logLoss))) < 1e-6)
    #expect(windowed.summary(over: .all).examples == 84 && windowed.summary(over: .all).auc == nil)
  }

  @Test func `forget by halves`() throws {
    var metrics = ProgressiveMetrics(classes: 1, halfLife: 2)
    metrics.record(logits: [1, 1], labels: [1, 1], loss: 8)
    metrics.record(logits: [1, 1], labels: [0, 0], loss: 2)
    let summary = metrics.summary(over: .decayed)
    #expect(summary.examples == 3 && abs(summary.loss - 4) < 1e-9)
    #expect(abs(try #require(summary.accuracy) - 1 / 3) < 1e-9)
  }

  @Test func `judge nothing that makes no sense, and count it`() {
    var binary = ProgressiveMetrics(classes: 1)
    binary.record(logits: [.nan, 1, .infinity, 1], labels: [1, 2, 1, 1], loss: 1)
    #expect(binary.skipped == 3 && binary.summary(over: .all).judged == 1)
    binary.record(logits: [1], labels: [1], loss: .nan)
    #expect(binary.skipped == 4 && binary.summary(over: .all).examples == 4)
    var classes = ProgressiveMetrics(classes: 3)
    classes.record(logits: [0, 0, 0, 0, 0, 0, 0, 0, 0], labels: [3, -1, 0.5], loss: 1)
    #expect(classes.skipped == 3 && classes.summary(over: .all).judged == 0)
  }

  @Test func `stay finite for logits of any size`() throws {
    var metrics = ProgressiveMetrics(classes: 1)
    metrics.record(logits: [1000, -1000, 1000], labels: [1, 0, 0], loss: 1)
    let logLoss = metrics.summary(over: .all).logLoss
    #expect(abs(try #require(logLoss) - 1000.0 / 3) < 1e-9)
    #expect(Scores.probability(ofLogit: -1000) == 0 && Scores.probability(ofLogit: 1000) == 1)
    let prediction = Scores.prediction(classes: 3) { [1000, -1000, 1000][$0] }
    #expect(prediction.class == 0 && prediction.probability == 0.5)
  }

  @Test func `take logits where they lie`() {
    var (lent, copied) = (ProgressiveMetrics(classes: 2), ProgressiveMetrics(classes: 2))
    var logits: [Float] = [0, 1, 2, -1]
    copied.record(logits: logits, labels: [1, 1], loss: 1)
    _ = logits.withMemoryView { lent.record(logits: $0, labels: [1, 1], loss: 1) }
    #expect(lent.summary(over: .all) == copied.summary(over: .all))
  }
}
