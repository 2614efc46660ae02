import Kernels
import PS
import Parameters
import Synchronization
import TestSupport
import Testing
import Wire

@Suite struct `A parameter client` {
  private func client(
    _ parameters: [ParameterSpec], shards: Int, faults: CoreLinks.Faults = .init(), seed: UInt64 = 1
  ) throws -> ParameterClient {
    try ParameterClient(parameters, name: "m", links: CoreLinks(shards: shards, seed: seed, faults: faults))
  }

  private func contract(_ shards: Int, _ faults: CoreLinks.Faults = .init()) -> StoreContract {
    StoreContract { try client($0, shards: shards, faults: faults) }
  }

  private static let lossy = CoreLinks.Faults(lostRequests: 0.1, lostReplies: 0.2)

  @Test(arguments: [Consistency.synchronous, .stale(1)])
  func `trains in step on shards that are in different clocks`(_ consistency: Consistency) throws {
    let links = CoreLinks(shards: 2)
    let parameters = [ParameterSpec(name: "w", shape: [4], optimizer: .sgd(rate: 1))]
    var options = ParameterClient.Options()
    (options.rank, options.consistency) = (0, consistency)
    _ = try ParameterClient(parameters, name: "m", links: links, options: options)
    // Shard 1 knows less, as after a power cut.
    for clock in 0..<UInt32(3) {
      var writer = MessageWriter()
      Mutation(sequence: 0, model: 1, clock: clock).write(to: &writer)
      _ = try links.call([ServerRequest(changing: .clock, writer.payload), nil])
    }
    let client = try ParameterClient(parameters, name: "m", links: links, options: options)
    // It does not wait for itself.
    _ = try client.exchange(push: nil, pull: RowRequest(tables: []))
    var gradient: [Float] = [1, 2, 3, 4]
    try gradient.withMemoryView { gradient in
      for _ in 0..<3 { _ = try client.exchange(push: .init(gradients: [.dense(gradient)]), pull: nil) }
    }
    #expect(try client.read("w") == [-3, -6, -9, -12])
  }

  @Test(arguments: [1, 2] as [UInt32])
  func `in lockstep ends the clocks that have ended on some shards only`(_ count: UInt32) throws {
    let links = CoreLinks(shards: 2)
    let parameters = [ParameterSpec(name: "w", shape: [4], optimizer: .sgd(rate: 1))]
    var options = ParameterClient.Options()
    (options.rank, options.consistency) = (0, .synchronous)
    _ = try ParameterClient(parameters, name: "m", links: links, options: options)
    for clock in 0..<count {
      var writer = MessageWriter()
      Mutation(sequence: 0, model: 1, clock: clock).write(to: &writer)
      _ = try links.call([ServerRequest(changing: .clock, writer.payload), nil])
    }
    _ = try ParameterClient(parameters, name: "m", links: links, options: options)
    var writer = MessageWriter()
    ReadPrefix(model: 1, isUnordered: true).write(to: &writer)
    writer.integer(UInt64(0))
    writer.count(0)
    let request = ServerRequest(reading: .pull, writer.payload)
    for answer in try links.call([request, request]) {
      var reader = MessageReader(try #require(answer).payload)
      #expect(try PullReply(from: &reader).prefix.minimumClock == count)
    }
  }

  @Test(arguments: [1, 2, 5]) func `lends what was written and pushed`(_ shards: Int) throws {
    try contract(shards).lendsWhatWasWrittenAndPushed()
    try contract(shards, Self.lossy).lendsWhatWasWrittenAndPushed()
  }

  @Test(arguments: [1, 2, 5]) func `refuses a bad push as a whole`(_ shards: Int) throws {
    try contract(shards).refusesAsAWhole()
  }

  @Test(arguments: [1, 2, 5]) func `applies a stream once`(_ shards: Int) throws {
    try contract(shards).appliesAStreamOnce()
    try contract(shards, Self.lossy).appliesAStreamOnce()
  }

  private static let schema = [
    ParameterSpec(
      name: "dense", shape: [200, 300], optimizer: Optimizer(.momentum(Momentum())),
      initialValues: .uniform(low: -1, high: 1, key: 1, stream: 1)),
    ParameterSpec(
      name: "a", shape: [500, 3], kind: .table, optimizer: Optimizer(.adagrad(Adagrad())),
      initialValues: .normal(mean: 0, deviation: 1, key: 1, stream: 2)),
    ParameterSpec(name: "b", shape: [500, 1], kind: .table, optimizer: .sgd(rate: 0.5)),
    ParameterSpec(name: "scalar", shape: [], optimizer: Optimizer(.adam(Adam()))),
  ]

  /// Pushes random gradients, with both tables read by the same rows, and pulls others.
  private func train(_ store: any ParameterStore, steps: Int, seed: UInt64) throws -> [Float] {
    var generator = SplitMix64(seed: seed)
    var seen: [Float] = []
    for _ in 0..<steps {
      var keys = (0..<Int64(500)).filter { _ in generator.next() % 8 == 0 }
      var next = (0..<Int64(500)).filter { _ in generator.next() % 8 == 0 }
      func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &generator) } }
      var (dense, a, b, scalar) = (random(60_000), random(3 * keys.count), random(keys.count), random(1))
      try keys.withMemoryView { keys in
        try next.withMemoryView { next in
          try dense.withMemoryView { dense in
            try a.withMemoryView { a in
              try b.withMemoryView { b in
                try scalar.withMemoryView { scalar in
                  let values = try store.exchange(
                    push: .init(gradients: [
                      .dense(dense), .rows(keys: keys, values: a), .rows(keys: keys, values: b), .dense(scalar),
                    ]), pull: RowRequest(tables: [.init(parameter: 1, keys: next), .init(parameter: 2, keys: next)]))
                  let all = values.parameters[0].scalars[0..<60_000].array
                  seen += all.suffix(10) + [all.reduce(0, +), values.parameters[3].scalars[0]]
                  for key in next.array.map(Int.init) {
                    for table in 1...2 {
                      let lent = values.parameters[table]
                      seen.append(lent.scalars[key * lent.rowStride])
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return seen
  }

  @Test(arguments: [1, 2, 3, 7]) func `is a memory store, bit for bit, on any number of servers`(_ shards: Int) throws {
    let memory = try MemoryStore(Self.schema)
    let remote = try client(Self.schema, shards: shards)
    #expect(try train(memory, steps: 20, seed: 5) == train(remote, steps: 20, seed: 5))
    #expect(try StoreContract.contents(of: memory) == StoreContract.contents(of: remote))
    #expect(memory.version == remote.version)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `applies each push once, however much the network loses`(_ seed: UInt64) throws {
    let memory = try MemoryStore(Self.schema)
    let remote = try client(Self.schema, shards: 2, faults: Self.lossy, seed: seed)
    #expect(try train(memory, steps: 10, seed: seed) == train(remote, steps: 10, seed: seed))
    #expect(try StoreContract.contents(of: memory) == StoreContract.contents(of: remote))
  }

  @Test func `refuses a tensor that has more rows than can be named`() throws {
    let error = try #require(throws: StoreError.self) {
      try client([ParameterSpec(name: "t", shape: [1 << 33, 1], kind: .table)], shards: 1)
    }
    guard case .invalidSchema("t", _) = error else { throw error }
  }

  @Test(arguments: [1, 2]) func `reads tables whose rows are empty`(_ shards: Int) throws {
    let schema = [
      ParameterSpec(name: "none", shape: [6, 0], kind: .table), ParameterSpec(name: "w", shape: [3]),
      ParameterSpec(name: "two", shape: [6, 2], kind: .table, initialValues: .constant(4)),
    ]
    let store = try client(schema, shards: shards)
    var keys = Array(0..<Int64(6))
    try keys.withMemoryView { keys in
      let values = try store.exchange(
        push: nil, pull: RowRequest(tables: [.init(parameter: 0, keys: keys), .init(parameter: 2, keys: keys)]))
      #expect(values.parameters[2].scalars.array == [Float](repeating: 4, count: 12))
    }
  }

  @Test func `pushes values that it was lent as they were when it was told to`() throws {
    let schema = [("a", 8), ("b", 16)].map { name, value in
      ParameterSpec(name: name, shape: [100_000], optimizer: .sgd(rate: 0.5), initialValues: .constant(value))
    }
    let store = try client(schema, shards: 3)
    let lent = try store.exchange(push: nil, pull: RowRequest(tables: [])).parameters.map(\.scalars)
    let values = try store.exchange(
      push: .init(gradients: [.dense(lent[1]), .dense(lent[0])]), pull: RowRequest(tables: []))
    #expect(Set(values.parameters[0].scalars.array) == [0])
    #expect(Set(values.parameters[1].scalars.array) == [12])
  }

  @Test func `keeps the dense values that it has if the beginning of an answer came and was wrong`() throws {
    let memory = try MemoryStore(Self.schema)
    let remote = try client(Self.schema, shards: 2, faults: .init(lostReplies: 0.7), seed: 3)
    _ = try (train(memory, steps: 1, seed: 1), train(remote, steps: 1, seed: 1))
    let expected = try memory.read("dense")
    var keys = Array(0..<Int64(500))
    try keys.withMemoryView { keys in
      for _ in 0..<20 {
        let values = try remote.exchange(push: nil, pull: RowRequest(tables: [.init(parameter: 1, keys: keys)]))
        #expect(values.parameters[0].scalars.array == expected)
      }
    }
  }

  /// Servers in memory, which for a while begin wrong answers and are gone.
  private final class BreakingLinks: ServerLinks {
    private let links = CoreLinks(shards: 2)
    private let isBroken = Mutex(false)

    var count: Int { links.count }
    var lostUpdates: UInt64 { links.lostUpdates }
    var payloadLimit: Int { links.payloadLimit }

    func name(of shard: Int) -> String { links.name(of: shard) }

    func breaking(_ body: () throws -> Void) rethrows {
      isBroken.withLock { $0 = true }
      defer { isBroken.withLock { $0 = false } }
      try body()
    }

    func call(
      _ requests: [ServerRequest?], showing arriving: @Sendable (ArrivingAnswer) -> Void
    ) throws(ClientError) -> [Frame?] {
      guard isBroken.withLock({ $0 }) else { return try links.call(requests, showing: arriving) }
      var writer = MessageWriter()
      PullReply(prefix: ReplyPrefix(version: 9, minimumClock: 0), revision: 9).write(to: &writer)
      writer.zeros(1000)
      for shard in 0..<count { arriving(ArrivingAnswer(shard: shard, requestID: 99, payload: writer.payload)) }
      throw .unavailable(server: "all", waited: .zero, lastProblem: "they are gone")
    }
  }

  @Test func `asks for dense values again if an answer that did not come whole was copied over them`() throws {
    let links = BreakingLinks()
    let store = try ParameterClient(Self.schema, name: "m", links: links)
    _ = try train(store, steps: 1, seed: 1)
    func dense() throws -> [Float] {
      try store.exchange(push: nil, pull: RowRequest(tables: [])).parameters[0].scalars.array
    }
    let expected = try dense()
    links.breaking { #expect(throws: ClientError.self) { _ = try train(store, steps: 1, seed: 2) } }
    #expect(try dense() == expected)
  }

  @Test func `reads and writes parts of every tensor, optimizer state included`() throws {
    let memory = try MemoryStore(Self.schema)
    let remote = try client(Self.schema, shards: 3)
    for tensor in memory.tensors where tensor.count > 4 {
      var part: [Float] = [7, 8, 9]
      for store in [memory as any ParameterStore, remote] {
        try part.withMemoryView { try store.write($0, to: tensor.name, at: 2) }
      }
      var (a, b) = ([Float](repeating: 0, count: 4), [Float](repeating: 0, count: 4))
      try a.withMemoryView { try memory.read(tensor.name, from: 1, into: $0) }
      try b.withMemoryView { try remote.read(tensor.name, from: 1, into: $0) }
      #expect(a == b, "\(tensor.name)")
    }
    #expect(try StoreContract.contents(of: memory) == StoreContract.contents(of: remote))
  }

  @Test(arguments: [1, 3]) func `reads and writes tensors that are larger than a message`(_ shards: Int) throws {
    let parameters = [
      ParameterSpec(name: "dense", shape: [40_000], optimizer: Optimizer(.momentum(Momentum()))),
      ParameterSpec(name: "narrow", shape: [20_000, 1], kind: .table),
      ParameterSpec(name: "wide", shape: [50, 5_000], kind: .table),
    ]
    let links = CoreLinks(shards: shards, payloadLimit: 1 << 16)
    let store = try ParameterClient(parameters, name: "m", links: links)
    for tensor in store.tensors {
      let values = (0..<tensor.count).map { Float($0 % 1000) }
      try store.write(values, to: tensor.name)
      #expect(try store.read(tensor.name) == values)
    }
  }

  @Test(arguments: [1, 3]) func `lends all rows of tables that are larger than a message`(_ shards: Int) throws {
    let parameters = [
      ParameterSpec(name: "dense", shape: [10_000], initialValues: .constant(1)),
      ParameterSpec(name: "table", shape: [4_000, 50], kind: .table, initialValues: .constant(2)),
    ]
    let links = CoreLinks(shards: shards, payloadLimit: 1 << 16)
    let store = try ParameterClient(parameters, name: "m", links: links)
    let lent = try store.exchange(push: nil, pull: .everything).parameters
    #expect(Set(lent[0].scalars.array) == [1] && Set(lent[1].scalars.array) == [2])
  }

  @Test func `brings a new model's values, and finds those of one that is there`() throws {
    let links = CoreLinks(shards: 2, role: .worker)
    let parameters = [
      ParameterSpec(name: "w", shape: [40_000]), ParameterSpec(name: "t", shape: [9, 2], kind: .table),
    ]
    let w = (0..<40_000).map(Float.init)
    let t = (0..<18).map(Float.init)
    let first = try ParameterClient(parameters, name: "m", links: links, values: [("w", w), ("t", t)])
    #expect(try first.read("w") == w)
    #expect(try first.read("t") == t)
    let second = try ParameterClient(
      parameters, name: "m", links: links, values: [("w", [Float](repeating: 0, count: 40_000))])
    #expect(try second.read("w") == w)
  }

  @Test func `changes hyper-parameters while training`() throws {
    let memory = try MemoryStore(Self.schema)
    let remote = try client(Self.schema, shards: 2)
    for store in [memory as any ParameterStore, remote] {
      var momentum = Momentum()
      momentum.rate = 0.25
      try store.setOptimizer(Optimizer(.momentum(momentum)), of: 0)
      _ = try train(store, steps: 3, seed: 9)
    }
    #expect(try StoreContract.contents(of: memory) == StoreContract.contents(of: remote))
    #expect(throws: StoreError.self) { try remote.setOptimizer(.sgd(rate: 1), of: 0) }
  }

  @Test func `says so if the server has forgotten the model`() throws {
    let links = CoreLinks()
    let remote = try ParameterClient(Self.schema, name: "m", links: links)
    _ = try train(remote, steps: 2, seed: 1)
    links.forget(0)
    #expect(throws: ClientError.forgotten(server: "server 0", model: "m")) { try train(remote, steps: 1, seed: 1) }
    #expect(remote.lostUpdates > 0)
  }

  @Test func `does not begin the part of a model anew that one of its servers has forgotten`() throws {
    let links = CoreLinks(shards: 3)
    _ = try train(ParameterClient(Self.schema, name: "m", links: links), steps: 2, seed: 1)
    links.forget(1)
    for _ in 0..<2 {
      #expect(throws: ClientError.forgotten(server: "server 1", model: "m")) {
        try ParameterClient(Self.schema, name: "m", links: links)
      }
    }
    #expect(throws: ClientError.self) { try ParameterClient(reading: "m", links: links) }
  }

  @Test func `registers a model with servers that lack it as long as nothing was learned`() throws {
    let links = CoreLinks(shards: 2)
    var writer = MessageWriter()
    Mutation(sequence: 0, model: 0).write(to: &writer)
    RegisterRequest(rank: nil, bringsValues: false, schema: ModelSchema(name: "m", parameters: Self.schema))
      .write(to: &writer)
    _ = try links.call([nil, ServerRequest(changing: .registerModel, writer.payload)])
    let (memory, remote) = (try MemoryStore(Self.schema), try ParameterClient(Self.schema, name: "m", links: links))
    #expect(try train(memory, steps: 2, seed: 1) == train(remote, steps: 2, seed: 1))
  }

  @Test func `names the model that another schema has`() throws {
    let links = CoreLinks()
    _ = try ParameterClient(Self.schema, name: "m", links: links)
    let error = #expect(throws: ClientError.self) {
      _ = try ParameterClient([ParameterSpec(name: "other", shape: [3])], name: "m", links: links)
    }
    guard case .refused(let refusal)? = error else { return }
    #expect(refusal.code == .schemaConflict)
  }
}
