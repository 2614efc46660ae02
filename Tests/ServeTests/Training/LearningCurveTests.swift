import Foundation
import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

/// Recorded learning curves of TensorFlow, from the same start on the same batches.
@Suite struct `A learning curve` {
  private static let fixtures = OnlearnProcess.packageFolder + "/Tests/Fixtures"
  private static let fashionMNIST = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"

  private func floats(_ path: String) throws -> [Float] { try #require(try NpyFile.read(path).floats) }

  private func trainer(_ model: Model, start: [[Float]], lanes: Int) throws -> Trainer {
    let (store, _) = try model.openStore(
      .memory, optimizers: model.parameters.map { _ in .sgd(rate: Float(model.config.learningRate!)) })
    for (parameter, values) in zip(model.parameters, start) { try store.write(values, to: parameter.name) }
    return try Trainer(model, store: store, pool: LanePool(lanes: lanes))
  }

  @Test(arguments: [1, 2]) func `of a small perceptron stays within 1e-3 of TensorFlow's over 500 steps`(
    _ lanes: Int
  ) throws {
    let folder = Self.fixtures + "/mlp_small"
    let model = try Model(configPath: folder + "/mlp_small.json")
    let trainer = try trainer(
      model, start: model.parameters.map { try floats("\(folder)/\($0.name).npy") }, lanes: lanes)
    let (x, y) = (try floats(folder + "/x.npy"), try floats(folder + "/y.npy"))
    let expected = try floats(folder + "/curve500.npy")
    var batch = Batch()
    batch.resize(examples: 32, width: 20, labelWidth: 1)
    for (step, loss) in expected.enumerated() {
      let first = 32 * (step % 8)
      batch.x.replaceSubrange(0..<640, with: x[first * 20..<(first + 32) * 20])
      batch.y.replaceSubrange(0..<32, with: y[first..<first + 32])
      let own = try trainer.step(batch).loss
      #expect(abs(own - loss) <= 1e-3 * loss, "step \(step)")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: fashionMNIST)))
  func `of the bundled perceptron on Fashion-MNIST stays within 1e-3 of TensorFlow's over 500 steps`() throws {
    let model = try Model(configPath: OnlearnProcess.packageFolder + "/Models/mlp.json")
    var generator = SplitMix64(seed: 1)
    let start = model.parameters.map { parameter in
      (0..<parameter.shape.reduce(1, *)).map { _ in
        (Float(generator.next() >> 40) / Float(1 << 24) - 0.5) * 0.1
      }
    }
    #expect(start[0][0] == 0.0066561522)
    let trainer = try trainer(model, start: start, lanes: LanePool.coreCount)
    let expected = try floats(Self.fixtures + "/mlp_fashion/losses500.npy")
    var feed = try DataFeed(SourceSpecification(parsing: "fashion-mnist").open(), passes: 9)
    var batch = Batch()
    var largest: Float = 0
    for loss in expected {
      #expect(try feed.next(into: &batch, upTo: 1024))
      largest = max(largest, abs(try trainer.step(batch).loss - loss) / loss)
    }
    #expect(largest <= 1e-3)
  }

  @Test func `is the same to the bit from run to run`() throws {
    let model = try Model(configPath: Self.fixtures + "/mlp_small/mlp_small.json")
    let x = try floats(Self.fixtures + "/mlp_small/x.npy")
    let y = try floats(Self.fixtures + "/mlp_small/y.npy")
    func parameters() throws -> [[Float]] {
      let (store, _) = try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.1) })
      let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 2), tile: 13)
      var batch = Batch()
      batch.resize(examples: y.count, width: 20, labelWidth: 1)
      batch.x = x
      batch.y = y
      for _ in 0..<20 { _ = try trainer.step(batch) }
      return try model.parameters.map { try store.read($0.name) }
    }
    #expect(try parameters() == parameters())
  }
}
