import Kernels
import Parameters
import Serve
import Synchronization
import TestSupport
import Testing

/// A store that is suddenly as it was some pushes before, like a server that lost the last ones with its power.
private final class ForgetfulStore: StandInStore {
  private let newer: MemoryStore
  private let older: MemoryStore
  private let kept: Int
  private let end: Int
  private let pushes = Mutex(0)

  /// A store that has forgotten all but the first `kept` pushes when more than `end` come.
  init(_ newer: MemoryStore, _ older: MemoryStore, keeping kept: Int, of end: Int) {
    (self.newer, self.older, self.kept, self.end) = (newer, older, kept, end)
  }

  var base: any ParameterStore { pushes.withLock { $0 } > end ? older : newer }

  var prefersRowRequests: Bool { true }

  func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    guard push != nil else { return try base.exchange(push: nil, pull: pull) }
    let number = pushes.withLock { count in
      count += 1
      return count
    }
    if number <= kept { _ = try older.exchange(push: push, pull: nil) }
    return try base.exchange(push: push, pull: pull)
  }
}

@Suite struct `A training` {
  private let model: Model

  init() throws { model = try Model(configPath: SmallService.folder + "/mlp_small.json") }

  private func store() throws -> MemoryStore {
    try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.1) }).store as! MemoryStore
  }

  /// Takes seven steps in each of two passes.
  private func run(_ store: any ParameterStore) throws -> ProgressSnapshot {
    let examples = SmallService.batch(100)
    let source = MemorySource(
      name: "examples", count: 100, exampleShape: [20], features: .floats(examples.x), labels: examples.y,
      labelWidth: 1)
    var options = TrainingRun.Options(batch: 16)
    options.epochs = 2
    options.part = WorkerPart(run: "1")
    var run = try TrainingRun(model, source: source, store: store, pool: LanePool(lanes: 1), options: options)
    var reporter = ProgressReporter(style: .json, cadence: .steps(1), at: .now, from: run.start) { _ in }
    return try run.run(reporter: &reporter, until: StopRequest())
  }

  @Test(arguments: [(2, 5), (5, 9)])
  func `reads again what its store has lost, and learns it as if nothing had been`(_ kept: Int, _ end: Int) throws {
    let (undisturbed, older) = (try store(), try store())
    let expected = try run(undisturbed)
    let found = try run(ForgetfulStore(store(), older, keeping: kept, of: end))
    #expect(expected.step == 14 && found.step == 14)
    #expect(expected.examples == 200 && found.examples == 200)
    #expect(older.version == 14)
    #expect(try StoreContract.contents(of: older) == StoreContract.contents(of: undisturbed))
  }
}
