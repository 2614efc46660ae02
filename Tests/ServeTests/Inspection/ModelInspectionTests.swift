import Graph
import GraphDefImport
import Kernels
import Serve
import TestSupport
import Testing

@Suite struct `An inspection` {
  private func inspection(
    batch: Int? = nil, denseShapes: [String: [Int]]? = nil, _ change: (inout GraphDef) -> Void = { _ in }
  ) throws -> ModelInspection {
    var config = try ModelConfig(contentsOf: SessionFixture.configPath)
    if let denseShapes { config.denseShapes = denseShapes }
    var builder = GraphDefBuilder()
    builder.graph = try GraphFile.read(config.resolveGraphPath(override: nil)).graph
    change(&builder.graph)
    let file = try GraphFile(decoding: builder.encoded(), path: "changed.pb")
    return try ModelInspection(file, config: config, batch: batch, lanes: 2)
  }

  @Test func `tells inputs, parameters, outputs and plan`() throws {
    let inspection = try inspection(batch: 7)
    #expect(inspection.inputs.map { "\($0.name) \($0.type!)" } == ["input_x float32[B, 20]", "input_y float32[B, 1]"])
    #expect(inspection.parameters.map(\.name) == SessionFixture.parameters)
    #expect(inspection.parameters.map(\.shape) == [[20, 16], [1, 16], [16, 5], [1, 5]])
    #expect(inspection.parameters.allSatisfy { $0.kind == .dense && $0.optimizer == "sgd:rate=0.05" })
    #expect(inspection.parameters[1].initializer == "zeros")
    #expect(inspection.weightCount == 421)
    #expect(inspection.outputs.map(\.name) == ["logits", "loss", "accuracy"])
    #expect(inspection.operations.first { $0.op == "MatMul" }?.needed == 2)
    #expect(inspection.unsupported.isEmpty && inspection.notices.isEmpty)
    let plan = try #require(inspection.plan)
    #expect(plan.batch == 7 && plan.operationCount > 7 * 2 * 2 * (20 * 16))
  }

  @Test func `tells that there are more weights than an integer counts`() throws {
    let shapes: [[Int]] = [[1 << 62, 4], [1 << 62, 1], [1 << 62, 0]]
    for (shape, count) in zip(shapes, [nil, 1 << 62, 0] as [Int?]) {
      let inspection = try inspection(denseShapes: [:]) { graph in
        for index in graph.nodes.indices where ["w1", "w2"].contains(graph.nodes[index].name) {
          graph.nodes[index].attributes["shape"] = .shape(TensorShapeProto(shape))
        }
      }
      #expect(inspection.parameters.map(\.count) == [count, 16, count, 5])
      #expect(inspection.weightCount == (count == 0 ? 21 : nil))
    }
  }

  @Test func `tells tables from dense parameters`() throws {
    let inspection = try ModelInspection(
      configPath: OnlearnProcess.packageFolder + "/Models/fm.json", lanes: 1)
    #expect(inspection.parameters.map(\.kind) == [.dense, .table, .table])
  }

  @Test func `names operations that are not supported instead of failing`() throws {
    let inspection = try inspection { graph in
      for index in graph.nodes.indices where graph.nodes[index].op == "Relu" { graph.nodes[index].op = "FancyRelu" }
    }
    #expect(inspection.unsupported.map(\.op) == ["FancyRelu"])
    #expect(inspection.plan == nil && inspection.program == nil)
    #expect(inspection.parameters.allSatisfy { $0.kind == .unknown && $0.shape != nil })
    #expect(inspection.inputs.allSatisfy { $0.type != nil })
  }

  @Test func `tells of an input that no batch has`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 2])
    graph.placeholder("input_y", .float, [-1, 1])
    graph.placeholder("rate", .float, [])
    let start = graph.constant("start", [2, 1], [2, 1])
    graph.variable("w", [2, 1], initialValue: start)
    graph.constant("axes", integers: [0, 1])
    graph.add("product", op: "MatMul", ["input_x", "w/read"], ["T": .type(.float)])
    graph.add("logits", op: "Mul", ["product", "rate"])
    graph.add("errors", op: "SquaredDifference", ["logits", "input_y"])
    graph.add("loss", op: "Mean", ["errors", "axes"])
    let config = ModelConfig(
      modelName: "m", dense: ["w"], observe: ["loss"], batchSize: 4, inputSize: [4, 2], outputSize: [4, 1])
    let file = try GraphFile(decoding: graph.encoded(), path: "m.pb")
    let inspection = try ModelInspection(file, config: config, lanes: 1)
    #expect(inspection.inputs.map(\.name) == ["input_x", "input_y", "rate"])
    #expect(inspection.notices.contains { $0.contains("needs the input 'rate'") && $0.contains("not trained") })
  }

  @Test func `tells what a graph lacks`() throws {
    let inspection = try inspection { graph in graph.nodes.removeAll { $0.name == "accuracy" } }
    #expect(inspection.outputs.map(\.name) == ["logits", "loss"])
    #expect(inspection.notices.contains { $0.contains("accuracy") })
  }
}
