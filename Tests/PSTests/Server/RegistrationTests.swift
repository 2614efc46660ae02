import Kernels
import NIOCore
import PS
import Parameters
import TestSupport
import Testing
import Wire

@Suite struct `Registering` {
  private let schema = TestModels.small()

  @Test(arguments: 0..<UInt64(Soak.volume(20, soak: 1000)))
  func `at once gives 64 clients one model with the same initial values, of which none counts as a gradient`(
    _ seed: UInt64
  ) throws {
    let server = try TestServer()
    var generator = SplitMix64(seed: seed)
    var clients = (1...64).map { TestClient(server, id: $0) }
    clients.shuffle(using: &generator)
    var replies: [RegisterReply] = []
    var values: Set<[Float]> = []
    for client in clients {
      replies.append(try client.register(schema))
      // Everybody pushes into a row of its own before the next one comes.
      let pulled = try client.pull([.rows(tensors: [2], keys: [99])]).values[0]
      values.insert(pulled)
      let key = Int64(try #require(clients.firstIndex { $0 === client }))
      try client.push([.rows(tensors: [1], keys: [key], [[1]])])
    }
    #expect(replies.filter(\.isCreated).count == 1)
    #expect(Set(replies.map(\.model)) == [1] && Set(replies.map(\.schemaHash)) == [schema.hash])
    #expect(values.count == 1)
    let all = try clients[0].pull([.rows(tensors: [1], keys: (0..<100).map { $0 })])
    #expect(all.values[0] == (0..<100).map { $0 < 64 ? -1 : 0 })
    #expect(all.reply.prefix.version == 64)
  }

  @Test func `another schema under the same name is refused`() throws {
    let client = TestClient(try TestServer(), id: 1)
    let first = try client.register(schema)
    var other = schema
    other.parameters[0].shape = [3, 2]
    let refusal = try #require(throws: Refusal.self) { try client.register(other) }
    #expect(refusal.code == .schemaConflict && refusal.detail == first.schemaHash)
    other.name = "other"
    #expect(try client.register(other).model == 2)
    #expect(try client.register(schema).model == 1)
  }

  @Test func `another schema is told what the registered one has`() throws {
    let client = TestClient(try TestServer(), id: 1)
    try client.register(schema)
    func refusal(_ change: (inout ModelSchema) -> Void) throws -> String {
      var other = schema
      change(&other)
      let refusal = try #require(throws: Refusal.self) { try client.register(other) }
      return refusal.text
    }
    let name = schema.parameters[0].name
    #expect(try refusal { $0.parameters[0].shape += [7] }.contains("'\(name)' has the shape"))
    #expect(try refusal { $0.parameters[0].isFrozen = true }.contains("'\(name)' is trained"))
    #expect(try refusal { $0.parameters[0].initialValues = .constant(9) }.contains("'\(name)' started otherwise"))
    #expect(try refusal { $0.parameters[0].name = "strange" }.contains("tensors are '\(name)'"))
    #expect(try refusal { $0.consistency = .stale(7) }.contains("keep in step as \(schema.consistency)"))
    #expect(try refusal { $0.parameters[0].optimizer = .sgd(rate: 9) }.contains("is trained by"))
  }

  @Test func `reading creates no row, and gives what a memory store starts with`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    let values = try client.pull([.rows(tensors: [2], keys: (0..<100).map { $0 })]).values[0]
    #expect(try values == MemoryStore(schema.parameters).read("deep"))
    #expect(Set(values).count > 300)
    #expect(try server.figure("model.m.rows") == 0)
  }

  @Test(arguments: [[0, 4_294_967_295, 4_294_967_295], [0, 4_294_967_295], [1, 1 << 27], [4_294_967_295, 256]])
  func `a table whose rows no memory or message can have is refused`(_ shape: [Int]) throws {
    let client = TestClient(try TestServer(), id: 1)
    let table = ParameterSpec(name: "t", shape: shape, kind: .table, optimizer: Optimizer(.adagrad(Adagrad())))
    let refusal = try #require(throws: Refusal.self) {
      try client.register(ModelSchema(name: "m", parameters: [table]))
    }
    #expect(refusal.code == .limit)
  }

  @Test func `a model of whoever chose an optimizer that may make NaN is kept as it is`() throws {
    var rule = LazyAdam()
    rule.epsilon = 0
    let table = ParameterSpec(name: "t", shape: [4, 2], kind: .table, optimizer: Optimizer(.lazyAdam(rule)))
    let client = TestClient(try TestServer.logged(), id: 1)
    try client.register(ModelSchema(name: "m", parameters: [table]))
    try client.push([.rows(tensors: [0], keys: [1], [[1, 2]])])
    #expect(try client.server.restarted().figure("model.m.rows") == 1)
  }

  @Test func `a table trained by an optimizer that updates every row is refused`() throws {
    let client = TestClient(try TestServer(), id: 1)
    var wrong = schema
    wrong.parameters[1].optimizer = Optimizer(.adam(Adam()))
    let refusal = try #require(throws: Refusal.self) { try client.register(wrong) }
    #expect(refusal.code == .limit && refusal.text.contains("lazy_adam"))
  }

  @Test func `a model that cannot be kept is refused`() throws {
    let client = TestClient(try TestServer(), id: 1)
    for shape in [[1 << 31, 1 << 31], [1 << 32 - 1, 1 << 32 - 1, 1 << 32 - 1], [1 << 30, 1 << 10]] {
      for kind in [ParameterSpec.Kind.dense, .table] {
        var wrong = schema
        wrong.parameters[0].shape = shape
        wrong.parameters[0].kind = kind
        #expect(try #require(throws: Refusal.self) { try client.register(wrong) }.code == .limit)
      }
    }
    var twice = schema
    twice.parameters[1].name = "w"
    #expect(try #require(throws: Refusal.self) { try client.register(twice) }.code == .limit)
    var configuration = ServerCore.Configuration()
    configuration.modelLimit = 1
    let other = TestClient(try TestServer(configuration), id: 1)
    try other.register(schema)
    #expect(try #require(throws: Refusal.self) { try other.register(TestModels.small(name: "b")) }.code == .limit)
  }

  @Test func `a limit of a norm is refused where servers have parts of the gradient`() throws {
    var limited = Optimizer.sgd(rate: 1)
    limited.clipping.norm = 1
    func schema(_ spec: ParameterSpec) -> ModelSchema { ModelSchema(name: "m", parameters: [spec]) }
    let table = ParameterSpec(name: "t", shape: [100, 2], kind: .table, optimizer: limited)
    let long = ParameterSpec(name: "w", shape: [20_000], optimizer: limited)
    let short = ParameterSpec(name: "b", shape: [16_384], optimizer: limited)
    for spec in [table, long, short] {
      for shards in 1...2 {
        var configuration = ServerCore.Configuration()
        configuration.shards = shards
        let client = TestClient(try TestServer(configuration), id: 1, role: .admin)
        guard shards > 1, spec.name != "b" else {
          try client.register(schema(spec))
          continue
        }
        let refusal = try #require(throws: Refusal.self) { try client.register(schema(spec)) }
        #expect(refusal.code == .limit && refusal.text.contains("clip_norm"))
        var free = spec
        free.optimizer = .sgd(rate: 1)
        try client.register(schema(free))
        #expect(throws: Refusal.self) {
          try client.setHyperparameters(SetHyperparametersRequest(tensor: 0, values: [(.clipNorm, 1)]))
        }
      }
    }
  }

  @Test func `a model that does not fit beside the others is refused, and takes no memory`() throws {
    var configuration = ServerCore.Configuration()
    configuration.memoryLimit = 10 << 20
    let server = try TestServer(configuration)
    let client = TestClient(server, id: 1)
    func model(_ name: String, _ count: Int, _ optimizer: Optimizer) -> ModelSchema {
      ModelSchema(name: name, parameters: [ParameterSpec(name: "w", shape: [count], optimizer: optimizer)])
    }
    try client.register(model("a", 1 << 20, .sgd(rate: 1)))
    // Adam keeps two more numbers for each, and two for all.
    let refusal = try #require(throws: Refusal.self) {
      try client.register(model("b", 1 << 20, Optimizer(.adam(Adam()))))
    }
    #expect(refusal.code == .limit && refusal.text.contains("need 13 MiB of a server that has 6 MiB left"))
    #expect(throws: Refusal.self) { try client.register(model("c", 1 << 31, .sgd(rate: 1))) }
    try client.register(model("d", 1 << 20, .sgd(rate: 1)))
    #expect(try server.figure("state.bytes") == Double(8 << 20))
  }

  @Test func `a table of more rows than memory holds takes memory for those that are pushed`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1)
    let huge = ModelSchema(
      name: "huge",
      parameters: [ParameterSpec(name: "t", shape: [1 << 31, 8], kind: .table, optimizer: .sgd(rate: 1))])
    try client.register(huge)
    let row = [Float](repeating: 1, count: 8)
    let keys: [Int64] = [0, 1 << 30, 1 << 31 - 1]
    try client.push([.rows(tensors: [0], keys: keys, [row + row + row])])
    #expect(try client.pull([.rows(tensors: [0], keys: [1 << 30])]).values == [row.map { -$0 }])
    #expect(try server.figure("model.huge.rows") == 3)
  }

  @Test func `a model with values to come keeps others waiting until they are there`() throws {
    let server = try TestServer()
    let (bringer, other) = (TestClient(server, id: 1), TestClient(server, id: 2))
    #expect(try bringer.register(schema, bringsValues: true).expectsValues)
    #expect(try !other.register(schema, bringsValues: true).expectsValues)
    for attempt in [{ _ = try other.push([]) }, { _ = try other.pull([]) }] {
      let refusal = try #require(throws: Refusal.self) { try attempt() }
      #expect(refusal.code == .modelInitialising && refusal.code.retry == .sameRequest)
    }
    other.sequence -= 1
    try bringer.putValues([(0, .elements(tensor: 0, 0..<6), [1, 2, 3, 4, 5, 6])], isLast: false)
    try bringer.putValues(
      [(0, .rows(tensor: 1, [4, 7]), [8, 9]), (0, .elements(tensor: 3, 1..<2), [5])], isLast: true)
    let pulled = try other.pull([
      .dense(tensor: 0, first: 0, count: 6), .rows(tensors: [1], keys: [4, 5, 7]),
      .dense(tensor: 3, first: 0, count: 2),
    ])
    #expect(pulled.values == [[1, 2, 3, 4, 5, 6], [8, 0, 9], [7, 5]])
    #expect(pulled.reply.prefix.version == 0)
    #expect(try #require(throws: Refusal.self) { try bringer.putValues([], isLast: true) }.code == .forbidden)
    try other.push([])
  }

  @Test(arguments: [true, false])
  func `values whose client is gone are discarded, and another client brings them`(_ restarts: Bool) throws {
    var server = try TestServer.logged()
    let (bringer, other) = (TestClient(server, id: 1), TestClient(server, id: 2))
    try bringer.register(schema, bringsValues: true)
    try bringer.putValues([(0, .rows(tensor: 1, [1]), [5])], isLast: false)
    server.pass(.seconds(29))
    #expect(try !other.register(schema, bringsValues: true).expectsValues)
    server.pass(.seconds(1))
    #expect(try !TestClient(server, id: 3).register(schema).expectsValues)
    #expect(try other.register(schema, bringsValues: true).expectsValues)
    let refusal = try #require(throws: Refusal.self) { try bringer.putValues([], isLast: true) }
    #expect(refusal.code == .modelInitialising)
    if restarts {
      server = try server.restarted()
      other.reconnect(to: server)
    }
    try other.putValues([(0, .rows(tensor: 1, [2]), [6])], isLast: true)
    #expect(try other.pull([.rows(tensors: [1], keys: [1, 2])]).values == [[0, 6]])
  }

  @Test func `a model whose values nobody brings any more says so at once, until somebody brings them`() throws {
    let server = try TestServer()
    let (bringer, other) = (TestClient(server, id: 1), TestClient(server, id: 2, role: .admin))
    try bringer.register(schema, bringsValues: true)
    try other.register(schema)
    func refusals() throws -> [Refusal] {
      let attempts: [() throws -> Void] = [
        { _ = try other.push([]) }, { try other.putValues([], isLast: false) }, { _ = try other.pull([]) },
        { _ = try other.getValues(model: 1, [(0, .elements(tensor: 0, 0..<6))]) },
      ]
      let sequence = other.sequence
      return try attempts.map { attempt in
        other.sequence = sequence
        return try #require(throws: Refusal.self) { try attempt() }
      }
    }
    server.pass(.seconds(29))
    #expect(try refusals().map(\.code) == [ErrorCode](repeating: .modelInitialising, count: 4))
    server.pass(.seconds(1))
    for refusal in try refusals() {
      #expect(refusal.code == .valuesMissing && refusal.code.retry == .never)
      #expect(refusal.text.contains("repeat its import"))
    }
    let again = TestClient(server, id: 3)
    #expect(try again.register(schema, bringsValues: true).expectsValues)
    #expect(try refusals().map(\.code) == [ErrorCode](repeating: .modelInitialising, count: 4))
    try again.putValues([], isLast: true)
    try other.push([])
  }

  @Test func `new values that do not fit or are not finite are refused`() throws {
    let client = TestClient(try TestServer(), id: 1, role: .admin)
    try client.register(schema)
    func refused(_ part: UInt32, _ place: TestPlace, _ values: [Float]) throws -> ErrorCode {
      try #require(throws: Refusal.self) { try client.putValues([(part, place, values)], isLast: false) }.code
    }
    #expect(try refused(0, .elements(tensor: 0, 5..<7), [1, 2]) == .shapeMismatch)
    #expect(try refused(1, .elements(tensor: 0, 0..<1), [1]) == .unknownTensor)
    #expect(try refused(256, .rows(tensor: 1, [0]), [1]) == .unknownTensor)
    #expect(try refused(0, .elements(tensor: 1, 0..<1), [1]) == .shapeMismatch)
    #expect(try refused(0, .rows(tensor: 1, [100]), [1]) == .shapeMismatch)
    #expect(try refused(0, .rows(tensor: 1, [2, 1]), [1, 1]) == .keysNotAscending)
    #expect(try refused(0, .rows(tensor: 1, [2]), [.nan]) == .notFinite)
    try client.putValues([(0, .rows(tensor: 1, [2]), [3])], isLast: false)
    #expect(try client.pull([.rows(tensors: [1], keys: [1, 2])]).values == [[0, 3]])
  }

  @Test func `a model is removed by an administrator, and may come again`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1, role: .admin)
    try client.register(schema)
    try client.push([.rows(tensors: [1], keys: [1], [[1]])])
    _ = try client.answer(to: client.send(.dropModel, client.nextMutation().payload))
    #expect(try #require(throws: Refusal.self) { try client.push([]) }.code == .unknownModel)
    let again = try client.register(schema)
    #expect(again.isCreated && again.model == 2)
    #expect(try client.pull([.rows(tensors: [1], keys: [1])]).values == [[0]])
  }

  @Test func `hyper-parameters change for the pushes that follow, and not for who registers again`() throws {
    let client = TestClient(try TestServer(), id: 1, role: .admin)
    try client.register(schema)
    try client.push([.rows(tensors: [1], keys: [1], [[1]])])
    try client.setHyperparameters(SetHyperparametersRequest(tensor: 1, values: [(.rate, 0.25), (.clipValue, 2)]))
    try client.push([.rows(tensors: [1], keys: [1, 2], [[1, 4]])])
    #expect(try client.pull([.rows(tensors: [1], keys: [1, 2])]).values == [[-1.25, -0.5]])
    #expect(try !client.register(schema).isCreated)
    let frame = try client.answer(to: client.send(.describeModel, DescribeRequest(name: "m").payload))
    #expect(try DescribeReply(reading: frame.payload).schema.parameters[1].optimizer.rate == 0.25)
    for (tensor, hyperparameter, value) in [(9, Hyperparameter.rate, Float(1)), (1, .rate, -1), (1, .beta1, 0.5)] {
      let request = SetHyperparametersRequest(tensor: tensor, values: [(hyperparameter, value)])
      let refusal = try #require(throws: Refusal.self) { try client.setHyperparameters(request) }
      #expect(refusal.code == (tensor == 9 ? .unknownTensor : .limit))
    }
  }

  @Test func `dense values that a client knows are left out of its answers until they change`() throws {
    let server = try TestServer()
    let client = TestClient(server, id: 1, role: .admin)
    try client.register(schema)
    let wanted: [TestPull] = [.dense(tensor: 0, first: 0, count: 6), .rows(tensors: [1], keys: [0])]
    let first = try client.pull(wanted)
    #expect(first.values.count == 2 && first.reply.revision != 0)
    #expect(try client.pull(wanted, known: first.reply.revision).values == [[0]])
    let rows = try client.pushPull([.rows(tensors: [1], keys: [0], [[1]])], wanted, known: first.reply.revision)
    #expect(rows.values == [[-1]])
    let dense = try client.pushPull([.dense(tensor: 0, first: 0, [1])], wanted, known: rows.reply.revision)
    #expect(dense.values == [[-1, 0, 0, 0, 0, 0], [-1]])
    try client.putValues([(0, .elements(tensor: 0, 0..<1), [9])], isLast: false)
    #expect(try client.pull(wanted, known: dense.reply.revision).values == [[9, 0, 0, 0, 0, 0], [-1]])
  }

  @Test func `dense values are sent again by a server that lost changes and counts others in their place`() throws {
    var configuration = ServerCore.Configuration()
    (configuration.durability, configuration.bootID) = (.everySecond, 1)
    let before = try TestServer(configuration)
    let client = TestClient(before, id: 1)
    try client.register(schema)
    let wanted: [TestPull] = [.dense(tensor: 0, first: 0, count: 6)]
    let known = try client.pushPull([.dense(tensor: 0, first: 0, [1])], wanted).reply.revision
    configuration.bootID = 2
    let after = try TestServer(configuration, log: before.log.dropLast())
    let other = TestClient(after, id: 2)
    try other.register(schema)
    try other.push([.dense(tensor: 0, first: 1, [2])])
    client.reconnect(to: after)
    #expect(try client.pull(wanted, known: known).values == [[0, -2, 0, 0, 0, 0]])
  }
}
