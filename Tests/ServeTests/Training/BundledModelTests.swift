import Kernels
import Parameters
import Serve
import TestSupport
import Testing

/// What holds for a training step whatever it computes, with batches of 19 examples.
@Suite struct `A training step of every bundled model` {
  private static let names = (try? ModelFolder(OnlearnProcess.packageFolder + "/Models").names) ?? []

  private let examples = 19

  /// The logits of the last of `steps` steps on one batch, and the parameters after it.
  ///
  /// - Parameter rate: Where it is large the parameters are the gradient, but for the rounding of single precision.
  private func results(
    of model: Model, steps: Int, rate: Float, lanes: Int, tile: Int
  ) throws -> [(name: String, values: [Float])] {
    let (store, _) = try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: rate) })
    let trainer = try Trainer(model, store: store, pool: LanePool(lanes: lanes), seed: 5, tile: tile, observes: false)
    #expect(try trainer.plan(batch: examples).tile == tile)
    let batch = Batch(syntheticFor: model, examples: examples, seed: 3)
    var logits: [Float] = []
    for _ in 0..<steps { logits = try trainer.step(batch).logits.array }
    return [("logits", logits)] + (try model.parameters.map { ($0.name, try store.read($0.name)) })
  }

  private func model(_ name: String) throws -> Model {
    try Model(configPath: OnlearnProcess.packageFolder + "/Models/\(name).json")
  }

  @Test func `is taken of all`() { #expect(Self.names.count == 12) }

  @Test(arguments: names) func `gives in tiles what it gives in one piece, but for rounding`(_ name: String) throws {
    let model = try model(name)
    let whole = try results(of: model, steps: 1, rate: 4096, lanes: 1, tile: examples)
    for (lanes, tile) in [(2, 4), (1, 1)] {
      let cut = try results(of: model, steps: 1, rate: 4096, lanes: lanes, tile: tile)
      for ((name, values), (_, expected)) in zip(cut, whole) {
        let isFinite = values.allSatisfy(\.isFinite)
        #expect(isFinite, "\(name)")
        let largest = expected.reduce(0) { max($0, $1.magnitude) }
        let worst = zip(values, expected).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
        #expect(worst <= 1e-5 * largest, "\(name), tiles of \(tile): \(worst) of \(largest)")
      }
    }
  }

  @Test(arguments: names) func `gives on two lanes the same to the bit in every run`(_ name: String) throws {
    let model = try model(name)
    let first = try results(of: model, steps: 3, rate: 0.05, lanes: 2, tile: 4)
    let second = try results(of: model, steps: 3, rate: 0.05, lanes: 2, tile: 4)
    for ((name, values), (_, expected)) in zip(first, second) {
      #expect(values.allSatisfy(\.isFinite) && values.elementsEqual(expected), "\(name)")
    }
  }
}
