import Kernels
import Parameters
import TestSupport
import Testing

/// The numbers that TensorFlow's kernels gave: `Fixtures/optimizers.py` made them.
private struct Golden: Sendable {
  static let path = fixture("optimizers.safetensors")
  static let denseShape = [9, 5]
  static let tableShape = [12, 5]

  let file: SafetensorsFile
  let steps: [Int]

  init() throws {
    file = try SafetensorsFile(Self.path)
    steps = try #require(file.header.metadata("steps")).split(separator: " ").map { try #require(Int($0)) }
  }

  /// Every optimizer in the file.
  static var cases: [String] {
    (try? SafetensorsFile(path))?.header.metadata.map(\.key).filter { $0.hasPrefix("optimizer.") }
      .map { String($0.dropFirst("optimizer.".count)) } ?? []
  }

  func optimizer(_ name: String) throws -> Optimizer {
    try Optimizer(try #require(file.header.metadata("optimizer.\(name)")))
  }

  static func bits(_ step: Int, _ index: Int) -> UInt64 {
    SplitMix64.mix(UInt64(step) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
  }

  static func values(_ step: Int, _ range: Range<Int>) -> [Float] {
    range.map { Float(bits(step, $0) >> 40) * 0x1p-23 - 1 }
  }
}

@Suite struct `Every update rule` {
  /// |a - b| ≤ 1e-6 · max|b|, over weights and slots.
  ///
  /// Twice that where FTRL takes other powers than the root: TensorFlow's vectorised `pow` and the system's differ in
  /// the last bit, and the difference of two powers makes more of it.
  private func tolerance(_ name: String) -> Float { name.hasPrefix("ftrl-power/") ? 2e-6 : 1e-6 }

  @Test func `is among those compared`() throws {
    let golden = try Golden()
    let kinds = try Golden.cases.map { try golden.optimizer($0).rule.kind }
    #expect(Set(kinds) == Set(Rule.Kind.allCases))
  }

  @Test(arguments: Golden.cases)
  func `equals TensorFlow's on a dense parameter`(_ name: String) throws {
    let golden = try Golden()
    let spec = ParameterSpec(name: "weights", shape: Golden.denseShape, optimizer: try golden.optimizer(name))
    try compare(golden, "\(name)/dense", spec) { step, store in
      var gradient = Golden.values(step, 0..<45)
      _ = try gradient.withMemoryView {
        try store.exchange(push: ParameterGradients(gradients: [.dense($0)]), pull: nil)
      }
    }
  }

  @Test(arguments: Golden.cases)
  func `equals TensorFlow's on rows of a table`(_ name: String) throws {
    let golden = try Golden()
    guard golden.file.header.entry(named: "\(name)/rows/weights") != nil else { return }
    let spec = ParameterSpec(
      name: "weights", shape: Golden.tableShape, kind: .table, optimizer: try golden.optimizer(name))
    try compare(golden, "\(name)/rows", spec) { step, store in
      var rows = (0..<Int64(12)).filter { Golden.bits(step, 100_000 + Int($0)) & 3 == 0 }
      var gradient = rows.flatMap { Golden.values(step, Int($0) * 5..<Int($0) * 5 + 5) }
      _ = try rows.withMemoryView { keys in
        try gradient.withMemoryView { values in
          try store.exchange(push: ParameterGradients(gradients: [.rows(keys: keys, values: values)]), pull: nil)
        }
      }
    }
  }

  private func compare(
    _ golden: Golden, _ name: String, _ spec: ParameterSpec, _ push: (Int, MemoryStore) throws -> Void
  ) throws {
    let store = try MemoryStore([spec])
    try store.write(Golden.values(1_000_000, 0..<spec.count), to: "weights")
    let tensors = store.tensors
    for step in 1...(golden.steps.last ?? 0) {
      try push(step, store)
      guard let row = golden.steps.firstIndex(of: step) else { continue }
      for tensor in tensors {
        let slot = tensor.name.split(separator: "/").last ?? ""
        var expected = [Float](repeating: 0, count: tensor.count)
        try expected.withMemoryView { try golden.file.read("\(name)/\(slot)", from: row * tensor.count, into: $0) }
        let found = try store.read(tensor.name)
        let scale = expected.map(abs).max() ?? 0
        let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(error <= tolerance(name) * scale, "\(tensor.name) after \(step) steps: \(error) of \(scale)")
      }
    }
  }
}
