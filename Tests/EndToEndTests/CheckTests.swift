import Foundation
import GraphDefImport
import TestSupport
import Testing

@Suite struct `The check and inspect commands` {
  private struct Check: Decodable {
    struct Parameter: Decodable {
      var name: String
      var shape: [Int]
      var graph_error: Double?
      var finite_difference_error: Double
    }
    var passed: Bool
    var parameters: [Parameter]
  }

  /// The path of the small perceptron's graph after a change.
  private func graph(in folder: CommandFolder, _ change: (inout GraphDef) -> Void) throws -> String {
    var builder = GraphDefBuilder()
    builder.graph =
      try GraphFile.read("\(OnlearnProcess.packageFolder)/\(CommandFolder.fixture)/mlp_small.pb").graph
    change(&builder.graph)
    try Data(builder.encoded()).write(to: URL(fileURLWithPath: folder.path + "/changed.pb"))
    return folder.path + "/changed.pb"
  }

  @Test(arguments: [CommandFolder.model, "Models/mlp.json"])
  func `find the gradients of a perceptron right`(_ model: String) throws {
    let run = try OnlearnProcess.run(["check", model, "--json", "--batch", "16"])
    #expect(run.status == 0, "\(run.errors)")
    let check = try JSONDecoder().decode(Check.self, from: Data(run.output.utf8))
    #expect(check.passed && check.parameters.map(\.name) == ["w1", "b1", "w2", "b2"])
    #expect(check.parameters.allSatisfy { $0.graph_error! < 1e-4 && $0.finite_difference_error < 1e-4 })
  }

  @Test func `end with status 1 for a wrong gradient, and say which`() throws {
    let folder = try CommandFolder()
    let path = try graph(in: folder) { graph in
      for index in graph.nodes.indices where graph.nodes[index].name == "d-w2" {
        graph.nodes[index].op = "Identity"
        graph.nodes[index].inputs = ["w2/read"]
      }
    }
    let run = try OnlearnProcess.run(["check", CommandFolder.model, "--graph", path])
    #expect(run.status == 1)
    #expect(run.output.split(separator: "\n").count == 4)
    #expect(run.errors.contains("'w2'"))
  }

  @Test func `show a graph with operations that are not supported`() throws {
    let folder = try CommandFolder()
    let path = try graph(in: folder) { graph in
      for index in graph.nodes.indices where graph.nodes[index].op == "Relu" { graph.nodes[index].op = "FancyRelu" }
    }
    let page = try OnlearnProcess.run(["inspect", CommandFolder.model, "--graph", path])
    #expect(page.status == 0, "\(page.errors)")
    #expect(page.output.contains("(FancyRelu)"))
    let check = try OnlearnProcess.run(["check", CommandFolder.model, "--graph", path])
    #expect(check.status == 65 && check.errors.contains("FancyRelu"))
  }

  @Test func `print JSON and the program when asked`() throws {
    let run = try OnlearnProcess.run(["inspect", "Models/mlp.json", "--json", "--program"])
    #expect(run.status == 0, "\(run.errors)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["weights"] as? Int == 397_510)
    #expect((object["program"] as? String)?.contains("return loss") == true)
    #expect((object["plan"] as? [String: Any])?["batch"] as? Int == 1024)
  }

  /// Arguments that are wrong, and the status they are refused with.
  private static let refusals: [([String], Int32)] = [
    (["inspect", "nowhere.json"], 66), (["inspect", "README.md"], 65), (["check", "nowhere.json"], 66),
    (["check", "Models/mlp.json", "--batch", "0"], 64), (["inspect", "Models/mlp.json", "--batch", "0"], 64),
    (["check", "Models/mlp.json", "--batch", "10000000"], 65),
    (["inspect", "Models/mlp.json", "--graph", "nowhere.pb"], 66),
  ]

  @Test(arguments: refusals)
  func `refuse what is wrong with a status of its own`(_ arguments: [String], _ status: Int32) throws {
    let refused = try OnlearnProcess.run(arguments)
    #expect(refused.status == status, "\(refused.errors)")
    #expect(!refused.errors.isEmpty && !refused.errors.contains("Fatal error"))
  }
}
