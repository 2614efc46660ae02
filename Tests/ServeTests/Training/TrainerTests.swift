import Kernels
import Parameters
import Serve
import TestSupport
import Testing

@Suite struct `A trainer` {
  private let model: Model

  init() throws { model = try Model(configPath: OnlearnProcess.packageFolder + "/Models/mlp.json") }

  private func store(rate: Float = 0.05) throws -> any ParameterStore {
    try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: rate) }).store
  }

  private func batch(_ examples: Int, seed: UInt64 = 1) -> Batch {
    var batch = Batch()
    batch.resize(examples: examples, width: 784, labelWidth: 1)
    batch.x.withMemoryView { Random.uniform(key: seed, stream: 1, into: $0) }
    var generator = SplitMix64(seed: seed)
    for index in 0..<examples { batch.y[index] = Float(generator.next() % 10) }
    return batch
  }

  @Test(arguments: [1, 7, 1000, 1024, 4096]) func `takes batches of any size with the same graph`(_ size: Int) throws {
    let trainer = try Trainer(model, store: store(rate: 0.001), pool: LanePool(lanes: 2))
    let batch = batch(size)
    let first = try trainer.step(batch)
    for _ in 0..<3 { _ = try trainer.step(batch) }
    let last = try trainer.step(batch)
    #expect(last.loss < first.loss)
    #expect(last.version == 5)
    #expect(last.logits.count == size * 10)
    #expect(trainer.observedValues().map(\.name) == ["loss", "accuracy"])
  }

  @Test func `refuses an update whose loss is not finite, and changes nothing`() throws {
    let store = try store()
    let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 1))
    let before = try store.read("w1")
    var batch = batch(8)
    batch.x[5] = .infinity
    let error = #expect(throws: NonFiniteError.self) { try trainer.step(batch) }
    #expect(error?.description.hasPrefix("step 1: the loss is not finite") == true)
    #expect(try store.read("w1") == before)
    #expect(store.version == 0)
  }

  @Test func `refuses an update whose gradients overflow, naming the parameter`() throws {
    let store = try store()
    let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 1))
    var batch = batch(8)
    // The loss of the huge logits is finite, the gradient of the first layer's weights is not.
    for index in batch.x.indices { batch.x[index] = 1e35 }
    try store.write([Float](repeating: 1e-37, count: 784 * 500), to: "w1")
    try store.write(
      [Float](repeating: 3e4, count: 5000).enumerated().map { Float($0.offset % 10) * $0.element }, to: "w2")
    let error = #expect(throws: NonFiniteError.self) { try trainer.step(batch) }
    #expect(error?.place.contains("'w1'") == true)
    #expect(store.version == 0)
  }

  @Test func `refuses a batch whose width is not the model's`() throws {
    let trainer = try Trainer(model, store: store(), pool: LanePool(lanes: 1))
    var batch = Batch()
    batch.resize(examples: 4, width: 783, labelWidth: 1)
    #expect(throws: ModelError.self) { try trainer.step(batch) }
  }

  @Test func `gives the reference's metrics when they are observed after the update`() throws {
    let trainer = try Trainer(model, store: store(), pool: LanePool(lanes: 2))
    let batch = batch(64)
    _ = try trainer.step(batch)
    let after = try trainer.observedValues(after: batch)
    let next = Double(try trainer.step(batch).loss)
    let loss = try #require(after.first { $0.name == "loss" }).value
    #expect(abs(loss - next) <= 1e-5 * next)
  }

  @Test(arguments: ["lr", "fm"]) func `touches only the rows of a table that a batch looks up`(_ name: String) throws {
    let model = try Model(configPath: OnlearnProcess.packageFolder + "/Models/\(name).json")
    #expect(model.parameters.contains { $0.name == "v" && $0.isTable })
    let (store, _) = try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 1) })
    let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 2))
    let width = try #require(model.parameters.first { $0.name == "v" }).shape[1]
    let before = try store.read("v")
    var batch = Batch()
    batch.resize(examples: 16, width: 39, labelWidth: 1)
    var generator = SplitMix64(seed: 3)
    for index in batch.x.indices { batch.x[index] = Float((index % 39 + 1) << 10 | Int(generator.next() % 4)) }
    for index in batch.y.indices { batch.y[index] = Float(index % 2) }
    _ = try trainer.step(batch)
    let after = try store.read("v")
    let touched = Set(batch.x.map { Int($0) })
    for row in 0..<65536 where before[row * width..<(row + 1) * width] != after[row * width..<(row + 1) * width] {
      #expect(touched.contains(row))
    }
    #expect(before != after)
  }
}
