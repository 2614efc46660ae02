import Kernels
import Parameters
import TestSupport
import Testing

@Suite struct `A memory store` {
  private let contract = StoreContract { try MemoryStore($0) }

  @Test func `lends what was written and pushed`() throws { try contract.lendsWhatWasWrittenAndPushed() }

  @Test func `refuses a bad push as a whole`() throws { try contract.refusesAsAWhole() }

  @Test func `applies a stream once`() throws { try contract.appliesAStreamOnce() }

  @Test func `goes on alike from a copy`() throws {
    try contract.continuesAlike { store, schema in
      let copy = try MemoryStore(schema)
      for tensor in store.tensors { try copy.write(store.read(tensor.name), to: tensor.name) }
      copy.restore(version: store.version, sourceOffsets: (store as! MemoryStore).sourceOffsets)
      return copy
    }
  }

  @Test func `gives rows their initial values when they are asked for, whatever the order`() throws {
    let spec = ParameterSpec(
      name: "t", shape: [5000, 3], kind: .table, optimizer: Optimizer(Rule(.adagrad)),
      initialValues: .truncatedNormal(mean: 1, deviation: 0.5, key: 4, stream: 9))
    var expected = [Float](repeating: 0, count: spec.count)
    expected.withMemoryView { spec.initialValues.fill($0, from: 0) }
    let store = try MemoryStore([spec])
    var keys: [Int64] = [3, 170, 4999]
    try keys.withMemoryView { keys in
      let values = try store.exchange(push: nil, pull: RowRequest(tables: [.init(parameter: 0, keys: keys)]))
      let table = values.parameters[0]
      for row in keys.array.map(Int.init) {
        let lent = table.scalars[row * table.rowStride..<row * table.rowStride + 3].array
        #expect(lent == Array(expected[row * 3..<row * 3 + 3]))
      }
    }
    #expect(try store.read("t") == expected)
    #expect(try store.read("t/accumulator") == [Float](repeating: 0.1, count: spec.count))
  }

  @Test func `keeps a rule but not its hyper-parameters`() throws {
    let store = try MemoryStore([ParameterSpec(name: "w", shape: [1], optimizer: .sgd(rate: 1))])
    try store.setOptimizer(.sgd(rate: 0.5), of: 0)
    #expect(store.parameters[0].optimizer.rate == 0.5)
    #expect(throws: StoreError.otherRule(parameter: "w", expected: "sgd", found: "adam")) {
      try store.setOptimizer(Optimizer(Rule(.adam)), of: 0)
    }
    #expect(throws: StoreError.unknownParameter(1)) { try store.setOptimizer(.sgd(rate: 1), of: 1) }
  }

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
