import GraphDefImport
import Kernels
import Parameters
import Serve
import Testing

@Suite struct `A scoring run` {
  private let model: Model

  init() throws { model = try Model(configPath: SmallService.folder + "/mlp_small.json") }

  /// A run of examples with the labels `labels`, which are known when they come, as those of standard input are.
  private func run(labels: [String]) throws -> ScoringRun {
    let features = [String](repeating: "0.5", count: 20).joined(separator: ",")
    let text = labels.map { "\(features),\($0)\n" }.joined()
    let open = { () throws(DataError) -> ByteStream in
      try ByteStream(InputFile(bytes: Array(text.utf8), name: "standard input"))
    }
    let source = LineSource(name: "-", once: open, decoder: TableDecoder(), isPrompt: false)
    #expect(source.labelWidth == nil)
    let (store, _) = try model.openStoreForScoring(.memory)
    return try ScoringRun(model, source: source, store: store, pool: LanePool(lanes: 1), batch: 8)
  }

  @Test(arguments: [("batch_statistics", true), ("interest", true), ("residual", false), ("attention", false)])
  func `says whether scores depend on which examples come together`(_ name: String, _ depend: Bool) throws {
    let model = try OptimizerFixture(name, folder: "networks").model
    let store = try MemoryStore(
      model.specs(
        optimizers: model.parameters.map { _ in .sgd(rate: 0) }, initialValues: model.parameters.map { _ in .zeros }))
    let predictor = try Predictor(model, parameters: store, pool: LanePool(lanes: 1))
    #expect(predictor.notices.contains { $0.contains("scored together") } == depend, "\(predictor.notices)")
    let inspection = try ModelInspection(configPath: model.config.path, lanes: 1)
    #expect(inspection.notices.contains { $0.contains("scored together") } == depend)
  }

  @Test func `judges its scores by labels that come with the examples`() throws {
    var run = try run(labels: ["4", "0", "2"])
    var count = 0
    let summary = try run.run(until: StopRequest()) { _ in count += 1 }
    #expect(summary?.examples == 3 && count == 3)
  }

  @Test func `refuses labels that are no class, although it did not know of labels at the start`() throws {
    var run = try run(labels: ["4", "5"])
    let error = #expect(throws: BatchError.self) { try run.run(until: StopRequest()) { _ in } }
    #expect(error?.reason == .unknownClass(count: 5))
    #expect(error?.example == 1 && error?.isLabel == true)
  }
}
