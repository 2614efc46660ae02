import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `A call of a function` {
  /// A function `name` of `x` whose body is `nodes`.
  private func function(_ name: String, inputs: [String] = ["x"], _ nodes: [NodeDef], returns: String) -> FunctionDef {
    FunctionDef(
      name, inputs: inputs.map { .init($0, .float) }, outputs: [.init("y", .float)], nodes: nodes,
      returns: ["y": returns])
  }

  private func call(_ function: String, _ attributes: AttributeMap = [:]) -> AttributeMap {
    ["f": .function(FunctionReference(function, attributes: attributes))]
  }

  @Test(arguments: ["PartitionedCall", "StatefulPartitionedCall"])
  func `is the function's body, nested ones included`(_ op: String) throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    graph.graph.functions = [
      function("square", [NodeDef("s", op: "Square", inputs: ["x"])], returns: "s:y:0"),
      function(
        "norm", inputs: ["a", "b"],
        [
          NodeDef("first", op: op, inputs: ["a"], attributes: call("square")),
          NodeDef("second", op: op, inputs: ["b"], attributes: call("square")),
          NodeDef("sum", op: "AddV2", inputs: ["first:output:0", "second:output:0"]),
        ], returns: "sum:z:0"),
    ]
    graph.constant("four", [4])
    graph.add("norm", op: op, ["x", "four"], call("norm"))
    graph.add("root", op: "Sqrt", ["norm"])
    let results = try graph.evaluated(["root"], feeds: ["x": .floats([3, 0, -3])])
    #expect(results["root"] == .floats([5, 4, 5]))
  }

  @Test func `fills in the attributes that the body leaves open`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 2])
    graph.constant("axis", integers: [1])
    graph.graph.functions = [
      function(
        "sum", inputs: ["x", "axis"],
        [NodeDef("s", op: "Sum", inputs: ["x", "axis"], attributes: ["keep_dims": .placeholder("keeps")])],
        returns: "s:output:0")
    ]
    for keeps in [true, false] {
      graph.add("sum\(keeps)", op: "PartitionedCall", ["x", "axis"], call("sum", ["keeps": .bool(keeps)]))
    }
    let results = try graph.evaluated(["sumtrue", "sumfalse"], batch: 1, feeds: ["x": .floats([1, 2], [1, 2])])
    #expect(results["sumtrue"] == .floats([3], [1, 1]) && results["sumfalse"] == .floats([3]))
  }

  @Test func `reads outputs by name, of operations that have several`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 3])
    graph.constant("two", integers: [2])
    graph.graph.functions = [
      FunctionDef(
        "largest", inputs: [.init("x", .float), .init("k", .int32)],
        outputs: [.init("places", .int32), .init("last", .float)],
        nodes: [
          NodeDef("top", op: "TopKV2", inputs: ["x", "k"]),
          NodeDef(
            "split", op: "Unpack", inputs: ["top:values:0"],
            attributes: ["axis": .int(1), "num": .int(2)]),
        ], returns: ["places": "top:indices:0", "last": "split:output:1"])
    ]
    graph.add("call", op: "PartitionedCall", ["x", "two"], call("largest"))
    let results = try graph.evaluated(["call", "call:1"], batch: 1, feeds: ["x": .floats([5, 9, 7], [1, 3])])
    #expect(results["call"] == .integers([1, 2], [1, 2]) && results["call:1"] == .floats([7]))
  }

  @Test func `runs what the function runs for its effects`() throws {
    var graph = GraphDefBuilder()
    graph.constant("zero", [0])
    graph.resourceVariable("count", [], initialValue: "zero")
    graph.constant("one", [1])
    graph.graph.functions = [
      FunctionDef(
        "increment", inputs: [.init("v", .resource), .init("by", .float)], outputs: [.init("y", .float)],
        nodes: [
          NodeDef("add", op: "AssignAddVariableOp", inputs: ["v", "by"], attributes: ["dtype": .type(.float)]),
          NodeDef("pass", op: "Identity", inputs: ["by", "^add"]),
        ], returns: ["y": "pass:output:0"], controlReturns: ["add": "add"])
    ]
    graph.add("call", op: "StatefulPartitionedCall", ["count", "one"], call("increment"))
    graph.add("after", op: "ReadVariableOp", ["count", "^call"], ["dtype": .type(.float)])
    let results = try graph.evaluated(["after"], feeds: ["count": .floats([6], [])])
    #expect(results["after"]?.scalar == 7 && results["count assigned"]?.scalar == 7)
  }

  @Test func `is reported where the function is missing, takes lists or calls itself`() throws {
    var list = function("list", [NodeDef("s", op: "Square", inputs: ["x"])], returns: "s:y:0")
    list.inputs[0].numberAttribute = "N"
    let endless = function(
      "endless", [NodeDef("s", op: "PartitionedCall", inputs: ["x"], attributes: call("endless"))],
      returns: "s:output:0")
    for name in ["nowhere", "list", "endless"] {
      var graph = GraphDefBuilder()
      graph.placeholder("x", .float, [-1])
      graph.graph.functions = [list, endless]
      graph.add("y", op: "PartitionedCall", ["x"], call(name))
      #expect {
        try graph.program(["y"])
      } throws: { error in
        guard case .nodes(let errors) = error as? GraphImportError else { return false }
        return errors.count == 1 && errors[0].op == "PartitionedCall" && errors[0].reason == .unsupportedOp
      }
    }
  }

  @Test func `ends with an error where functions spell an enormous graph`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    // Each calls the one below twice.
    graph.graph.functions = [function("f0", [NodeDef("s", op: "Square", inputs: ["x"])], returns: "s:y:0")]
    for level in 1...25 {
      let nodes = ["a", "b"].map {
        NodeDef($0, op: "PartitionedCall", inputs: ["x"], attributes: call("f\(level - 1)"))
      }
      graph.graph.functions.append(function("f\(level)", nodes, returns: "b:output:0"))
    }
    graph.add("y", op: "PartitionedCall", ["x"], call("f25"))
    #expect {
      try graph.program(["y"])
    } throws: { "\($0)".contains("more than 524288 nodes") }
  }
}
