import GraphDefImport
import Kernels
import Serve
import TestSupport
import Testing

@Suite struct `A check of gradients` {
  private func findings(
    batch: Int? = nil, _ change: (inout GraphDef) -> Void = { _ in }
  ) throws -> [GradientCheck.Finding] {
    let config = try ModelConfig(contentsOf: SessionFixture.configPath)
    var graph = try GraphFile.read(config.resolveGraphPath(override: nil)).graph
    change(&graph)
    var options = GradientCheck.Options()
    options.batch = batch
    var check = try GradientCheck(Session(graph, config: config, pool: LanePool(lanes: 1)), options: options)
    return try check.run().findings
  }

  @Test(arguments: [1, 64]) func `passes for the small perceptron`(_ batch: Int) throws {
    let findings = try findings(batch: batch)
    #expect(findings.map(\.name) == SessionFixture.parameters)
    #expect(findings[0].shape == [20, 16])
    for finding in findings { #expect(finding.graphError != nil && finding.isWithin(1e-6), "\(finding)") }
  }

  @Test func `passes for tables, whose gradients are rows`() throws {
    var options = GradientCheck.Options()
    options.batch = 16
    var check = try GradientCheck(
      configPath: OnlearnProcess.packageFolder + "/Models/fm.json", pool: LanePool(lanes: 1), options: options)
    for finding in try check.run().findings { #expect(finding.isWithin(1e-4), "\(finding)") }
  }

  @Test func `feeds truth values where the graph asks for some`() throws {
    let findings = try findings { graph in
      graph.nodes.append(
        NodeDef("isOn", op: "Placeholder", attributes: ["dtype": .type(.bool), "shape": .shape([-1, 1])]))
      graph.nodes.append(NodeDef("twice", op: "AddV2", inputs: ["add", "add"]))
      for index in graph.nodes.indices where graph.nodes[index].name == "Relu" {
        graph.nodes[index].op = "SelectV2"
        graph.nodes[index].inputs = ["isOn", "add", "twice"]
      }
    }
    #expect(findings.allSatisfy { $0.finiteDifferenceError < 1e-6 })
  }

  @Test func `finds a gradient of the graph that is wrong`() throws {
    let findings = try findings { graph in
      for index in graph.nodes.indices where graph.nodes[index].name == "d-w1" {
        graph.nodes[index].op = "Identity"
        graph.nodes[index].inputs = ["w1/read"]
      }
    }
    #expect(findings.map { $0.isWithin(1e-4) } == [false, true, true, true])
    #expect(findings[0].finiteDifferenceError < 1e-6)
  }

  @Test func `tells gradients that the graph does not have, or has in another shape`() throws {
    let findings = try findings { graph in
      graph.nodes.removeAll { $0.name == "d-w1" || $0.name == "train_step" }
      for index in graph.nodes.indices where graph.nodes[index].name == "d-b1" {
        graph.nodes[index].op = "Identity"
        graph.nodes[index].inputs = ["w2/read"]
      }
    }
    #expect(findings.map { $0.graphError == nil } == [true, true, false, false])
    #expect(findings.allSatisfy { $0.isWithin(1e-6) })
  }

  @Test func `compares with the graph only at the batch size that the graph was made for`() throws {
    func fixBatch(_ graph: inout GraphDef) {
      for (name, width) in [("input_x", 20), ("input_y", 1)] {
        guard let index = graph.nodes.firstIndex(where: { $0.name == name }) else { continue }
        graph.nodes[index].attributes["shape"] = .shape([32, width])
      }
    }
    let exported = try findings(fixBatch)
    #expect(exported.allSatisfy { $0.graphError != nil && $0.isWithin(1e-6) })
    let other = try findings(batch: 7, fixBatch)
    #expect(other.allSatisfy { $0.graphError == nil && $0.isWithin(1e-6) })
  }
}
