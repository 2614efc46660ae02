import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `A loop` {
  /// A function `name` of a counter `i` and a vector `x`.
  private func function(_ name: String, _ nodes: [NodeDef], returns: [String]) -> FunctionDef {
    let outputs = returns.indices.map { FunctionDef.Argument("y\($0)", .invalid) }
    return FunctionDef(
      name, inputs: [.init("i", .int32), .init("x", .float)], outputs: outputs, nodes: nodes,
      returns: Dictionary(uniqueKeysWithValues: zip(outputs.map(\.name), returns)))
  }

  private func integer(_ name: String, _ value: Int32) -> NodeDef {
    NodeDef(
      name, op: "Const",
      attributes: [
        "dtype": .type(.int32), "value": .tensor(TensorProto(.int32, TensorShapeProto([]), .int32s([value]))),
      ])
  }

  /// A loop that doubles `x` while `condition` holds.
  private func doubling(while condition: [NodeDef], holds: String, operation: String = "While") -> GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    graph.constant("zero", integers: [0])
    graph.graph.functions = [
      function("goes on", condition, returns: [holds]),
      function(
        "round",
        [
          integer("one", 1), NodeDef("next", op: "AddV2", inputs: ["i", "one:output:0"]),
          NodeDef("twice", op: "AddV2", inputs: ["x", "x"]),
        ], returns: ["next:z:0", "twice:z:0"]),
    ]
    graph.add(
      "loop", op: operation, ["zero", "x"],
      ["cond": .function(FunctionReference("goes on")), "body": .function(FunctionReference("round"))])
    graph.add("y", op: "Identity", ["loop:1"])
    return graph
  }

  private func counting(to limit: Int32) -> [NodeDef] {
    [integer("limit", limit), NodeDef("less", op: "Less", inputs: ["i", "limit:output:0"])]
  }

  /// Whether the sum of `x` is below 20.
  private let isSmall = [
    NodeDef(
      "axis", op: "Const",
      attributes: ["dtype": .type(.int32), "value": .tensor(TensorProto(.int32, TensorShapeProto([1]), .int32s([0])))]),
    NodeDef("sum", op: "Sum", inputs: ["x", "axis:output:0"]),
    NodeDef(
      "bound", op: "Const",
      attributes: ["dtype": .type(.float), "value": .tensor(TensorProto(.float, TensorShapeProto([]), .floats([20])))]),
    NodeDef("small", op: "Less", inputs: ["sum:output:0", "bound:output:0"]),
  ]

  @Test(arguments: ["While", "StatelessWhile"]) func `runs as often as the graph says`(_ operation: String) throws {
    for (count, factor) in [(0, 1.0), (1, 2), (3, 8)] {
      let graph = doubling(while: counting(to: Int32(count)), holds: "less:z:0", operation: operation)
      let results = try graph.evaluated(["y", "loop"], batch: 2, feeds: ["x": .floats([1, -3])])
      #expect(results["y"] == .floats([factor, -3 * factor]))
      #expect(results["loop"]?.scalar == Double(count))
    }
  }

  @Test func `ends where its data says, if the graph has a limit`() throws {
    let nodes = isSmall + counting(to: 6) + [NodeDef("both", op: "LogicalAnd", inputs: ["less:z:0", "small:z:0"])]
    let graph = doubling(while: nodes, holds: "both:z:0")
    for (x, rounds) in [(1.0, 5.0), (7, 2), (30, 0), (0, 6)] {
      let results = try graph.evaluated(["y", "loop"], batch: 1, feeds: ["x": .floats([x])])
      var expected = x
      for _ in 0..<Int(rounds) { expected *= 2 }
      #expect(results["y"]?.scalar == expected && results["loop"]?.scalar == rounds, "\(x)")
    }
  }

  @Test func `has the gradient of the rounds that it runs, also where another one would have none`() throws {
    let nodes = isSmall + counting(to: 6) + [NodeDef("both", op: "LogicalAnd", inputs: ["less:z:0", "small:z:0"])]
    var graph = doubling(while: nodes, holds: "both:z:0")
    // The root of what is left to 20, beyond which the loop ends.
    graph.graph.functions[1] = function(
      "round",
      [
        integer("one", 1), NodeDef("next", op: "AddV2", inputs: ["i", "one:output:0"]), isSmall[2],
        NodeDef("rest", op: "Sub", inputs: ["bound:output:0", "x"]), NodeDef("root", op: "Sqrt", inputs: ["rest:z:0"]),
        NodeDef("more", op: "AddV2", inputs: ["x", "root:y:0"]),
      ], returns: ["next:z:0", "more:z:0"])
    graph.constant("start", [1])
    graph.variable("w", [], initialValue: "start")
    graph.add("product", op: "Mul", ["w/read", "x"])
    let loop = try #require(graph.graph.nodes.firstIndex(where: { $0.name == "loop" }))
    graph.graph.nodes[loop].inputs = ["zero", "product"]
    graph.add("loss", op: "Identity", ["y"])
    let feeds = ["x": HostTensor.floats([10]), "w": .floats([1.6], [])]
    let results = try graph.evaluated(["loop"], batch: 1, feeds: feeds) { $0.gradients = ["w"] }
    var (value, slope, rounds) = (16.0, 10.0, 0)
    while value < 20 {
      let root = (20 - value).squareRoot()
      (value, slope, rounds) = (value + root, slope * (1 - 0.5 / root), rounds + 1)
    }
    #expect(rounds == 3 && results["loop"]?.scalar == 3)
    #expect(results["d-w"]!.isClose(to: .floats([slope], []), relative: 1e-4), "\(results), expected \(slope)")
  }

  @Test func `is refused if only data ends it, or nothing does`() throws {
    for (nodes, holds) in [(isSmall, "small:z:0"), (counting(to: .max), "less:z:0")] {
      #expect {
        try doubling(while: nodes, holds: holds).program(["y"])
      } throws: { "\($0)".contains("expected a limit known from the graph, such as maximum_iterations") }
    }
  }

  @Test func `is reported with what its functions lack`() throws {
    var graph = doubling(while: counting(to: 2), holds: "less:z:0")
    graph.graph.functions[1].nodes.append(NodeDef("odd", op: "Bessel", inputs: ["x"]))
    graph.graph.functions[1].returns["y1"] = "odd:y:0"
    graph.add("z", op: "Unheard", ["y"])
    #expect {
      try graph.program(["z"])
    } throws: { error in
      guard case .nodes(let errors) = error as? GraphImportError else { return false }
      return Set(errors.map(\.op)) == ["Bessel", "Unheard"]
    }
    var missing = doubling(while: counting(to: 2), holds: "less:z:0")
    missing.graph.functions.removeLast()
    #expect { try missing.program(["y"]) } throws: {
      "\($0)".contains("'loop' (While): the operation is not supported")
    }
  }

  @Test func `has no placeholder in its functions`() throws {
    var graph = doubling(while: counting(to: 2), holds: "less:z:0")
    graph.graph.functions[1].nodes.append(
      NodeDef("input", op: "Placeholder", attributes: ["dtype": .type(.float), "shape": .shape([2])]))
    graph.graph.functions[1].returns["y1"] = "input:output:0"
    #expect { try graph.program(["y"]) } throws: {
      "\($0)".hasSuffix("(Placeholder): it is in a function of a loop; expected an argument of the function")
    }
  }

  @Test func `that calls itself is refused`() throws {
    var graph = doubling(while: counting(to: 2), holds: "less:z:0")
    graph.graph.functions[1].nodes.append(
      NodeDef(
        "again", op: "While", inputs: ["i", "x"],
        attributes: ["cond": .function(FunctionReference("goes on")), "body": .function(FunctionReference("round"))]))
    graph.graph.functions[1].returns["y1"] = "again:output:1"
    #expect { try graph.program(["y"]) } throws: { "\($0)".contains("(While): the operation is not supported") }
  }

  @Test func `with thousands of loops in its loops is refused`() throws {
    var graph = doubling(while: counting(to: 2), holds: "less:z:0")
    for number in 0..<8 {
      graph.graph.functions[1].nodes.append(
        NodeDef(
          "again\(number)", op: "While", inputs: ["i", number == 0 ? "x" : "again\(number - 1):output:1"],
          attributes: ["cond": .function(FunctionReference("goes on")), "body": .function(FunctionReference("round"))]))
    }
    graph.graph.functions[1].returns["y1"] = "again7:output:1"
    #expect { try graph.program(["y"]) } throws: { "\($0)".hasSuffix("loops have more than 4096 functions") }
  }

  /// The frame of TensorFlow 1 that doubles `x` three times.
  private func frame() -> GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1])
    graph.constant("zero", integers: [0])
    graph.constant("three", integers: [3])
    let frame: AttributeMap = ["frame_name": .text("loop")]
    for (name, start) in [("i", "zero"), ("v", "x")] {
      graph.add("\(name)/enter", op: "Enter", [start], frame)
      graph.add("\(name)/merge", op: "Merge", ["\(name)/enter", "\(name)/iteration"])
      graph.add("\(name)/switch", op: "Switch", ["\(name)/merge", "goes_on"])
      graph.add("\(name)/exit", op: "Exit", ["\(name)/switch"])
    }
    graph.add("three/enter", op: "Enter", ["three"], ["frame_name": .text("loop"), "is_constant": .bool(true)])
    graph.add("less", op: "Less", ["i/merge", "three/enter"])
    graph.add("goes_on", op: "LoopCond", ["less"])
    graph.constant("one", integers: [1])
    graph.add("i/next", op: "AddV2", ["i/switch:1", "one"])
    graph.add("i/iteration", op: "NextIteration", ["i/next"])
    graph.add("v/next", op: "AddV2", ["v/switch:1", "v/switch:1"])
    graph.add("v/iteration", op: "NextIteration", ["v/next"])
    return graph
  }

  @Test func `of TensorFlow 1 runs as one of TensorFlow 2`() throws {
    let results = try frame().evaluated(["v/exit", "i/exit"], batch: 2, feeds: ["x": .floats([1, -3])])
    #expect(results["v/exit"] == .floats([8, -24]) && results["i/exit"]?.scalar == 3)
  }

  @Test func `of TensorFlow 1 that is damaged is an error`() throws {
    let whole = frame().graph
    for removed in whole.nodes.indices where whole.nodes[removed].name != "i/exit" {
      var graph = GraphDefBuilder()
      graph.graph = whole
      graph.graph.nodes.remove(at: removed)
      #expect(throws: GraphImportError.self, "without \(whole.nodes[removed].name)") { try graph.program(["v/exit"]) }
    }
  }
}
