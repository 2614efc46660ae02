import Kernels
import Parameters
import TestSupport
import Testing

@Suite struct `A memory store` {
  private let contract = StoreContract { try MemoryStore($0) }

  @Test func `lends what was written and pushed`() throws { try contract.lendsWhatWasWrittenAndPushed() }

  @Test func `refuses a bad push as a whole`() throws { try contract.refusesAsAWhole() }

  @Test func `applies a stream once`() throws { try contract.appliesAStreamOnce() }

  @Test func `refuses a schema that it cannot keep`() throws {
    let twice = [
      ParameterSpec(name: "w", shape: [1], optimizer: Optimizer(.momentum(Momentum()))),
      ParameterSpec(name: "w/momentum", shape: [1]),
    ]
    #expect(throws: StoreError.self) { try MemoryStore(twice) }
    for shape in [[-1], [1 << 40, 1 << 40], [1 << 62, 0]] {
      #expect(throws: StoreError.self) { try MemoryStore([ParameterSpec(name: "w", shape: shape, kind: .table)]) }
    }
    #expect(throws: StoreError.self) { try MemoryStore([ParameterSpec(name: "w", shape: [], kind: .table)]) }
    #expect(throws: StoreError.self) { try MemoryStore([ParameterSpec(name: "", shape: [1])]) }
  }

  @Test func `lends its own memory`() throws {
    let store = try MemoryStore([ParameterSpec(name: "w", shape: [20])])
    let values = try store.exchange(push: nil, pull: nil)
    try store.write([Float](repeating: 3, count: 20), to: "w")
    #expect(values.parameters[0].scalars.array == [Float](repeating: 3, count: 20))
  }
}
