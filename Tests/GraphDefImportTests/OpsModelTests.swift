import Foundation
import Graph
import GraphDefImport
import Kernels
import Testing

/// Programs of the bundled models on random data, in double precision.
@Suite struct `Every bundled model` {
  /// The bundled configurations, and those in the folder that the environment names.
  static let configurations: [String] = {
    guard let folder = ProcessInfo.processInfo.environment["ONLEARN_MORE_MODELS"] else {
      return `A bundled model`.configurations
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { folder + "/" + $0 }
  }()

  @Test(arguments: configurations)
  func `has gradients equal to those its own graph computes`(_ path: String) throws {
    var model = try ModelRun(path, batch: 7)
    let graph: [String: [Double]]
    do {
      graph = try model.gradientsOfGraph()
    } catch is GraphImportError {
      // Graphs that were exported for one batch size differentiate a mean over as many examples.
      model = try ModelRun(path, batch: model.config.batchSize)
      graph = try model.gradientsOfGraph(fixesBatch: true)
    }
    let ours = try model.ourGradients()
    for name in model.config.dense {
      let (a, b) = (try #require(ours["d-" + name]), try #require(graph["d-" + name]))
      let largest = b.reduce(0) { max($0, $1.magnitude) }
      let error = zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      #expect(a.count == b.count && largest > 0 && error <= 1e-9 * largest + 1e-15, "\(name): \(error) of \(largest)")
    }
  }

  @Test(arguments: configurations)
  func `has values that do not depend on how a batch is cut into tiles`(_ path: String) throws {
    let model = try ModelRun(path, batch: 7)
    let names = model.config.observe + ["logits"]
    let whole = try model.values(of: names, tile: 7)
    let cut = try model.values(of: names, tile: 2)
    for name in names {
      let (a, b) = (try #require(whole[name]), try #require(cut[name]))
      for (x, y) in zip(a, b) { #expect((x - y).magnitude <= 1e-9 * max(1, x.magnitude), "\(name)") }
    }
  }

  @Test(arguments: configurations)
  func `is scored without dropout`(_ path: String) throws {
    let model = try ModelRun(path, batch: 3)
    #expect(try !model.program(isScoring: true).nodes.contains { $0.primitive is RandomNumbers })
  }

  @Test(arguments: configurations)
  func `scores a single example`(_ path: String) throws {
    let model = try ModelRun(path, batch: 1)
    let logits = try #require(try model.values(of: ["logits"], tile: 1)["logits"])
    #expect(!logits.isEmpty && logits.allSatisfy(\.isFinite))
  }
}

/// One model, its random inputs, and what its programs make of them.
struct ModelRun {
  let config: ModelConfig
  private let importer: GraphDefImporter
  private let batch: Int

  init(_ path: String, batch: Int) throws {
    config = try ModelConfig(contentsOf: path)
    importer = try GraphDefImporter(
      GraphFile.read(config.resolveGraphPath(workingDirectory: "/")).graph, config: config)
    self.batch = batch
  }

  func gradientsOfGraph(fixesBatch: Bool = false) throws -> [String: [Double]] {
    var request = request(config.dense.map { "d-" + $0 })
    request.fixesBatch = fixesBatch
    return try run(request, tile: nil)
  }

  func program(isScoring: Bool) throws -> Program {
    var request = request(["logits"])
    request.isScoring = isScoring
    return try importer.program(request)
  }

  func ourGradients() throws -> [String: [Double]] {
    var request = request(["loss"])
    request.gradients = config.dense
    request.densifiesGradients = true
    return try run(request, tile: max(3, batch / 3))
  }

  func values(of names: [String], tile: Int) throws -> [String: [Double]] {
    try run(request(names), tile: tile)
  }

  private func request(_ fetches: [String]) -> GraphDefImporter.Request {
    var request = GraphDefImporter.Request(fetches: fetches)
    request.precision = .float64
    return request
  }

  private func run(_ request: GraphDefImporter.Request, tile: Int?) throws -> [String: [Double]] {
    let program = try importer.program(request)
    let plan = try Plan(program, batch: batch, options: .init(lanes: 1, tile: tile))
    let executor = try Executor(plan, pool: LanePool(lanes: 1))
    var memory: [AlignedMemory] = []
    for (number, input) in program.inputs.enumerated() {
      let type = program.types[number]
      let dimensions = try #require(type.shape.dimensions(batch: batch))
      let values = numbers(input, dimensions)
      let owned = AlignedMemory(byteCount: max(8, 8 * values.count))
      memory.append(owned)
      switch type.dtype as DType {
      case .float64:
        let view = owned.view(of: Double.self, count: values.count)
        for (index, value) in values.enumerated() { view[index] = value }
        try executor.bind(TensorView(view, dimensions), to: number)
      case .int32:
        let view = owned.view(of: Int32.self, count: values.count)
        for (index, value) in values.enumerated() { view[index] = Int32(value) }
        try executor.bind(TensorView(view, dimensions), to: number)
      default: Issue.record("an input of type \(type)")
      }
    }
    try executor.run(seed: 5, step: 3)
    var results: [String: [Double]] = [:]
    for (number, output) in program.outputs.enumerated() {
      let view = executor.output(number)
      results[output.name] = view.dtype == .float64 ? view.scalars(Double.self).array : []
    }
    return withExtendedLifetime(memory) { results }
  }

  /// Small random parameters, ids that lie in the tables, pixels, and labels.
  private func numbers(_ input: Program.Input, _ dimensions: Dimensions) -> [Double] {
    var uniform = [Double](repeating: 0, count: dimensions.count)
    let stream = UInt64(input.name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFF)
    uniform.withMemoryView { Random.uniform(key: 1, stream: stream, into: $0) }
    switch (input.role, input.name) {
    case (.parameter, _): return uniform.map { $0 * 0.2 - 0.1 }
    case (.state, _): return uniform.map { _ in 0 }
    case (.data, "input_y"): return uniform.map { ($0 * Double(config.classCount ?? 2)).rounded(.down) }
    case (.data, _):
      guard config.classCount == nil else { return uniform }
      let fields = dimensions[1]
      return uniform.enumerated().map { Double(($0.offset % fields) << 10) + ($0.element * 1024).rounded(.down) }
    }
  }
}
