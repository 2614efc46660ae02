import Foundation
import Kernels
import Parameters
import Serve
import Testing

/// Networks as users of TensorFlow write them, under `Tests/Fixtures/networks`, against what TensorFlow trains them to.
@Suite struct `A network as users write it` {
  private static let names: [String] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures/networks")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.standardized.path())) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  private func fixture(_ name: String) throws -> (OptimizerFixture, OptimizerChoice, MemoryStore) {
    let fixture = try OptimizerFixture(name, folder: "networks")
    let choice = try fixture.choice(.init(.twin))
    let model = fixture.model
    let store = try MemoryStore(
      model.specs(optimizers: choice.optimizers, initialValues: model.parameters.map { _ in .zeros }))
    for parameter in model.parameters { try store.write(fixture.tensor(parameter.name), to: parameter.name) }
    return (fixture, choice, store)
  }

  @Test func `is one of many`() { #expect(Self.names.count >= 19) }

  @Test(arguments: names) func `learns as in TensorFlow`(_ name: String) throws {
    let (fixture, choice, store) = try fixture(name)
    #expect(choice.frozen.isEmpty)
    #expect(!choice.notices.contains { $0.contains("not made of the loss's gradients") })
    let trainer = try Trainer(fixture.model, store: store, pool: LanePool(lanes: 2))
    let schedule = try choice.makeSchedule()
    var validator = fixture.model.batchValidator(labelsAreUsed: true)
    for (step, expected) in try fixture.tensor("losses").enumerated() {
      try schedule?.apply(to: store, afterStep: UInt64(step))
      let batch = try fixture.batch(step, of: 3)
      try validator.check(batch)
      let loss = try trainer.step(batch).loss
      #expect((loss - expected).magnitude <= 2e-4 * expected.magnitude, "step \(step): \(loss), TensorFlow \(expected)")
    }
    let batch = try fixture.batch(2, of: 3)
    let predictor = try Predictor(fixture.model, parameters: store, pool: LanePool(lanes: 1))
    let logits = try predictor.logits(of: batch).array
    let expected = try fixture.tensor("logits")
    #expect(logits.count == expected.count)
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    let worst = zip(logits, expected).map { ($0 - $1).magnitude / (2e-4 * $1.magnitude + 1e-4 * largest) }.max()
    #expect(worst ?? 0 <= 1)
  }

  @Test(arguments: ["batch_statistics", "autoencoder"])
  func `is said to keep its moving averages as they are`(_ name: String) throws {
    let (_, choice, _) = try fixture(name)
    #expect(choice.notices.contains { $0.contains("moving averages and the like are not parameters") })
  }

  @Test func `is judged by each of its labels, where every logit has one`() throws {
    let model = try OptimizerFixture("two_tasks", folder: "networks").model
    #expect(model.logitsPerExample == 2 && model.labelsPerExample == 2 && model.logitsPerLabel == 1)
    let clicks = try OptimizerFixture("lstm_functions", folder: "networks").model
    #expect(clicks.logitsPerLabel == 1)
    let classes = try OptimizerFixture("text_convolution", folder: "networks").model
    #expect(classes.logitsPerLabel == 4)
  }

  @Test func `refuses fractions where it takes integers`() throws {
    let fixture = try OptimizerFixture("wide_and_deep", folder: "networks")
    var validator = fixture.model.batchValidator(labelsAreUsed: true)
    var batch = try fixture.batch(0, of: 3)
    try validator.check(batch)
    batch.x[7] = 0.5
    let error = #expect(throws: BatchError.self) { try validator.check(batch) }
    #expect(error?.reason == .notIntegral && error?.example == 1 && error?.column == 2)
  }
}
