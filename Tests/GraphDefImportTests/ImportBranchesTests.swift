import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `A conditional of an imported graph` {
  /// `operand`, or another function of it, or its negative, by the sign of `x`, written as TensorFlow 1 does or with
  /// functions.
  private func absolute(
    _ op: String?, predicate: String = "isPositive", of operand: String = "x", function: String = "Identity"
  ) -> GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [])
    graph.constant("zero", [0])
    graph.add("isPositive", op: "Greater", ["x", "zero"])
    if let op {
      // An `If` may have effects, which what comes behind it waits for.
      func branch(_ name: String, _ operation: String) -> FunctionDef {
        FunctionDef(
          name, inputs: [.init("a", .float)], outputs: [.init("b", .float)],
          nodes: [NodeDef("n", op: operation, inputs: ["a"])], returns: ["b": "n:y:0"],
          controlReturns: op == "If" && name == "yes" ? ["n": "n"] : [:])
      }
      graph.graph.functions = [branch("yes", function), branch("no", "Neg")]
      graph.add(
        "y", op: op, [predicate, operand],
        [
          "then_branch": .function(FunctionReference("yes", attributes: [:])),
          "else_branch": .function(FunctionReference("no", attributes: [:])), "Tcond": .type(.bool),
        ])
    } else {
      graph.add("switch", op: "Switch", [operand, predicate])
      graph.add("negated", op: "Neg", ["switch:0"])
      graph.add("same", op: function, ["switch:1"])
      graph.add("y", op: "Merge", ["negated", "same"])
    }
    return graph
  }

  @Test(arguments: [nil, "If", "StatelessIf"])
  func `gives what the branch gives that runs, and its gradient`(_ op: String?) throws {
    var graph = absolute(op)
    graph.constant("start", [1])
    graph.variable("w", [], initialValue: "start")
    graph.add("product", op: "Mul", ["w/read", "y"])
    graph.add("loss", op: "Identity", ["product"])
    for (x, expected) in [(3.0, 3.0), (-2.0, 2.0)] {
      let feeds = ["x": HostTensor.floats([x], []), "w": .floats([5], [])]
      let results = try graph.evaluated(["y", "loss"], feeds: feeds) { $0.gradients = ["w"] }
      #expect(results["y"]?.scalar == expected && results["d-w"]?.scalar == expected)
    }
  }

  @Test(arguments: [nil, "If", "StatelessIf"])
  func `has the gradient of the branch that runs, also where the other one has none`(_ op: String?) throws {
    var graph = absolute(op, of: "product", function: "Sqrt")
    graph.constant("start", [1])
    graph.variable("w", [], initialValue: "start")
    graph.add("product", op: "Mul", ["w/read", "x"])
    graph.add("loss", op: "Identity", ["y"])
    for (x, gradient) in [(3.0, 1.5 / 6.0.squareRoot()), (-3.0, 3.0)] {
      let feeds = ["x": HostTensor.floats([x], []), "w": .floats([2], [])]
      let results = try graph.evaluated(["y"], feeds: feeds) { $0.gradients = ["w"] }
      #expect(results["d-w"]!.isClose(to: .floats([gradient], []), relative: 1e-6), "\(x): \(results)")
    }
  }

  @Test(arguments: [true, false])
  func `has no gradient for a variable that is read in the branch that does not run`(_ isResource: Bool) throws {
    var graph = absolute(nil)
    graph.constant("start", [1])
    if isResource {
      graph.resourceVariable("w", [], initialValue: "start")
    } else {
      graph.variable("w", [], initialValue: "start")
    }
    graph.add("handle", op: isResource ? "Switch" : "RefSwitch", ["w", "isPositive"])
    graph.add("value", op: isResource ? "ReadVariableOp" : "Identity", ["handle:1"])
    graph.add("root", op: "Sqrt", ["value"])
    graph.add("loss", op: "Merge", ["negated", "root"])
    for (x, w, gradient) in [(3.0, 4.0, 0.25), (-3, -4, 0), (-3, 0, 0)] {
      let feeds = ["x": HostTensor.floats([x], []), "w": .floats([w], [])]
      let results = try graph.evaluated(["loss"], feeds: feeds) { $0.gradients = ["w"] }
      #expect(results["d-w"]?.scalar == gradient, "\(x), \(w): \(results)")
    }
  }

  @Test(
    arguments: [
      ("GatherV2", ["table", "switch:1", "axis"], [20, 40]), ("FloorDiv", ["twelve", "switch:1"], [12, 4]),
    ] as [(String, [String], [Double])])
  func `is no error where only the branch that does not run refuses its data`(
    _ op: String, _ operands: [String], _ expected: [Double]
  ) throws {
    var graph = GraphDefBuilder()
    graph.placeholder("ids", .int32, [-1])
    graph.placeholder("holds", .bool, [])
    graph.constant("table", integers: [10, 20, 30, 40])
    graph.constant("axis", integers: [0])
    graph.constant("twelve", integers: [12])
    graph.add("switch", op: "Switch", ["ids", "holds"])
    graph.add("computed", op: op, operands)
    graph.add("same", op: "Identity", ["switch:0"])
    graph.add("y", op: "Merge", ["same", "computed"])
    func result(_ holds: Bool, _ ids: [Int]) throws -> [Double]? {
      try graph.evaluated(["y"], batch: 2, feeds: ["ids": .integers(ids), "holds": .truth([holds], [])])["y"]?.values
    }
    #expect(try result(true, [1, 3]) == expected)
    #expect(try result(false, [12, 0]) == [12, 0])
    #expect(throws: ExecutionFailure.self) { try result(true, [12, 0]) }
  }

  @Test(arguments: [nil, "If"])
  func `needs only one branch where the graph tells which one runs`(_ op: String?) throws {
    var graph = absolute(op, predicate: "isTraining")
    graph.constant("no", TensorProto(.bool, [], .bools([false])))
    graph.add("isTraining", op: "PlaceholderWithDefault", ["no"], ["dtype": .type(.bool), "shape": .shape([])])
    for index in graph.graph.nodes.indices where graph.graph.nodes[index].name == "same" {
      graph.graph.nodes[index].op = "FancyTrainingOp"
    }
    for index in graph.graph.functions.indices where graph.graph.functions[index].name == "yes" {
      graph.graph.functions[index].nodes[0].op = "FancyTrainingOp"
    }
    #expect(try graph.evaluated(["y"], feeds: ["x": .floats([4], [])])["y"]?.scalar == -4)
    // Where it is fed, both are needed.
    #expect {
      try graph.program(["y"]) { $0.feeds["isTraining"] = TensorType(.bool, []) }
    } throws: { "\($0)".contains("FancyTrainingOp") }
  }

  @Test(arguments: [true, false]) func `assigns only in the branch that runs`(_ holds: Bool) throws {
    var graph = GraphDefBuilder()
    graph.placeholder("holds", .bool, [])
    graph.constant("one", [1])
    graph.variable("count", [], initialValue: "one")
    graph.add("pivot", op: "Switch", ["holds", "holds"])
    graph.add("then", op: "Identity", ["pivot:1"])
    graph.add(
      "by", op: "Const", ["^then"], ["dtype": .type(.float), "value": .tensor(TensorProto(.float, [], .floats([10])))])
    graph.add("add", op: "AssignAdd", ["count", "by"])
    graph.add("after", op: "Identity", ["count", "^add"])
    let feeds = ["holds": HostTensor.truth([holds], []), "count": .floats([5], [])]
    let results = try graph.evaluated(["after"], feeds: feeds)
    #expect(results["after"]?.scalar == (holds ? 15 : 5))
    #expect(results["count assigned"]?.scalar == (holds ? 15 : 5))
  }

  @Test func `is refused where an assignment in a branch that never runs has no operands`() throws {
    var graph = GraphDefBuilder()
    graph.constant("no", TensorProto(.bool, [], .bools([false])))
    graph.add("pivot", op: "Switch", ["no", "no"])
    graph.add("then", op: "Identity", ["pivot:1"])
    graph.add("add", op: "AssignAdd", ["^then"])
    #expect {
      try graph.program(["add"])
    } throws: { "\($0)" == "node 'add' (AssignAdd): operand 0 is missing" }
  }

  @Test func `is refused where its branches differ in type, or are those of a loop`() throws {
    var graph = absolute(nil)
    for index in graph.graph.nodes.indices where graph.graph.nodes[index].name == "same" {
      graph.graph.nodes[index] = NodeDef("same", op: "Cast", inputs: ["switch:1"], attributes: ["DstT": .type(.int32)])
    }
    #expect {
      try graph.program(["y"])
    } throws: { "\($0)".contains("one branch gives") }

    var loop = GraphDefBuilder()
    loop.placeholder("x", .float, [])
    loop.add("y", op: "Merge", ["x", "next"])
    loop.add("next", op: "NextIteration", ["y"])
    #expect {
      try loop.program(["y"])
    } throws: { $0 is GraphImportError }
  }
}
