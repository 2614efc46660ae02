import Foundation
import Kernels
package import Parameters

/// Weights and optimizer state after some of 1,000 steps of TensorFlow's own kernels, which
/// `ParametersTests/Fixtures/optimizers.py` wrote, and the gradients of these steps.
package struct OptimizerGolden: Sendable {
  /// What was trained.
  package enum Form: String, Sendable, CaseIterable {
    /// An array as a whole.
    case dense
    /// Rows of a table.
    case rows
  }

  /// The name of a case, such as `ftrl-l1-l2`.
  package let name: String
  /// Its optimizer.
  package let optimizer: Optimizer
  /// The steps after which TensorFlow's state is known, ascending.
  package let steps: [Int]

  private let file: SafetensorsFile

  private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ParametersTests/Fixtures/optimizers.safetensors").path

  /// The names of all cases.
  package static var names: [String] {
    (try? SafetensorsFile(path))?.header.metadata.map(\.key).filter { $0.hasPrefix("optimizer.") }
      .map { String($0.dropFirst("optimizer.".count)) } ?? []
  }

  /// The case `name`.
  package init(_ name: String) throws {
    self.name = name
    file = try SafetensorsFile(Self.path)
    guard let optimizer = file.header.metadata("optimizer.\(name)"), let steps = file.header.metadata("steps") else {
      throw Missing(name: name)
    }
    self.optimizer = try Optimizer(optimizer)
    self.steps = steps.split(separator: " ").compactMap { Int($0) }
  }

  private struct Missing: Error { let name: String }

  /// Whether TensorFlow trained that form.
  package func has(_ form: Form) -> Bool { file.header.entry(named: "\(name)/\(form)/weights") != nil }

  /// What is trained, called `name`.
  package func parameter(_ form: Form, name: String) -> ParameterSpec {
    switch form {
    case .dense: ParameterSpec(name: name, shape: [9, 5], optimizer: optimizer)
    case .rows: ParameterSpec(name: name, shape: [12, 5], kind: .table, optimizer: optimizer)
    }
  }

  /// The weights of a parameter of `count` before the first step.
  package static func start(_ count: Int) -> [Float] { values(1_000_000, 0..<count) }

  /// The dense parameter's gradient in `step`, counted from 1.
  package static func denseGradient(_ step: Int) -> [Float] { values(step, 0..<45) }

  /// The rows of the table that `step` touches, and their gradients.
  package static func rowGradient(_ step: Int) -> (keys: [Int64], values: [Float]) {
    let keys = (0..<Int64(12)).filter { bits(step, 100_000 + Int($0)) & 3 == 0 }
    return (keys, keys.flatMap { values(step, Int($0) * 5..<Int($0) * 5 + 5) })
  }

  /// What is wrong with `found`, which should be TensorFlow's `tensor` (`weights` or a slot) after `step`; nil if nothing
  /// is, or if the step is not among ``steps``.
  ///
  /// |a - b| ≤ 1e-6 · max|b|. Twice that where FTRL takes other powers than the root: TensorFlow's vectorised `pow` and
  /// the system's differ in the last bit, and the difference of two powers makes more of it.
  package func problem(_ found: [Float], _ form: Form, _ tensor: String, after step: Int) throws -> String? {
    guard let row = steps.firstIndex(of: step) else { return nil }
    var expected = [Float](repeating: 0, count: found.count)
    try expected.withMemoryView { try file.read("\(name)/\(form)/\(tensor)", from: row * found.count, into: $0) }
    let scale = expected.map(abs).max() ?? 0
    let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    guard error > (name == "ftrl-power" ? 2e-6 : 1e-6) * scale else { return nil }
    return "\(name), \(form), \(tensor) after \(step) steps: \(error) of \(scale)"
  }

  private static func bits(_ step: Int, _ index: Int) -> UInt64 {
    SplitMix64.mix(UInt64(step) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
  }

  private static func values(_ step: Int, _ range: Range<Int>) -> [Float] {
    range.map { Float(bits(step, $0) >> 40) * 0x1p-23 - 1 }
  }
}
