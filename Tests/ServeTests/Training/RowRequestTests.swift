import GraphDefImport
import Kernels
import Parameters
import Serve
import Synchronization
import TestSupport
import Testing

/// A store that prefers to be told which rows are needed, and counts how often it was asked for all of them.
private final class AskingStore: StandInStore {
  let base: any ParameterStore
  private let count = Mutex(0)

  init(_ base: MemoryStore) { self.base = base }

  /// How often it was asked for all rows.
  var wholeRequestCount: Int { count.withLock { $0 } }

  var prefersRowRequests: Bool { true }

  func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    if pull?.wantsAllRows == true { count.withLock { $0 += 1 } }
    return try base.exchange(push: push, pull: pull)
  }
}

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

  /// A model whose table `v` is looked up by the class that its other parameter `w` chooses.
  private static func choosingModel(in folder: TemporaryFolder) throws -> Model {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 3])
    let start = graph.constant("start", [1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3])
    graph.variable("w", [3, 3], initialValue: start)
    graph.variable("v", [3, 3], initialValue: start)
    graph.constant("first", integers: [0])
    graph.constant("second", integers: [1])
    graph.constant("axes", integers: [0, 1])
    graph.add("scores", op: "MatMul", ["input_x", "w/read"], ["T": .type(.float)])
    graph.add("choice", op: "ArgMax", ["scores", "second"])
    graph.add("rows", op: "GatherV2", ["v/read", "choice", "first"])
    graph.add("sums", op: "AddV2", ["rows", "scores"])
    graph.add("logits", op: "Sum", ["sums", "second"], ["keep_dims": .bool(true)])
    graph.add("loss", op: "Mean", ["logits", "axes"])
    let pb = try folder.write(graph.encoded(), to: "choosing.pb")
    let config = ModelConfig(
      modelName: "choosing", dense: ["w", "v"], observe: [], batchSize: 4, inputSize: [4, 3], outputSize: [4, 1])
    return try Model(config: config, file: GraphFile.read(pb))
  }

  @Test func `needs all rows where parameters choose them`() throws {
    let model = try Self.choosingModel(in: TemporaryFolder())
    #expect(model.parameters.map(\.isTable) == [false, true])
    let near = try Self.store(model)
    let behind = try Self.store(model)
    let asking = AskingStore(behind)
    let batch = Batch(examples: 4, x: [1, 0, 0, 0, 1, 0, 0, 2, 1, 3, 1, 0], y: [0, 0, 0, 0])
    for store in [near, asking] as [any ParameterStore] {
      let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 1))
      for _ in 0..<2 { _ = try trainer.step(batch) }
    }
    #expect(asking.wholeRequestCount == 2)
    #expect(try StoreContract.contents(of: near) == StoreContract.contents(of: behind))
    let predictor = try Predictor(model, parameters: asking, pool: LanePool(lanes: 1))
    #expect(try predictor.logits(of: batch).array.allSatisfy { $0.isFinite })
    #expect(asking.wholeRequestCount == 3)
  }
}
