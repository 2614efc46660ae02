import GraphDefImport
import Kernels
import Parameters
import Serve
import Testing

@Suite struct `A run that is repeated` {
  private let model: Model

  init() throws { model = try Model(configPath: SmallService.folder + "/mlp_small.json") }

  /// 60 examples of 20 features and a class of five.
  private var source: MemorySource {
    MemorySource(
      name: "sixty", count: 60, exampleShape: [20],
      features: .floats((0..<1200).map { Float($0 * 7 % 13) / 13 }), labels: (0..<60).map { Float($0 % 5) },
      labelWidth: 1)
  }

  private func run(
    _ store: any ParameterStore, _ cadence: ProgressReporter.Cadence,
    _ change: (inout TrainingRun.Options) -> Void = { _ in }
  ) throws -> (run: TrainingRun, end: ProgressSnapshot) {
    var options = TrainingRun.Options(batch: 20)
    change(&options)
    var run = try TrainingRun(model, source: source, store: store, pool: LanePool(lanes: 1), options: options)
    var reporter = ProgressReporter(style: .json, cadence: cadence, at: .now, from: run.start) { _ in }
    let end = try run.run(reporter: &reporter, until: StopRequest())
    return (run, end)
  }

  private func store() throws -> any ParameterStore {
    try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.5) }).store
  }

  @Test func `ends with the same loss, whenever the clock let it report`() throws {
    let often = try run(store(), .time(.zero)).end.loss
    let never = try run(store(), .time(.seconds(1000))).end.loss
    #expect(often == never && often.isFinite)
    // Since a report of the second step, which does not depend on the clock, it is the third one's.
    #expect(try run(store(), .steps(2)).end.loss != often)
  }

  @Test func `says why nothing is left to train, and has no loss then`() throws {
    let store = try store()
    #expect(try run(store, .steps(1)).run.hasLearned)
    let again = try run(store, .steps(1))
    #expect(!again.run.hasLearned && again.end.loss.isNaN && again.end.step == 3)
    #expect(again.run.nothingLeft.contains("60 examples of 'sixty' were learned before, and one pass has 60"))
    let steps = try run(store, .steps(1)) { $0.steps = 2 }
    #expect(steps.run.nothingLeft.contains("3 steps were taken before, and --steps asks for 2 in all"))
  }
}
