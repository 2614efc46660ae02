import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

@Suite struct `A regression` {
  /// A model that predicts 2a + b from the features a and b, with a mean squared error as its loss.
  private static func model(in folder: TemporaryFolder) throws -> Model {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 2])
    graph.placeholder("input_y", .float, [-1, 1])
    let start = graph.constant("start", [2, 1], [2, 1])
    graph.variable("w", [2, 1], initialValue: start)
    graph.constant("axes", integers: [0, 1])
    graph.add("logits", op: "MatMul", ["input_x", "w/read"], ["T": .type(.float)])
    graph.add("errors", op: "SquaredDifference", ["logits", "input_y"])
    graph.add("loss", op: "Mean", ["errors", "axes"])
    let pb = try folder.write(graph.encoded(), to: "sum.pb")
    let config = ModelConfig(
      modelName: "sum", dense: ["w"], observe: ["loss"], batchSize: 4, inputSize: [4, 2], outputSize: [4, 1])
    return try Model(config: config, file: GraphFile.read(pb))
  }

  /// Three examples, whose predictions are 10, −2 and 0.5.
  private static var source: MemorySource {
    MemorySource(
      name: "three", count: 3, exampleShape: [2], features: .floats([4, 2, -1, 0, 0, 0.5]), labels: [12, -2, 1.5],
      labelWidth: 1)
  }

  @Test(arguments: [
    ("autoencoder", true), ("lstm_functions", true), ("quantiles", true), ("two_tasks", false), ("attention", false),
    ("experts", false), ("siamese", false), ("text_convolution", false), ("wide_and_deep", false),
  ])
  func `is told by its loss`(_ name: String, _ isRegression: Bool) throws {
    #expect(try OptimizerFixture(name, folder: "networks").model.predictsNumbers == isRegression)
  }

  @Test func `is what no bundled model is`() throws {
    let folder = OnlearnProcess.packageFolder + "/Models"
    for name in try ModelFolder(folder).names {
      #expect(try !Model(configPath: "\(folder)/\(name).json").predictsNumbers, "\(name)")
    }
  }

  @Test func `scores with the numbers it predicts, and is judged by how far they are off`() throws {
    let model = try Self.model(in: TemporaryFolder())
    let (store, _) = try model.openStoreForScoring(.memory)
    var run = try ScoringRun(model, source: Self.source, store: store, pool: LanePool(lanes: 1), batch: 2)
    var scores: [ScoringRun.Score] = []
    let judged = try run.run(until: StopRequest()) { scores.append($0) }
    let fit = try #require(judged)
    #expect(scores == [.numbers([10]), .numbers([-2]), .numbers([0.5])])
    #expect(fit.examples == 3 && fit.figures.map(\.name) == ["mae", "rmse"])
    #expect(fit.figures[0].value == 1 && abs(fit.figures[1].value - (5.0 / 3).squareRoot()) < 1e-12)
  }

  @Test func `reports its loss while it learns, and no figures of clicks`() throws {
    let model = try Self.model(in: TemporaryFolder())
    let (store, _) = try model.openStore(.memory, optimizers: [.sgd(rate: 0)])
    var options = TrainingRun.Options(batch: 3)
    options.isShuffling = false
    var run = try TrainingRun(model, source: Self.source, store: store, pool: LanePool(lanes: 1), options: options)
    var reporter = ProgressReporter(style: .json, cadence: .steps(10), at: .now, from: run.start) { _ in }
    let end = try run.run(reporter: &reporter, until: StopRequest())
    #expect(abs(end.loss - 5.0 / 3) < 1e-6 && end.metrics.isEmpty)
  }

  @Test func `counts in the loss only where it is served, whatever its labels are`() {
    var metrics = ProgressiveMetrics(classes: 1, judges: false)
    let own = metrics.record(logits: [0.5, 3, -1], labels: [1, 7, 0], loss: 2)
    #expect(own.named.isEmpty && own.loss == 2 && own.examples == 3)
    #expect(metrics.summary(over: .window).loss == 2 && metrics.summary(over: .all).named.isEmpty)
  }

  @Test func `is said to be one by an inspection`() throws {
    let folder = OnlearnProcess.packageFolder + "/Tests/Fixtures/networks"
    let notices = try ModelInspection(configPath: "\(folder)/lstm_functions.json", lanes: 1).notices
    #expect(notices.contains { $0.contains("scores are the logits") })
  }
}
