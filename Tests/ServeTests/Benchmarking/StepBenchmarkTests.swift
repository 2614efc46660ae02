import Kernels
import Parameters
import Serve
import Testing

@Suite struct `A benchmark of training steps` {
  private static let models = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined() + "/Models/"

  private static func model(_ name: String) throws -> Model { try Model(configPath: models + name + ".json") }

  @Test(arguments: ["mlp", "lr", "fm", "deepfm"])
  func `makes batches that the model takes, the same from the same seed`(_ name: String) throws {
    let model = try Self.model(name)
    let batch = Batch(syntheticFor: model, examples: 64, seed: 1)
    var validator = model.batchValidator(labelsAreUsed: true)
    try validator.check(batch)
    #expect(batch.x == Batch(syntheticFor: model, examples: 64, seed: 1).x)
    #expect(batch.x != Batch(syntheticFor: model, examples: 64, seed: 2).x)
  }

  @Test func `draws small values most often and clicks once in four`() throws {
    let model = try Self.model("lr")
    let batch = Batch(syntheticFor: model, examples: 4096, seed: 3)
    let values = batch.x.map { Int($0) & 1023 }
    // ζ(1.3) = 3.93: a quarter of all values are the first, a tenth are clamped.
    let first = Double(values.count { $0 == 0 }) / Double(values.count)
    let last = Double(values.count { $0 == 1023 }) / Double(values.count)
    #expect(abs(first - 0.254) < 0.01)
    #expect(abs(last - 0.106) < 0.01)
    #expect(abs(batch.y.reduce(0, +) / 4096 - 0.25) < 0.03)
  }

  @Test(arguments: [1, 700, 4096]) func `names as many rows as asked for, spread over the table`(_ count: Int) throws {
    let model = try Self.model("lr")
    var batch = Batch(syntheticFor: model, examples: 128, seed: 1)
    try batch.spreadIds(over: count, of: model, seed: 1)
    let ids = Set(batch.x.map { Int($0) })
    #expect(ids.count == count)
    // One row in each of as many equal parts of the table's 65,536.
    #expect(Set(ids.map { (($0 + 1) * count - 1) / 65_536 }).count == count)
    var validator = model.batchValidator(labelsAreUsed: true)
    try validator.check(batch)
  }

  @Test(arguments: [("lr", 0), ("lr", 39 * 128 + 1), ("mlp", 1)])
  func `cannot name more rows than there are ids, nor any where nothing is looked up`(
    _ name: String, _ count: Int
  ) throws {
    let model = try Self.model(name)
    var batch = Batch(syntheticFor: model, examples: 128, seed: 1)
    #expect(throws: SpreadError.self) { try batch.spreadIds(over: count, of: model, seed: 1) }
  }

  @Test func `trains, and tells times and allocations`() throws {
    let model = try Self.model("mlp")
    let (store, _) = try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.05) })
    let batch = Batch(syntheticFor: model, examples: 16, seed: 0)
    var benchmark = try StepBenchmark(model, batch, store: store, pool: LanePool(lanes: 2))
    let counter = AllocationCounter(start: {}, stop: { 6 })
    let result = try benchmark.run(steps: 3, counter: counter)
    #expect(result.allocationsPerStep == 2)
    #expect(result.time.minimum > 0 && result.time.minimum <= result.time.median)
    let next = try benchmark.step()
    #expect(next < result.loss)
    #expect(store.version == 9)
  }
}
