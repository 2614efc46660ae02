import Graph
import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

/// The nine networks of the reference against what TensorFlow computes with them: `Tests/Fixtures/reference`.
@Suite struct `A network of the reference` {
  private static let names = ["lr", "fm", "ffm", "afm", "nfm", "widedeep", "mlp", "lenet", "vgg"]

  /// A model, TensorFlow's results, and what both were fed.
  private struct Fixture {
    let config: ModelConfig
    private let session: Session
    private let importer: GraphDefImporter
    let results: SafetensorsFile
    var feeds: [(name: String, array: NpyArray)] = []

    init(_ name: String) throws {
      let root = OnlearnProcess.packageFolder
      let config = try ModelConfig(contentsOf: "\(root)/Models/\(name).json")
      let graph = try GraphFile.read(config.resolveGraphPath(workingDirectory: "/")).graph
      self.config = config
      importer = try GraphDefImporter(graph, config: config)
      session = try Session(graph, config: config, pool: LanePool(lanes: 2))
      results = try SafetensorsFile("\(root)/Tests/Fixtures/reference/\(name).safetensors")
      let examples = name == "widedeep" ? config.batchSize : 16
      var generator = SplitMix64(seed: 1)
      for (name, shape) in try parameterShapes() { feed(name, shape) { Self.uniform(&generator, width: 0.2) } }

      let shape = [examples] + config.inputSize.dropFirst()
      var column = 0
      generator = SplitMix64(seed: 2)
      feed("input_x", shape) {
        let bits = generator.next()
        guard config.classCount == nil else { return Float(bits >> 40) / Float(1 << 24) }
        defer { column = (column + 1) % shape[1] }
        return Float((column + 1) << 10 | Int(bits % 1024))
      }
      generator = SplitMix64(seed: 3)
      feed("input_y", [examples, 1]) { Float(generator.next() % UInt64(config.classCount ?? 2)) }
      // Both networks with dropout apply it to a layer of 512.
      generator = SplitMix64(seed: 4)
      for node in try importer.nodes(neededFor: ["loss"]) where node.op == "RandomUniform" {
        feed(node.name, [examples, 512]) { Self.uniform(&generator, width: 1) + 0.5 }
      }
    }

    private func parameterShapes() throws -> [(String, [Int])] {
      try config.dense.map { ($0, try #require(importer.variableType($0).shape.constant)) }
    }

    private mutating func feed(_ name: String, _ shape: [Int], _ next: () -> Float) {
      let values = (0..<shape.reduce(1, *)).map { _ in next() }
      feeds.append((name, NpyArray(shape: shape, values: .float32(values))))
    }

    private static func uniform(_ generator: inout SplitMix64, width: Float) -> Float {
      (Float(generator.next() >> 40) / Float(1 << 24) - 0.5) * width
    }

    func run(_ fetches: [String], steps: Int) throws -> (losses: [Float], values: [[Float]]) {
      var options = Session.Options()
      options.trainingSteps = steps
      let result = try session.run(feeds: feeds, fetches: fetches, options: options)
      return (result.losses, try result.arrays.map { try #require($0.floats) })
    }
  }

  private func expectAgreement(_ found: [Float], _ expected: [Float], _ name: String) {
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    let worst = zip(found, expected).map { ($0 - $1).magnitude - (2e-4 * $1.magnitude + 2e-5 * largest) }.max()
    let shown = "\(name): \(found.prefix(8)), TensorFlow \(expected.prefix(8))"
    #expect(found.count == expected.count && worst ?? 0 <= 0, "\(shown)")
  }

  @Test(arguments: names) func `computes and learns what TensorFlow does`(_ name: String) throws {
    let fixture = try Fixture(name)
    let config = fixture.config
    let gradients = config.dense.map { "d-" + $0 }
    let before = try fixture.run(["logits"] + config.observe + gradients, steps: 0).values
    for (name, found) in zip(["logits"] + config.observe, before) {
      expectAgreement(found, try fixture.results.read(name), name)
    }
    for (name, gradient) in zip(gradients, before.dropFirst(1 + config.observe.count)) {
      let recorded: [Float] = try fixture.results.read(name)
      let expected = recorded.map { (value: Float) in Double(value) }
      let found = Digest(of: gradient)
      // What cancels to zero, as the gradient of a bias in front of a softmax, is rounding.
      if expected[3] < 1e-9, found.largest < 1e-9 { continue }
      #expect((found.sum - expected[0]).magnitude <= 2e-4 * expected[1], "\(name)")
      #expect((found.magnitudes - expected[1]).magnitude <= 2e-4 * expected[1], "\(name)")
      #expect((found.squares - expected[2]).magnitude <= 4e-4 * expected[2], "\(name)")
      #expect((found.largest - expected[3]).magnitude <= 2e-4 * expected[3], "\(name)")
    }
    let after = try fixture.run(config.observe, steps: 1).values
    for (name, found) in zip(config.observe, after) {
      expectAgreement(found, try fixture.results.read(name + ".after"), name + " after a step")
    }
    expectAgreement(try fixture.run([], steps: 20).losses, try fixture.results.read("losses"), "losses")
  }

  /// What the fixture keeps of a gradient.
  private struct Digest {
    var (sum, magnitudes, squares, largest) = (0.0, 0.0, 0.0, 0.0)

    init(of values: [Float]) {
      for value in values {
        let value = Double(value)
        sum += value
        magnitudes += value.magnitude
        squares += value * value
        largest = max(largest, value.magnitude)
      }
    }
  }
}
