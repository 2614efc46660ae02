import Foundation
import Graph
import GraphDefImport
import TestSupport
import Testing

/// The perceptron of `Tests/Fixtures/mlp_small`, against what TensorFlow computed with it.
@Suite struct `A small perceptron` {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/mlp_small").standardized.path()
  private let parameters = ["w1", "b1", "w2", "b2"]

  private func array(_ name: String) throws -> HostTensor {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(Self.folder)/\(name).npy")))
    return try #require(HostTensor(npy: bytes), "\(name).npy")
  }

  /// Rows `first..<first + count` of `tensor`.
  private func rows(_ tensor: HostTensor, _ first: Int, _ count: Int) -> HostTensor {
    let width = tensor.shape.dropFirst().reduce(1, *)
    return HostTensor(
      tensor.dtype, [count] + tensor.shape.dropFirst(),
      Array(tensor.values[first * width..<(first + count) * width]))
  }

  private func program(_ precision: DType = .float32) throws -> Program {
    let config = try ModelConfig(contentsOf: Self.folder + "/mlp_small.json")
    let graph = try GraphFile.read(Self.folder + "/mlp_small.pb").graph
    var request = GraphDefImporter.Request(fetches: ["logits", "loss", "accuracy"])
    request.gradients = config.dense
    request.densifiesGradients = true
    request.precision = precision
    return try GraphDefImporter(graph, config: config).program(request)
  }

  private func expectAgreement(
    _ found: HostTensor, _ expected: HostTensor, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    // The fixture has single numbers as arrays of one.
    #expect(found.shape == expected.shape || found.shape.isEmpty, "\(name)", sourceLocation: sourceLocation)
    for (a, b) in zip(found.values, expected.values) {
      let isClose = (a - b).magnitude <= 2e-4 * b.magnitude + 2e-5 * expected.magnitude
      #expect(isClose, "\(name): \(a), TensorFlow says \(b)", sourceLocation: sourceLocation)
      if !isClose { return }
    }
  }

  @Test(arguments: [DType.float32, .float64])
  func `gives logits, loss, accuracy and gradients as TensorFlow does`(_ precision: DType) throws {
    let program = try program(precision)
    var feeds = ["input_x": try rows(array("x"), 0, 32), "input_y": try rows(array("y"), 0, 32)]
    for name in parameters { feeds[name] = try array(name) }
    for (name, tensor) in feeds { feeds[name] = tensor.cast(to: precision) }
    for (lanes, tile) in [(1, 32), (1, 5), (2, 8)] {
      let results = try program.evaluated(.init(batch: 32, lanes: lanes, tile: tile), feeds: feeds)
      for name in ["logits", "loss"] + parameters.map({ "d-" + $0 }) {
        expectAgreement(try #require(results[name]), try array(name), name)
      }
      #expect(try results["accuracy"]?.scalar == array("accuracy").scalar)
    }
  }

  /// Plain gradient descent, step n on rows 32 (n mod 8) and following.
  private func curve(_ steps: Int, batches: Int) throws -> (losses: [Double], parameters: [String: HostTensor]) {
    let runner = try ProgramRunner(program(), .init(batch: 32, lanes: 2, tile: 8))
    var weights: [String: HostTensor] = [:]
    for name in parameters { weights[name] = try array(name) }
    let (x, y) = (try array("x"), try array("y"))
    var losses: [Double] = []
    for step in 0..<steps {
      try runner.feed(rows(x, 32 * (step % batches), 32), as: "input_x")
      try runner.feed(rows(y, 32 * (step % batches), 32), as: "input_y")
      for (name, weight) in weights { try runner.feed(weight, as: name) }
      try runner.run(step: UInt64(step))
      losses.append(try runner.output("loss").scalar)
      for name in parameters {
        let gradient = try runner.output("d-" + name)
        weights[name]!.values = zip(weights[name]!.values, gradient.values).map {
          Double(Float($0) - 0.05 * Float($1))
        }
      }
    }
    return (losses, weights)
  }

  @Test func `learns as in TensorFlow, twenty steps on one batch`() throws {
    let (losses, weights) = try curve(20, batches: 1)
    expectAgreement(HostTensor(.float32, [20], losses), try array("losses20"), "losses")
    for name in parameters { expectAgreement(weights[name]!, try array(name + ".after20"), name) }
  }

  @Test func `learns as in TensorFlow, five hundred steps on eight batches`() throws {
    let (losses, _) = try curve(500, batches: 8)
    let expected = try array("curve500").values
    for (step, (a, b)) in zip(losses, expected).enumerated() {
      #expect((a - b).magnitude <= 1e-3 * b.magnitude, "step \(step): \(a), TensorFlow says \(b)")
    }
  }

  @Test(arguments: [1, 7, 100])
  func `runs at any batch size`(_ batch: Int) throws {
    let program = try program(.float64)
    var feeds = ["input_x": try rows(array("x"), 0, batch), "input_y": try rows(array("y"), 0, batch)]
    for name in parameters { feeds[name] = try array(name) }
    for (name, tensor) in feeds { feeds[name] = tensor.cast(to: .float64) }
    let expected = try program.evaluatedNaively(batch: batch, feeds: feeds)
    #expect(expected["logits"]?.shape == [batch, 5])
    for tile in [1, 3, batch] {
      for (name, tensor) in try program.evaluated(.init(batch: batch, lanes: 2, tile: tile), feeds: feeds) {
        #expect(tensor.isClose(to: expected[name]!, relative: 1e-11), "\(name)")
      }
    }
  }

  @Test func `is planned as one tiled stage`() throws {
    let plan = try Plan(program(), batch: 1024, options: Plan.Options(lanes: 2))
    #expect(plan.wholeBatchNodes.isEmpty)
    #expect(plan.stages.filter(\.isTiled).count == 1)
  }
}
