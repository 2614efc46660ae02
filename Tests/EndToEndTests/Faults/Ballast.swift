import Kernels
import PS
import Parameters
import TestSupport
import Transport

/// A model of any size on a parameter server, which random gradients fill.
struct Ballast: Sendable {
  /// The rows of its table.
  let rows: Int

  private static let name = "ballast"
  private static let rowLength = 64
  /// The rows of a push: 1 MiB of gradients.
  private static let rowsPerPush = 4096

  private var parameters: [ParameterSpec] {
    [
      ParameterSpec(
        name: "table", shape: [rows, Self.rowLength], kind: .table, optimizer: Optimizer(.adagrad(Adagrad()))),
      ParameterSpec(name: "dense", shape: [1000], optimizer: Optimizer(.momentum(Momentum()))),
    ]
  }

  /// Pushes gradients of rows in turn, so that a push makes about 2 MiB of state until all rows are there.
  func push(_ pushes: Int, to address: Address) async throws {
    try await Soak.onThread {
      let links = NetworkLinks([address], options: CountingWorkers.options)
      let store = try ParameterClient(parameters, name: Self.name, links: links)
      var random = SplitMix64(seed: 7)
      var values = (0..<Self.rowsPerPush * Self.rowLength).map { _ in Float.random(in: -1...1, using: &random) }
      try values.withMemoryView { values in
        for push in 0..<pushes {
          let first = push * Self.rowsPerPush % rows
          let count = min(Self.rowsPerPush, rows - first)
          var keys = (first..<first + count).map { Int64($0) }
          try keys.withMemoryView { keys in
            let gradients: [Gradient] = [
              .rows(keys: keys, values: values[0..<count * Self.rowLength]), .dense(values[0..<1000]),
            ]
            _ = try store.exchange(push: .init(gradients: gradients), pull: nil)
          }
        }
      }
    }
  }

  /// Weights and optimizer state as a server has them, bit by bit.
  static func contents(at address: Address) async throws -> [[UInt32]] {
    try await Soak.onThread {
      let links = NetworkLinks([address], options: CountingWorkers.options)
      let store = try ParameterClient(reading: name, links: links)
      return try store.tensors.map { try store.read($0.name).map(\.bitPattern) }
    }
  }
}
