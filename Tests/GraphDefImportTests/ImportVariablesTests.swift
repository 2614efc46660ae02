import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `A variable of an imported graph` {
  @Test(arguments: [false, true])
  func `is an input, read and written in the order the graph asks for`(_ isResource: Bool) throws {
    var graph = GraphDefBuilder()
    graph.constant("start", [7])
    let read: String
    let add: String
    if isResource {
      read = graph.resourceVariable("v", [], initialValue: "start")
      add = "AssignAddVariableOp"
    } else {
      read = graph.variable("v", [], initialValue: "start")
      add = "AssignAdd"
    }
    graph.constant("one", [1])
    graph.add("add", op: add, ["v", "one"], ["dtype": .type(.float)])
    // Reads before the assignment unless told to come behind it.
    graph.add("before", op: "Neg", [read])
    if isResource {
      graph.add("after", op: "ReadVariableOp", ["v", "^add"], ["dtype": .type(.float)])
    } else {
      graph.add("after", op: "Identity", ["v", "^add"])
    }
    graph.add("twice", op: "Mul", ["after", "after"])
    let program = try graph.program(["before", "twice"], dense: ["w"])
    #expect(program.inputs.map(\.name) == ["v"] && program.inputs[0].role == .state)
    let results = try program.evaluated(.init(batch: 1), feeds: ["v": .floats([10], [])])
    #expect(results["before"]?.scalar == -10 && results["twice"]?.scalar == 121)
    #expect(results["v assigned"]?.scalar == 11)

    // What nothing needs is not assigned.
    let pure = try graph.program(["before"])
    #expect(pure.outputs.map(\.name) == ["before"])
    // A parameter is one that the configuration lists.
    #expect(try graph.program(["before"], dense: ["v"]).inputs[0].role == .parameter)
  }

  @Test func `counts as streaming metrics do, one assignment behind the other`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    graph.constant("zero", [0])
    graph.constant("axis", integers: [0])
    graph.variable("total", [], initialValue: "zero")
    graph.variable("count", [], initialValue: "zero")
    graph.add("sum", op: "Sum", ["x", "axis"])
    graph.add("size", op: "Size", ["x"], ["out_type": .type(.int32)])
    graph.add("number", op: "Cast", ["size"], ["DstT": .type(.float)])
    graph.add("total/add", op: "AssignAdd", ["total", "sum"])
    graph.add("count/add", op: "AssignAdd", ["count", "number"])
    graph.add("update", op: "NoOp", ["^total/add", "^count/add"])
    graph.add("value", op: "DivNoNan", ["total/read", "count/read"])
    graph.add("updated", op: "DivNoNan", ["total/add", "count/add"])
    graph.add("grouped", op: "Identity", ["value", "^update"])
    let feeds = ["x": HostTensor(.float32, [4], [1, 2, 3, 6]), "total": .floats([8], []), "count": .floats([1], [])]
    let results = try graph.evaluated(["value", "updated", "grouped"], batch: 4, feeds: feeds)
    #expect(results["value"]?.scalar == 8 && results["updated"]?.scalar == 4 && results["grouped"]?.scalar == 8)
    #expect(results["total assigned"]?.scalar == 20 && results["count assigned"]?.scalar == 5)
  }

  @Test func `may be assigned several times`() throws {
    var graph = GraphDefBuilder()
    graph.constant("zero", [0])
    graph.variable("v", [], initialValue: "zero")
    graph.constant("three", [3])
    graph.add("first", op: "Assign", ["v", "three"])
    graph.add("second", op: "AssignAdd", ["v", "three", "^first"])
    graph.add("third", op: "AssignSub", ["v", "second", "^second"])
    graph.add("end", op: "Identity", ["third"])
    let results = try graph.evaluated(["second", "end"], feeds: ["v": .floats([100], [])])
    #expect(results["second"]?.scalar == 6 && results["end"]?.scalar == 0)
    #expect(results["v assigned"]?.scalar == 0)
  }

  @Test func `has the shape that graph and configuration agree on`() throws {
    var graph = GraphDefBuilder()
    graph.constant("zeros", TensorProto(.float, [2, 2], .floats([])))
    graph.variable("w", [2, 2], initialValue: "zeros")
    graph.add("logits", op: "Square", ["w/read"])
    var config = GraphDefBuilder.config()
    config.denseShapes = ["w": [2, 3]]
    let importer = try GraphDefImporter(graph.graph, config: config)
    let error = try #require(throws: GraphImportError.self) { try importer.program(.init(fetches: ["logits"])) }
    #expect("\(error)".contains("its shape is [2, 2], but the configuration's dense_shape says [2, 3]"), "\(error)")

    var wrong = graph
    wrong.constant("three", TensorProto(.float, [3], .floats([1])))
    wrong.add("bad", op: "Assign", ["w", "three"])
    let mismatch = try #require(throws: GraphImportError.self) { try wrong.program(["bad"]) }
    #expect("\(mismatch)".contains("'w' is float32[2, 2], but float32[3] is assigned to it"), "\(mismatch)")
  }
}
