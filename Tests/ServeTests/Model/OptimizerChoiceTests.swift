import Files
import GraphDefImport
import Parameters
import Serve
import Synchronization
import TestSupport
import Testing

/// A graph whose `train_step` trains `w` at the rate that `rate` makes, and leaves `v` alone.
private struct RateGraph {
  var builder = GraphDefBuilder()
  var learningRate: Double? = 0.25

  init(op: String = "ApplyGradientDescent", accumulator: Float = 0.5, _ makeRate: (inout GraphDefBuilder) -> Void) {
    let zero = builder.constant("zero", [0], [4])
    for name in ["w", "v"] { builder.variable(name, [4], initialValue: zero) }
    builder.placeholder("input_x", .float, [-1, 4])
    builder.add("dw", op: "Mul", ["w/read", "input_x"])
    builder.constant("ten", [10])
    builder.constant("start", integers: [5])
    builder.variable("global_step", [], initialValue: "start", dataType: .int32)
    makeRate(&builder)
    if op == "ApplyGradientDescent" { builder.add("u", op: op, ["w", "rate", "dw"]) }
    if op == "ApplyAdagrad" {
      builder.variable("slot", [4], initialValue: builder.constant("slot/start", [accumulator], [4]))
      builder.add("u", op: op, ["w", "slot", "rate", "dw"])
    }
    if op == "ApplyMomentum" || op == "SparseApplyMomentum" {
      builder.variable("slot", [4], initialValue: builder.constant("slot/start", [1], [4]))
      builder.constant("momentum", [0.75])
      builder.constant("rows", integers: [0, 2])
      let gradient = op == "ApplyMomentum" ? ["dw"] : ["dw", "rows"]
      builder.add("u", op: op, ["w", "slot", "rate"] + gradient + ["momentum"])
    }
    if op == "ApplyAdadelta" { builder.add("u", op: op, ["w"]) }
    builder.constant("two", integers: [2])
    builder.add("train_step", op: "AssignAdd", ["global_step", "two", "^u"])
  }

  /// The rate is 0.5.
  static func constant(_ builder: inout GraphDefBuilder) { builder.constant("rate", [0.5]) }

  /// The rate is `global_step / 10`.
  static func scheduled(_ builder: inout GraphDefBuilder) {
    builder.add("steps", op: "Cast", ["global_step/read"], ["DstT": .type(.float)])
    builder.add("rate", op: "RealDiv", ["steps", "ten"])
  }

  /// The rate is fed.
  static func fed(_ builder: inout GraphDefBuilder) { builder.placeholder("rate", .float, []) }

  func choice(
    _ use: OptimizerChoice.Options.Use, learningRate: Double? = nil, optimizer: Optimizer? = nil,
    tables: Set<String> = []
  ) throws -> OptimizerChoice {
    let config = ModelConfig(
      modelName: "tiny", dense: ["w", "v"], observe: [], batchSize: 8, inputSize: [8, 4], outputSize: [8, 1],
      learningRate: self.learningRate)
    let importer = try GraphDefImporter(builder.graph, config: config)
    return try OptimizerChoice(
      importer, options: .init(use, learningRate: learningRate, optimizer: optimizer), tables: tables)
  }
}

/// A store that counts how often it is told an optimizer, and takes none while it refuses.
private final class ListeningStore: StandInStore {
  let base: any ParameterStore
  private let state = Mutex((count: 0, refuses: false))

  init(_ base: any ParameterStore) { self.base = base }

  var count: Int { state.withLock { $0.count } }

  func refuse(_ refuses: Bool) { state.withLock { $0.refuses = refuses } }

  func exchange(push: ParameterGradients?, pull: RowRequest?) throws -> ParameterValues {
    try base.exchange(push: push, pull: pull)
  }

  func setOptimizer(_ optimizer: Optimizer, of parameter: Int) throws {
    let refuses = state.withLock { state in
      state.count += 1
      return state.refuses
    }
    if refuses { throw StoreError.unknownParameter(parameter) }
    try base.setOptimizer(optimizer, of: parameter)
  }
}

@Suite struct `The choice of optimizers` {
  @Test func `is the graph's in TensorFlow's place and the configuration's in training`() throws {
    let graph = RateGraph(RateGraph.constant)
    let twin = try graph.choice(.twin)
    #expect(twin.optimizers[0] == .sgd(rate: 0.5))
    #expect(twin.frozen == ["v"])
    #expect(twin.notices.count == 2)
    #expect(!twin.isScheduled)
    #expect(try twin.makeSchedule() == nil)
    let training = try graph.choice(.training)
    #expect(training.optimizers[0] == .sgd(rate: 0.25))
    #expect(training.frozen == ["v"])
    #expect(training.notices.count == 2)
    for choice in [twin, training] {
      #expect(choice.notices.contains { $0.contains("0.5") && $0.contains("0.25") })
      #expect(choice.notices.contains { $0.contains("'v'") })
    }
  }

  @Test func `is quiet where graph and configuration agree or one is silent`() throws {
    var graph = RateGraph(RateGraph.constant)
    graph.learningRate = 0.5
    #expect(try graph.choice(.training).notices.count == 1)
    graph.learningRate = nil
    #expect(try graph.choice(.training).notices.count == 1)
    #expect(try graph.choice(.training).optimizers[0] == .sgd(rate: 0.5))
  }

  @Test func `is the user's before all else`() throws {
    let graph = RateGraph(RateGraph.constant)
    for use in [OptimizerChoice.Options.Use.twin, .training] {
      let rated = try graph.choice(use, learningRate: 0.125)
      #expect(rated.optimizers[0] == .sgd(rate: 0.125))
      #expect(rated.notices.count == 1)
      let chosen = try graph.choice(use, optimizer: Optimizer("adagrad:rate=0.75"))
      #expect(try chosen.optimizers == [Optimizer("adagrad:rate=0.75"), Optimizer("adagrad:rate=0.75")])
      #expect(chosen.frozen == ["v"])
      let both = try graph.choice(use, learningRate: 0.125, optimizer: Optimizer("adagrad:rate=0.75"))
      #expect(try both.optimizers[0] == Optimizer("adagrad:rate=0.125"))
    }
    #expect(throws: OptimizerError.self) { try graph.choice(.twin, learningRate: -1, optimizer: Optimizer("sgd")) }
    #expect(throws: OptimizerChoiceError.self) { try graph.choice(.twin, learningRate: .nan) }
  }

  @Test func `keeps the graph's rate where it is more than plain descent`() throws {
    let graph = RateGraph(op: "ApplyAdagrad", RateGraph.constant)
    #expect(try graph.choice(.training).optimizers[0] == Optimizer("adagrad:rate=0.5,initial=0.5"))
  }

  @Test func `starts accumulators where the graph does, also if it computes that`() throws {
    func choice(_ makeStart: (inout GraphDefBuilder) -> Void) throws -> OptimizerChoice {
      var graph = RateGraph(op: "ApplyAdagrad", RateGraph.constant)
      let start = try #require(graph.builder.graph.nodes.firstIndex { $0.name == "slot/start" })
      graph.builder.graph.nodes.remove(at: start)
      makeStart(&graph.builder)
      return try graph.choice(.twin)
    }
    let product = try choice { builder in
      builder.constant("ones", [1], [4])
      builder.constant("number", [0.75])
      builder.add("slot/start", op: "Mul", ["ones", "number"])
    }
    #expect(try product.optimizers[0] == Optimizer("adagrad:rate=0.5,initial=0.75"))
    let root = try choice { builder in
      builder.constant("sixteen", [16], [4])
      builder.add("slot/start", op: "Sqrt", ["sixteen"])
    }
    #expect(try root.optimizers[0] == Optimizer("adagrad:rate=0.5,initial=4"))
    let like = try choice { $0.add("slot/start", op: "OnesLike", ["w/read"]) }
    #expect(try like.optimizers[0] == Optimizer("adagrad:rate=0.5,initial=1"))
    #expect(![product, root, like].contains { $0.notices.contains { $0.contains("'slot'") } })
    for different in [
      try choice { $0.constant("slot/start", [1, 2, 3, 4], [4]) },
      try choice { $0.placeholder("slot/start", .float, [4]) },
    ] {
      #expect(different.notices.contains { $0.contains("'slot' does not start at one number") })
    }
  }

  @Test func `is no optimizer of the graph that would make NaN of a gradient of zero`() throws {
    let graph = RateGraph(op: "ApplyAdagrad", accumulator: 0, RateGraph.constant)
    #expect(throws: OptimizerChoiceError.value(variable: "w", .noDivisor(optimizer: "adagrad"))) {
      try graph.choice(.training)
    }
    #expect(try graph.choice(.training, optimizer: Optimizer("adagrad")).optimizers[0] == Optimizer("adagrad"))
  }

  @Test func `tells where a step differs from TensorFlow's`() throws {
    let graph = RateGraph(op: "ApplyMomentum", RateGraph.constant)
    let dense = try graph.choice(.twin)
    #expect(try dense.optimizers[0] == Optimizer("momentum:rate=0.5,momentum=0.75"))
    #expect(dense.notices.contains { $0.contains("'slot' starts at 1") })
    let rows = RateGraph(op: "SparseApplyMomentum", RateGraph.constant)
    let table = try rows.choice(.twin, tables: ["w"])
    #expect(table.notices == dense.notices)
    let whole = try rows.choice(.twin)
    #expect(whole.notices.count == table.notices.count + 1)
    #expect(whole.notices.contains { $0.contains("a step changes all rows of 'w'") })
  }

  @Test func `follows a schedule`() throws {
    let graph = RateGraph(RateGraph.scheduled)
    for use in [OptimizerChoice.Options.Use.twin, .training] {
      let choice = try graph.choice(use)
      #expect(choice.optimizers[0] == .sgd(rate: 0.5))
      let schedule = try #require(try choice.makeSchedule())
      #expect(try schedule.optimizers(afterStep: 0) == choice.optimizers)
      #expect(try schedule.optimizers(afterStep: 10) == [.sgd(rate: 2.5), choice.optimizers[1]])
    }
    #expect(try !graph.choice(.twin, learningRate: 1).isScheduled)
  }

  @Test func `is told to a store where it changes, and again until the store has taken it`() throws {
    let choice = try RateGraph(RateGraph.scheduled).choice(.training)
    let schedule = try #require(try choice.makeSchedule())
    let specs = zip(["w", "v"], choice.optimizers).map { ParameterSpec(name: $0, shape: [4], optimizer: $1) }
    let store = ListeningStore(try MemoryStore(specs))
    try schedule.apply(to: store, afterStep: 0)
    #expect(store.count == 0)
    store.refuse(true)
    for _ in 0..<2 { #expect(throws: StoreError.self) { try schedule.apply(to: store, afterStep: 10) } }
    store.refuse(false)
    for _ in 0..<2 { try schedule.apply(to: store, afterStep: 10) }
    #expect(store.count == 3 && store.parameters[0].optimizer == .sgd(rate: 2.5))
  }

  @Test func `is refused at every step that gives a hyper-parameter a value which it cannot have`() throws {
    let graph = RateGraph { builder in
      builder.add("steps", op: "Cast", ["global_step/read"], ["DstT": .type(.float)])
      builder.add("rate", op: "Sub", ["ten", "steps"])
    }
    let choice = try graph.choice(.training)
    #expect(choice.optimizers[0] == .sgd(rate: 5))
    let schedule = try #require(try choice.makeSchedule())
    for _ in 0..<2 { #expect(throws: OptimizerChoiceError.self) { try schedule.optimizers(afterStep: 10) } }
    #expect(try schedule.optimizers(afterStep: 2)[0] == .sgd(rate: 1))
  }

  @Test func `follows a conditional that chooses between constant rates by the step`() throws {
    let choice = try RateGraph { builder in
      builder.constant("limit", integers: [9])
      builder.add("is_early", op: "Less", ["global_step/read", "limit"])
      builder.add("switch", op: "Switch", ["is_early", "is_early"])
      for (branch, output, rate) in [("early", 1, 0.5), ("late", 0, 0.125)] as [(String, Int, Float)] {
        builder.add("\(branch)/pivot", op: "Identity", ["switch:\(output)"])
        let value = TensorProto(.float, [], .floats([rate]))
        builder.add(branch, op: "Const", ["^\(branch)/pivot"], ["dtype": .type(.float), "value": .tensor(value)])
      }
      builder.add("rate", op: "Merge", ["late", "early"])
    }.choice(.training)
    #expect(choice.optimizers[0] == .sgd(rate: 0.5))
    let schedule = try #require(try choice.makeSchedule())
    #expect(try schedule.optimizers(afterStep: 1)[0] == .sgd(rate: 0.5))
    #expect(try schedule.optimizers(afterStep: 2)[0] == .sgd(rate: 0.125))
  }

  @Test func `needs a rate that is known`() throws {
    let graph = RateGraph(RateGraph.fed)
    #expect(
      throws: OptimizerChoiceError.dependsOnData(variable: "w", .rate, tensor: "rate", .placeholder("rate"))
    ) { try graph.choice(.twin) }
    #expect(try graph.choice(.twin, learningRate: 1).optimizers[0] == .sgd(rate: 1))
    let training = try graph.choice(.training)
    #expect(training.optimizers[0] == .sgd(rate: 0.25))
    #expect(training.notices.contains { $0.contains("fed") })
  }

  @Test func `needs a rate that can be computed`() throws {
    let switched = RateGraph { builder in
      builder.add("rate", op: "Merge", ["ten", "ten"])
    }
    let error = #expect(throws: OptimizerChoiceError.self) { try switched.choice(.twin) }
    #expect(error?.description.contains("Merge") == true)
    #expect(error?.exitStatus == .badData)
    let vector = RateGraph { builder in
      builder.constant("rate", [1, 2], [2])
    }
    #expect(throws: OptimizerChoiceError.self) { try vector.choice(.twin) }
    let negative = RateGraph { builder in
      builder.constant("rate", [-1])
    }
    #expect(throws: OptimizerChoiceError.self) { try negative.choice(.twin) }
  }

  @Test func `needs a rule that is known, or the user's`() throws {
    let graph = RateGraph(op: "ApplyAdadelta", RateGraph.constant)
    let error = #expect(throws: OptimizerChoiceError.self) { try graph.choice(.twin) }
    #expect(error?.description.contains("ApplyAdadelta") == true)
    let choice = try graph.choice(.twin, optimizer: Optimizer("sgd:rate=1"))
    #expect(choice.optimizers[0] == .sgd(rate: 1))
    #expect(choice.frozen == ["v"])
  }

  @Test func `is gradient descent for a graph without train_step`() throws {
    var graph = RateGraph(RateGraph.constant)
    graph.builder.graph.nodes.removeLast()
    for use in [OptimizerChoice.Options.Use.twin, .training] {
      let choice = try graph.choice(use)
      #expect(choice.optimizers == [.sgd(rate: 0.25), .sgd(rate: 0.25)])
      #expect(choice.frozen.isEmpty)
      #expect(choice.trainStep == nil)
      #expect(choice.notices.count == 1)
    }
    #expect(try graph.choice(.twin, learningRate: 1).optimizers[0].rate == 1)
    graph.learningRate = nil
    let error = #expect(throws: OptimizerChoiceError.noLearningRate) { try graph.choice(.training) }
    #expect(error?.exitStatus == .usage)
    #expect(try graph.choice(.training, optimizer: Optimizer("adam")).optimizers[1] == Optimizer("adam"))
  }
}
