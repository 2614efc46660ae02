import Kernels
import NIOCore
import PS
import Parameters
import TestSupport
import Testing
import Wire

@Suite struct `Every optimizer on a server` {
  /// Rows of different lengths, and how many random pushes.
  private static let rowLengths = [1, 8, 17]
  private static let pushes = Soak.volume(200, soak: 10_000)

  /// Pushes the same to a memory store.
  private func push(_ blocks: [TestPush], to store: MemoryStore) throws {
    var gradients = store.parameters.map { _ in Gradient.none }
    // The arrays are kept alive by the copies that outlive the exchange.
    var keyMemory: [[Int64]] = []
    var valueMemory: [[Float]] = []
    for block in blocks {
      switch block {
      case .dense(_, _, let values):
        keyMemory.append([])
        valueMemory.append(values)
      case .rows(_, let keys, let values):
        keyMemory.append(keys)
        valueMemory.append(values[0])
      }
    }
    let keys = keyMemory.map { AlignedMemory(copying: $0) }
    let values = valueMemory.map { AlignedMemory(copying: $0) }
    for (index, block) in blocks.enumerated() {
      let view = values[index].view(of: Float.self, count: valueMemory[index].count)
      switch block {
      case .dense(let tensor, _, _): gradients[tensor] = .dense(view)
      case .rows(let tensors, _, _):
        let rows = keys[index].view(of: Int64.self, count: keyMemory[index].count)
        gradients[tensors[0]] = .rows(keys: rows, values: view)
      }
    }
    _ = try withExtendedLifetime((keys, values)) {
      try store.exchange(push: ParameterGradients(gradients: gradients), pull: nil)
    }
  }

  /// What a memory store has, in the order of the schema.
  private func contents(of store: MemoryStore) throws -> [[UInt32]] {
    try store.tensors.map { try store.read($0.name).map(\.bitPattern) }
  }

  @Test(arguments: rowLengths)
  func `learns to the last bit like one in memory, and again when its log is replayed`(_ rowLength: Int) throws {
    let schema = TestModels.optimizers(rowLength: rowLength)
    let store = try MemoryStore(schema.parameters)
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    var generator = SplitMix64(seed: UInt64(rowLength))
    for _ in 0..<Self.pushes {
      let blocks = schema.randomPush(&generator)
      try push(blocks, to: store)
      try client.push(blocks)
    }
    let expected = try contents(of: store)
    #expect(try server.contents(of: schema, model: 1) == expected)
    #expect(try server.restarted().contents(of: schema, model: 1) == expected)
    #expect(store.version == UInt64(Self.pushes))
  }

  @Test(arguments: rowLengths)
  func `goes on alike when what it stored is put into another server`(_ rowLength: Int) throws {
    var schema = TestModels.optimizers(rowLength: rowLength)
    // A server that gets values counts its updates from 0.
    for index in schema.parameters.indices { schema.parameters[index].optimizer.schedule = LearningRateSchedule() }
    let (original, copy) = (try TestServer(), try TestServer())
    let (client, other) = (TestClient(original, id: 1), TestClient(copy, id: 1))
    try client.register(schema)
    var generator = SplitMix64(seed: 5)
    for _ in 0..<50 { try client.push(schema.randomPush(&generator)) }
    try other.register(schema, bringsValues: true)
    for (part, place) in schema.storedRanges {
      let values = try client.getValues(model: 1, [(part, place)])[0]
      try other.putValues([(part, place, values)], isLast: false)
    }
    try other.putValues([], isLast: true)
    for _ in 0..<100 {
      let blocks = schema.randomPush(&generator)
      try client.push(blocks)
      try other.push(blocks)
    }
    #expect(try original.contents(of: schema, model: 1) == copy.contents(of: schema, model: 1))
  }

  @Test(arguments: [2, 5])
  func `learns the same on several servers as on one`(_ shards: Int) throws {
    // Blocks of 16,384: the tensor has five, the last one short; clipping by norm would see each server's part.
    let schema = ModelSchema(
      name: "sharded",
      parameters: [Rule.Kind.adam, .momentum, .ftrl].map { kind in
        ParameterSpec(
          name: kind.name, shape: [70_000], optimizer: Optimizer(Rule(kind)),
          initialValues: .normal(mean: 0, deviation: 1, key: 1, stream: UInt64(kind.rawValue)))
      } + [
        ParameterSpec(
          name: "t", shape: [500, 3], kind: .table, optimizer: Optimizer(.lazyAdam(LazyAdam())),
          initialValues: .uniform(low: -1, high: 1, key: 2, stream: 2))
      ])
    let map = ShardMap(shards: shards)
    let store = try MemoryStore(schema.parameters)
    let clients = try (0..<shards).map { shard in
      var configuration = ServerCore.Configuration()
      configuration.shard = shard
      configuration.shards = shards
      let client = TestClient(try TestServer(configuration), id: 1)
      try client.register(schema)
      return client
    }
    var generator = SplitMix64(seed: 9)
    for _ in 0..<5 {
      let blocks = schema.randomPush(&generator)
      try push(blocks, to: store)
      for (shard, client) in clients.enumerated() { try client.push(blocks.flatMap { $0.parts(on: shard, map) }) }
    }
    var rows = 0
    for (shard, client) in clients.enumerated() {
      for (number, spec) in schema.parameters.enumerated() {
        let expected = try store.read(spec.name)
        guard spec.kind == .dense else {
          let keys = (0..<Int64(spec.rowCount)).filter { map.shard(ofSlot: ShardMap.slot(ofRow: UInt64($0))) == shard }
          rows += keys.count
          let values = try client.pull([.rows(tensors: [number], keys: keys)]).values[0]
          #expect(values == keys.flatMap { expected[Int($0) * 3..<Int($0) * 3 + 3] })
          continue
        }
        for range in map.ranges(ofTensor: number, count: spec.count, on: shard) {
          let values = try client.pull([.dense(tensor: number, first: range.lowerBound, count: range.count)]).values[0]
          #expect(values == Array(expected[range]))
        }
      }
    }
    #expect(rows == 500)
  }

  @Test func `takes only what belongs to its server`() throws {
    let schema = ModelSchema(
      name: "s",
      parameters: [
        ParameterSpec(name: "w", shape: [40_000]), ParameterSpec(name: "t", shape: [100, 1], kind: .table),
      ])
    let map = ShardMap(shards: 2)
    var configuration = ServerCore.Configuration()
    configuration.shards = 2
    let client = TestClient(try TestServer(configuration), id: 1)
    try client.register(schema)
    let foreign = try #require((0..<100).first { map.shard(ofSlot: ShardMap.slot(ofRow: UInt64($0))) == 1 })
    let block = try #require(map.ranges(ofTensor: 0, count: 40_000, on: 1).first)
    let wrong: [[TestPush]] = [
      [.rows(tensors: [1], keys: [Int64(foreign)], [[1]])], [.dense(tensor: 0, first: block.lowerBound, [1])],
      [.dense(tensor: 0, first: 0, [Float](repeating: 1, count: 40_000))],
    ]
    for push in wrong {
      let refusal = try #require(throws: Refusal.self) { try client.push(push) }
      #expect(refusal.code == .wrongShard && refusal.code.retry == .refreshMap)
      client.sequence -= 1
    }
    let pull: [TestPull] = [.dense(tensor: 0, first: block.lowerBound, count: 1)]
    #expect(try #require(throws: Refusal.self) { try client.pull(pull) }.code == .wrongShard)
    #expect(try client.push([]).reply.prefix.version == 1)
  }
}

extension TestPush {
  /// What of the push belongs to `shard`.
  fileprivate func parts(on shard: Int, _ map: ShardMap) -> [TestPush] {
    switch self {
    case .dense(let tensor, _, let values):
      return map.ranges(ofTensor: tensor, count: values.count, on: shard).map {
        .dense(tensor: tensor, first: $0.lowerBound, Array(values[$0]))
      }
    case .rows(let tensors, let keys, let values):
      let length = values[0].count / max(1, keys.count)
      let kept = keys.indices.filter { map.shard(ofSlot: ShardMap.slot(ofRow: UInt64(keys[$0]))) == shard }
      let rows = kept.flatMap { values[0][$0 * length..<($0 + 1) * length] }
      return [.rows(tensors: tensors, keys: kept.map { keys[$0] }, [rows])]
    }
  }
}

extension AlignedMemory {
  /// A copy of `scalars` that keeps its place.
  fileprivate convenience init<Scalar: BitwiseCopyable>(copying scalars: [Scalar]) {
    self.init(byteCount: scalars.count * MemoryLayout<Scalar>.stride)
    let view = view(of: Scalar.self, count: scalars.count)
    for index in scalars.indices { view[index] = scalars[index] }
  }
}
