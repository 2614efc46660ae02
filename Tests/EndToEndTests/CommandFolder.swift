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

  /// The small perceptron's folder, from the package's.
  static let fixture = "Tests/Fixtures/mlp_small"
  /// The small perceptron's configuration.
  static let model = fixture + "/mlp_small.json"
}
