import Foundation
import Testing

/// Numbers that TensorFlow computed: the lines of `Tests/Fixtures/scalars/values.txt`, which `export.py` there makes.
enum TensorFlowValues {
  private static let lines: [[Substring]] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/scalars/values.txt").standardized.path()
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { $0.split(separator: " ") }
  }()

  /// The operands and then the results of each case of `function` of numbers of `type`, such as `float64`.
  static func cases<Scalar: LosslessStringConvertible>(_ type: String, _ function: String) throws -> [[Scalar]] {
    let found = lines.filter { $0[0] == type && $0[1] == function }
    try #require(!found.isEmpty, "\(type) \(function)")
    return try found.map { line in
      try line.dropFirst(2).map { number in try #require(Scalar(String(number))) }
    }
  }
}
