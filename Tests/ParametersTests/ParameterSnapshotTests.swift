import Kernels
import Parameters
import Synchronization
import Testing

@Suite struct `A snapshot of parameters` {
  /// Every push subtracts one from every weight, so all weights of version *v* are −*v*.
  private let schema: [ParameterSpec]

  init() throws {
    schema = [
      ParameterSpec(name: "dense", shape: [40, 50], optimizer: .sgd(rate: 1)),
      ParameterSpec(
        name: "table", shape: [500, 3], kind: .table, optimizer: try Optimizer("momentum:rate=1,momentum=0")),
    ]
  }

  private final class Training: Sendable {
    let isDone = Atomic(false)
  }

  private static func push(to store: any ParameterStore) throws {
    var dense = [Float](repeating: 1, count: 2000)
    var keys = (0..<500).map(Int64.init)
    var rows = [Float](repeating: 1, count: 1500)
    try dense.withMemoryView { dense in
      try keys.withMemoryView { keys in
        try rows.withMemoryView { rows in
          let push = ParameterGradients(gradients: [.dense(dense), .rows(keys: keys, values: rows)])
          _ = try store.exchange(push: push, pull: nil)
        }
      }
    }
  }

  @Test func `holds all weights of one version while somebody trains`() async throws {
    let store = try MemoryStore(schema)
    let training = Training()
    try await withThrowingTaskGroup { group in
      group.addTask {
        for _ in 0..<300 { try Self.push(to: store) }
        training.isDone.store(true, ordering: .releasing)
      }
      group.addTask {
        var spare: ParameterSnapshot?
        while !training.isDone.load(ordering: .acquiring) {
          let snapshot = try store.snapshot(reusing: &spare)
          let expected = -Float(snapshot.version)
          for values in snapshot.values.parameters {
            for index in 0..<values.scalars.count { #expect(values.scalars[index] == expected) }
          }
          spare = snapshot
        }
      }
      try await group.waitForAll()
    }
    var none: ParameterSnapshot?
    #expect(try store.snapshot(reusing: &none).version == 300)
  }

  @Test func `keeps its values when the store changes, and its memory while somebody reads it`() throws {
    let store = try MemoryStore(schema)
    var none: ParameterSnapshot?
    let first = try store.snapshot(reusing: &none)
    try Self.push(to: store)
    var spare: ParameterSnapshot? = first
    let second = try store.snapshot(reusing: &spare)
    #expect(first.values.parameters[0].scalars[7] == 0)
    #expect(second.values.parameters[0].scalars[7] == -1)
    #expect(second.values.parameters[1].scalars[7] == -1)
  }
}
