import Foundation
import GraphDefImport
import Testing

@Suite struct `A bundled model` {
  /// The configurations in `Models`.
  static let configurations: [String] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Models").standardized.path()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { root + "/" + $0 }
  }()

  @Test(arguments: configurations)
  func `has a configuration that leads to its graph`(_ path: String) throws {
    let config = try ModelConfig(contentsOf: path)
    let graph = try GraphFile.read(config.resolveGraphPath(workingDirectory: "/")).graph
    let names = Set(graph.nodes.map(\.name))
    #expect(names.count == graph.nodes.count)
    for name in config.dense + config.gradients + config.observe + ["input_x", "input_y", "logits", "train_step"] {
      #expect(names.contains(name), "\(name)")
    }
    for input in graph.nodes.flatMap(\.inputs) {
      let reference = try #require(InputReference(parsing: input), "\(input)")
      #expect(names.contains(reference.node), "\(reference)")
    }
  }

  @Test func `is there`() {
    #expect(!Self.configurations.isEmpty)
  }
}
