import Foundation
import TestSupport

/// A folder of its own for what a command writes, removed at the end.
final class CommandFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-e2e-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A source of `count` examples for the small perceptron, whose label is the place of the large features.
  func examples(_ count: Int) throws -> String {
    let file = "\(path)/examples.csv"
    let lines = (0..<count).map { example in
      let features = (0..<20).map { $0 % 5 == example % 5 ? "1.5" : "0.\(($0 * 7 + example * 3) % 10)" }
      return ([String(example % 5)] + features).joined(separator: ",")
    }
    try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    return "csv:\(file)?label=first"
  }

  /// The small perceptron's folder, from the package's.
  static let fixture = "Tests/Fixtures/mlp_small"
  /// The small perceptron's configuration.
  static let model = fixture + "/mlp_small.json"
}
