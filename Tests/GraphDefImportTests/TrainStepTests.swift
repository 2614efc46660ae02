import GraphDefImport
import TestSupport
import Testing

/// Builds graphs with the parameters `w` and `v`, their gradients `dw` and `dv`, and ways to train them.
struct TrainStepGraph {
  var builder = GraphDefBuilder()

  init() {
    let zero = builder.constant("zero", [0], [4])
    for name in ["w", "v"] { builder.variable(name, [4], initialValue: zero) }
    builder.placeholder("input_x", .float, [-1, 4])
    for name in ["w", "v"] { builder.add("d\(name)", op: "Mul", ["\(name)/read", "input_x"]) }
    builder.constant("rows", integers: [0, 2])
    builder.constant("rate", [0.5])
  }

  /// Adds a counter and the node `train_step`, which runs `nodes` and then counts.
  mutating func train(after nodes: [String]) {
    builder.constant("zero_steps", integers: [0])
    builder.variable("global_step", [], initialValue: "zero_steps", dataType: .int32)
    builder.add("update", op: "NoOp", nodes.map { "^" + $0 })
    let one = TensorProto(.int32, [], .int32s([1]))
    builder.add("one", op: "Const", ["^update"], ["dtype": .type(.int32), "value": .tensor(one)])
    builder.add("train_step", op: "AssignAdd", ["global_step", "one"])
  }

  func read(dense: [String] = ["w", "v"]) throws -> TrainStep? {
    let config = ModelConfig(
      modelName: "tiny", dense: dense, observe: [], batchSize: 8, inputSize: [8, 4], outputSize: [8, 1])
    return try GraphDefImporter(builder.graph, config: config).trainStep()
  }

  /// The problem that `node` is, trained alone.
  static func problem(
    _ op: String, _ operands: [String], _ attributes: AttributeMap = [:]
  ) throws -> TrainStepProblem.Reason? {
    var graph = TrainStepGraph()
    graph.builder.add("update_w", op: op, operands, attributes)
    graph.train(after: ["update_w"])
    let step = try graph.read()
    #expect(step?.updates.isEmpty == true)
    #expect(step?.problems.first?.node == "update_w")
    return step?.problems.first?.reason
  }
}

@Suite struct `The node train_step` {
  @Test func `is followed over data and order`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("update_w", op: "ApplyGradientDescent", ["w", "rate", "dw"])
    graph.builder.add("step", op: "Mul", ["dv", "rate"])
    graph.builder.add("update_v", op: "ScatterSub", ["v", "rows", "step"])
    graph.train(after: ["update_w", "update_v"])
    let step = try #require(try graph.read(dense: ["v", "w"]))
    #expect(step.problems.isEmpty)
    #expect(step.counters == [TrainStep.Counter("global_step", increment: 1)])
    #expect(step.updates.map(\.variable) == ["v", "w"])
    #expect(step.updates.map(\.node) == ["update_v", "update_w"])
    #expect(step.updates.map(\.isSparse) == [true, false])
    #expect(step.updates.map(\.gradient) == [InputReference("dv"), InputReference("dw")])
    for update in step.updates {
      #expect(update.rule == .gradientDescent)
      #expect(update.hyperparameters == [.rate: TrainStep.Source(InputReference("rate"))])
    }
  }

  @Test func `may be missing`() throws {
    #expect(try TrainStepGraph().read() == nil)
  }

  @Test func `may leave parameters alone`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("update_w", op: "ResourceApplyGradientDescent", ["w", "rate", "dw"])
    graph.builder.add("average", op: "Assign", ["v", "dv"])
    graph.train(after: ["update_w", "average"])
    let step = try #require(try graph.read(dense: ["w"]))
    #expect(step.updates.map(\.variable) == ["w"])
    #expect(step.problems.isEmpty)
  }

  /// TensorFlow's update operations, their inputs behind the variable as its registry has them.
  static let operations: [(name: String, inputs: String, rule: TrainStep.Rule, hasSparseForm: Bool)] = [
    ("GradientDescent", "rate grad", .gradientDescent, false),
    ("Momentum", "slot:momentum rate grad momentum", .momentum, true),
    ("Adagrad", "slot:accumulator rate grad", .adagrad, true),
    ("AdagradV2", "slot:accumulator rate epsilon grad", .adagrad, true),
    ("Adam", "slot:m slot:v power power rate beta1 beta2 epsilon grad", .adam, false),
    ("Ftrl", "slot:accumulator slot:linear grad rate l1 l2 power", .ftrl, true),
    ("FtrlV2", "slot:accumulator slot:linear grad rate l1 l2 shrinkage power", .ftrl, true),
    ("RMSProp", "slot:rms slot:momentum rate decay momentum epsilon grad", .rmsProp, true),
    ("CenteredRMSProp", "slot:mean slot:rms slot:momentum rate decay momentum epsilon grad", .centeredRMSProp, true),
  ]

  @Test(arguments: operations)
  func `may be made of any known operation`(
    _ name: String, _ inputs: String, _ rule: TrainStep.Rule, _ hasSparseForm: Bool
  ) throws {
    for prefix in ["Apply", "ResourceApply"] + (hasSparseForm ? ["SparseApply", "ResourceSparseApply"] : []) {
      var graph = TrainStepGraph()
      var operands = ["w"]
      let isSparse = prefix.hasSuffix("SparseApply")
      var (slots, hyperparameters): (Set<String>, Set<String>) = ([], [])
      for input in inputs.split(separator: " ").map(String.init) {
        if input == "grad" {
          operands += isSparse ? ["dw", "rows"] : ["dw"]
        } else if input.hasPrefix("slot:") {
          graph.builder.variable(input, [4], initialValue: "zero")
          operands.append(input)
          slots.insert(input)
        } else if name == "Adam" && input == "power" {
          operands.append("zero")
        } else {
          if input != "rate" { graph.builder.constant(input, [0.25]) }
          operands.append(input)
          hyperparameters.insert(input)
        }
      }
      graph.builder.add("update_w", op: prefix + name, operands, ["use_nesterov": .bool(true)])
      graph.train(after: ["update_w"])
      let step = try #require(try graph.read())
      let update = try #require(step.update(of: "w"), "\(prefix)\(name): \(step.problems)")
      #expect(update.rule == rule)
      #expect(update.isSparse == isSparse)
      #expect(update.usesNesterov)
      #expect(update.gradient == InputReference("dw"))
      #expect(Set(update.slots.values) == slots)
      for (slot, variable) in update.slots { #expect("slot:\(slot.rawValue)" == variable) }
      #expect(Set(update.hyperparameters.values.map(\.tensor.node)) == hyperparameters)
      for (hyperparameter, source) in update.hyperparameters { #expect("\(hyperparameter)" == source.tensor.node) }
    }
  }

  /// Ways to write `w - dw × rate`.
  static let descents: [[(name: String, op: String, inputs: [String])]] = [
    [("s", "Mul", ["rate", "dw"]), ("u", "AssignSub", ["w", "s"])],
    [("s", "Mul", ["dw", "rate"]), ("u", "AssignSubVariableOp", ["w", "s"])],
    [("n", "Neg", ["dw"]), ("s", "Mul", ["n", "rate"]), ("u", "ResourceScatterAdd", ["w", "rows", "s"])],
    [("s", "Mul", ["dw", "rate"]), ("n", "Neg", ["s"]), ("u", "ScatterAdd", ["w", "rows", "n"])],
    [("n", "Neg", ["dw"]), ("s", "Mul", ["rate", "n"]), ("u", "AssignAdd", ["w", "s"])],
    [("s", "Mul", ["dw", "rate"]), ("i", "Identity", ["s"]), ("u", "ResourceScatterSub", ["w", "rows", "i"])],
    [("s", "Mul", ["dw", "rate"]), ("d", "Sub", ["w/read", "s"]), ("u", "Assign", ["w", "d"])],
    [
      ("n", "Mul", ["dw", "rate"]), ("s", "Neg", ["n"]), ("d", "AddV2", ["s", "w/read"]), ("u", "Assign", ["w", "d"]),
    ],
  ]

  @Test(arguments: descents)
  func `may spell gradient descent out`(_ nodes: [(name: String, op: String, inputs: [String])]) throws {
    var graph = TrainStepGraph()
    for node in nodes { graph.builder.add(node.name, op: node.op, node.inputs) }
    graph.train(after: ["u"])
    let update = try #require(try graph.read()?.update(of: "w"))
    #expect(update.rule == .gradientDescent)
    #expect(update.gradient.node == "dw")
    #expect(update.hyperparameters[.rate]?.tensor.node == "rate")
    #expect(update.isSparse == nodes.last?.op.contains("Scatter"))
  }

  @Test func `tells what a hyper-parameter is computed from`() throws {
    let cases: [(op: String, inputs: [String], variables: [String], obstacle: TrainStep.Obstacle?)] = [
      ("Mul", ["rate", "rate"], [], nil),
      ("Mul", ["rate", "global_step/read"], ["global_step"], nil),
      ("Mul", ["fixed/read", "global_step/read"], ["fixed", "global_step"], nil),
      ("Mul", ["rate", "input_x"], [], .placeholder("input_x")),
      ("Mul", ["rate", "v/read"], [], .parameter("v")),
      ("Mul", ["rate", "average/read"], ["average"], .changingVariable("average")),
    ]
    for (op, inputs, variables, obstacle) in cases {
      var graph = TrainStepGraph()
      for name in ["fixed", "average"] { graph.builder.variable(name, [], initialValue: "rate") }
      graph.builder.add("scaled", op: op, inputs)
      graph.builder.add("update_w", op: "ApplyGradientDescent", ["w", "scaled", "dw"])
      graph.builder.add("averaging", op: "Assign", ["average", "dv"])
      graph.train(after: ["update_w", "averaging"])
      let source = try graph.read()?.update(of: "w")?.hyperparameters[.rate]
      #expect(source == TrainStep.Source(InputReference("scaled"), variables: variables, obstacle: obstacle))
    }
  }

  @Test(arguments: ["global_step/read", "input_x", "v/read"])
  func `tells what chooses among constant hyper-parameters`(_ number: String) throws {
    var graph = TrainStepGraph()
    graph.builder.add("is_early", op: "Less", [number, "rate"])
    graph.builder.add("switch", op: "Switch", ["is_early", "is_early"])
    for (branch, output) in [("early", 1), ("late", 0)] {
      graph.builder.add("\(branch)/pivot", op: "Identity", ["switch:\(output)"])
      let value = TensorProto(.float, [], .floats([Float(output)]))
      graph.builder.add(
        branch, op: "Const", ["^\(branch)/pivot"], ["dtype": .type(.float), "value": .tensor(value)])
    }
    graph.builder.add("chosen", op: "Merge", ["late", "early"])
    graph.builder.add("update_w", op: "ApplyGradientDescent", ["w", "chosen", "dw"])
    graph.train(after: ["update_w"])
    let source = try #require(try graph.read()?.update(of: "w")?.hyperparameters[.rate])
    #expect(source.variables == (number == "global_step/read" ? ["global_step"] : []))
    let obstacle: TrainStep.Obstacle? =
      switch number {
      case "input_x": .placeholder("input_x")
      case "v/read": .parameter("v")
      default: nil
      }
    #expect(source.obstacle == obstacle)
  }

  @Test func `may be fed its rate`() throws {
    var graph = TrainStepGraph()
    graph.builder.placeholder("fed", .float, [])
    graph.builder.add("s", op: "Mul", ["dw", "fed"])
    graph.builder.add("u", op: "ScatterSub", ["w", "rows", "s"])
    graph.train(after: ["u"])
    let source = TrainStep.Source(InputReference("fed"), obstacle: .placeholder("fed"))
    #expect(try graph.read()?.update(of: "w")?.hyperparameters == [.rate: source])
  }

  @Test func `is refused where it is not understood`() throws {
    #expect(try TrainStepGraph.problem("ApplyAdadelta", ["w", "v", "v", "rate", "dw"]) == .unknownOperation)
    #expect(try TrainStepGraph.problem("ApplyGradientDescent", ["w", "rate"]) == .operandCount(expected: 3, found: 2))
    #expect(try TrainStepGraph.problem("ApplyAdagrad", ["w", "zero", "rate", "dw"]) == .slot("zero"))
    #expect(try TrainStepGraph.problem("Assign", ["w", "dw"]) == .unknownRule)
    #expect(try TrainStepGraph.problem("ScatterSub", ["w", "rows", "dw"]) == .unknownRule)
    #expect(try TrainStepGraph.problem("AssignAdd", ["w", "dw"]) == .unknownRule)
    #expect(try TrainStepGraph.problem("ScatterUpdate", ["w", "rows", "dw"]) == .unknownRule)
    #expect(
      try TrainStepGraph.problem(
        "ApplyAdagrad", ["w", "v", "rate", "dw"], ["update_slots": .bool(false)])
        == .attribute("update_slots", found: "false", expected: "true"))
  }

  @Test func `is refused where a step goes up the gradient`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("s", op: "Mul", ["dw", "rate"])
    graph.builder.add("u", op: "ScatterAdd", ["w", "rows", "s"])
    graph.train(after: ["u"])
    #expect(try graph.read()?.problems.map(\.reason) == [.unknownRule])
  }

  @Test func `is refused where two nodes change a parameter`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("u", op: "ApplyGradientDescent", ["w", "rate", "dw"])
    graph.builder.add("clip", op: "Assign", ["w", "zero", "^u"])
    graph.train(after: ["clip"])
    #expect(try graph.read()?.problems.map(\.reason) == [.severalNodes(["u", "clip"])])
  }

  @Test func `is refused where an input does not exist`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("u", op: "ApplyGradientDescent", ["w", "rate", "nothing"])
    graph.train(after: ["u"])
    #expect(throws: GraphImportError.self) { try graph.read() }
  }

  @Test func `tells where it applies something that is not made of the graph's gradient`() throws {
    // The same gradient, a copy of it, a multiple, and others.
    let gradients: [(op: String, inputs: [String], isOther: Bool)] = [
      ("Identity", ["dw"], false), ("Mul", ["w/read", "input_x"], false), ("Mul", ["v/read", "input_x"], true),
      ("Mul", ["dw", "rate"], false), ("Sub", ["w/read", "input_x"], true),
    ]
    for (op, inputs, isOther) in gradients {
      var graph = TrainStepGraph()
      graph.builder.add("d-w", op: "Identity", ["dw"])
      graph.builder.add("applied", op: op, inputs)
      graph.builder.add("u", op: "ApplyGradientDescent", ["w", "rate", "applied"])
      graph.train(after: ["u"])
      #expect(try graph.read()?.update(of: "w")?.appliesOtherGradient == isOther, "\(op) \(inputs)")
    }
  }

  @Test(arguments: `A bundled model`.configurations)
  func `trains a bundled model by gradient descent`(_ path: String) throws {
    let config = try ModelConfig(contentsOf: path)
    let graph = try GraphFile.read(config.resolveGraphPath(workingDirectory: "/")).graph
    let step = try #require(try GraphDefImporter(graph, config: config).trainStep())
    #expect(step.problems.isEmpty)
    #expect(step.updates.map(\.variable) == config.dense)
    for update in step.updates {
      #expect(update.rule == .gradientDescent)
      #expect(!update.appliesOtherGradient, "\(update.variable)")
    }
  }

  @Test func `may be a cycle without harm`() throws {
    var graph = TrainStepGraph()
    graph.builder.add("a", op: "Identity", ["b"])
    graph.builder.add("b", op: "Identity", ["a"])
    graph.builder.add("u", op: "AssignSub", ["w", "a"])
    graph.train(after: ["u"])
    #expect(try graph.read()?.problems.map(\.reason) == [.unknownRule])
  }
}
