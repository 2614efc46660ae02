import Kernels
import Parameters
import Serve
import TestSupport
import Testing

@Suite struct `Training with rows` {
  private static func model(_ name: String) throws -> Model {
    try Model(configPath: OnlearnProcess.packageFolder + "/Models/\(name).json")
  }

  private static func store(_ model: Model) throws -> MemoryStore {
    try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.5) }).store as! MemoryStore
  }

  private static func run(_ model: Model, _ store: any ParameterStore, steps: UInt64) throws -> [Double] {
    var options = TrainingRun.Options(batch: 32)
    options.steps = steps
    let source = try SourceSpecification(parsing: "synthetic:ctr?seed=3").open(width: 39, until: StopRequest())
    var run = try TrainingRun(model, source: source, store: store, pool: LanePool(lanes: 2), options: options)
    var reporter = ProgressReporter(style: .json, cadence: .steps(1), goal: nil, at: .now, from: run.start) { _ in }
    let end = try run.run(reporter: &reporter, until: StopRequest())
    return [end.loss] + end.metrics.map(\.value)
  }

  @Test(arguments: ["lr", "fm", "widedeep", "afm"])
  func `needs only the rows that are worked out from the inputs`(_ name: String) throws {
    let model = try Self.model(name)
    let near = try Self.store(model)
    let behind = try Self.store(model)
    let far = FarStore(behind)
    #expect(try Self.run(model, near, steps: 6) == Self.run(model, far, steps: 6))
    #expect(try StoreContract.contents(of: near) == StoreContract.contents(of: behind))
  }

  @Test func `asks a distant store once per step, and once before the first`() throws {
    let model = try Self.model("fm")
    let far = FarStore(try Self.store(model))
    _ = try Self.run(model, far, steps: 5)
    #expect(far.exchangeCount == 6)
  }

  @Test(arguments: ["fm", "nfm"])
  func `begins with a row's initial value, whether it was read before or not`(_ name: String) throws {
    let model = try Self.model(name)
    let (fresh, filled) = (try Self.store(model), try Self.store(model))
    for tensor in filled.tensors { _ = try filled.read(tensor.name) }
    #expect(try Self.run(model, fresh, steps: 1) == Self.run(model, filled, steps: 1))
  }

  @Test(arguments: ["fm"]) func `names an id that its table does not have`(_ name: String) throws {
    let model = try Self.model(name)
    let trainer = try Trainer(model, store: FarStore(Self.store(model)), pool: LanePool(lanes: 1))
    var batch = Batch()
    batch.resize(examples: 2, width: 39, labelWidth: 1)
    batch.x[41] = 65_536
    let error = #expect(throws: RowOutsideTableError.self) { try trainer.step(batch) }
    #expect(error?.position == 41 && error?.row == 65_536 && error?.rowCount == 65_536)
    batch.x[41] = 65_535
    #expect(try trainer.step(batch).loss.isFinite)
  }
}
