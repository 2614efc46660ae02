import Kernels
import Parameters

/// Random gradients of all dense tensors and of every other row of the tables, and a request for the same.
final class SyntheticGradients {
  private let memory: [AlignedMemory]
  private let gradients: ParameterGradients
  private let request: RowRequest

  /// Gradients of `parameters`, of `rows` rows of each table, in [-0.5, 0.5), decided by `seed`.
  init(_ parameters: [ParameterSpec], rows: Int, seed: UInt64 = 0) {
    let keyMemory = AlignedMemory(byteCount: rows * MemoryLayout<Int64>.stride)
    let keys = keyMemory.view(of: Int64.self, count: rows)
    for row in 0..<rows { keys[row] = Int64(2 * row) }
    var memory = [keyMemory]
    var generator = SplitMix64(seed: seed)
    gradients = ParameterGradients(
      gradients: parameters.map { spec in
        let count = spec.kind == .dense ? spec.count : rows * spec.rowLength
        let scalars = AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
        let view = scalars.view(of: Float.self, count: count)
        for index in 0..<count { view[index] = Float(generator.next() >> 40) * 0x1p-24 - 0.5 }
        memory.append(scalars)
        return spec.kind == .dense ? .dense(view) : .rows(keys: keys, values: view)
      })
    request = RowRequest(
      tables: parameters.indices.filter { parameters[$0].kind == .table }.map { .init(parameter: $0, keys: keys) })
    self.memory = memory
  }

  /// Pushes the gradients and pulls the values of what they are for.
  @discardableResult
  func exchange(with store: any ParameterStore) throws -> ParameterValues {
    try withExtendedLifetime(memory) { try store.exchange(push: gradients, pull: request) }
  }

  /// The sum of the values of what the gradients are for.
  func sum(of values: ParameterValues) -> Double {
    zip(gradients.gradients, values.parameters).reduce(0.0) { sum, pair in
      switch pair.0 {
      case .none: sum
      case .dense(let gradient): sum + Self.sum(of: pair.1.scalars[0..<gradient.count])
      case .rows(let keys, let gradient):
        (0..<keys.count).reduce(sum) { sum, row in
          let start = Int(keys[row]) * pair.1.rowStride
          return sum + Self.sum(of: pair.1.scalars[start..<start + gradient.count / keys.count])
        }
      }
    }
  }

  private static func sum(of scalars: MemoryView<Float>) -> Double {
    (0..<scalars.count).reduce(0.0) { $0 + Double(scalars[$1]) }
  }
}
