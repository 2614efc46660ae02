import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `Dropout in a graph that is scored` {
  /// How a graph spells dropout: what it adds to ``graph(width:drawing:)``, the last node being `y`.
  struct Spelling: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var build: @Sendable (inout GraphDefBuilder) -> Void

    init(_ description: String, _ build: @escaping @Sendable (inout GraphDefBuilder) -> Void) {
      testDescription = description
      self.build = build
    }
  }

  /// A graph with an input `x`, the numbers `half`, `two` and `zero`, uniform random numbers `noise`, and a mask of
  /// truth values `keep` and of numbers `mask`, which keeps half of the elements.
  private func graph(width: Int = 50, drawing: String = "x") -> GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, width])
    graph.placeholder("wide", .float, [-1, 50])
    graph.constant("half", [0.5])
    graph.constant("two", [2])
    graph.constant("zero", [0])
    graph.add("shape", op: "Shape", [drawing])
    graph.add("noise", op: "RandomUniform", ["shape"], ["dtype": .type(.float)])
    graph.add("keep", op: "Less", ["noise", "half"])
    graph.add("mask", op: "Cast", ["keep"], ["DstT": .type(.float)])
    return graph
  }

  private func isRandom(_ graph: GraphDefBuilder) throws -> Bool {
    try graph.program(["y"]) { $0.isScoring = true }.nodes.contains { $0.primitive is RandomNumbers }
  }

  private static let choiceOfScaled = Spelling("multiply, then choose") {
    $0.add("scaled", op: "Mul", ["x", "two"])
    $0.add("y", op: "SelectV2", ["keep", "scaled", "zero"])
  }

  static let whole: [Spelling] = [
    Spelling("mask, then divide") {
      $0.add("dropped", op: "Mul", ["x", "mask"])
      $0.add("y", op: "RealDiv", ["dropped", "half"])
    },
    Spelling("mask, then multiply") {
      $0.add("dropped", op: "Mul", ["mask", "x"])
      $0.add("y", op: "Mul", ["two", "dropped"])
    },
    Spelling("divide, then mask") {
      $0.add("scaled", op: "RealDiv", ["x", "half"])
      $0.add("y", op: "Mul", ["scaled", "mask"])
    },
    Spelling("a mask with its scale") {
      $0.add("scaled", op: "RealDiv", ["mask", "half"])
      $0.add("y", op: "Mul", ["x", "scaled"])
    },
    choiceOfScaled,
    Spelling("choose, then multiply") {
      $0.add("dropped", op: "SelectV2", ["keep", "zero", "x"])
      $0.add("y", op: "Mul", ["dropped", "two"])
    },
    Spelling("a mask that is rounded") {
      $0.add("sum", op: "AddV2", ["noise", "half"])
      $0.add("floor", op: "Floor", ["sum"])
      $0.add("dropped", op: "Mul", ["x", "floor"])
      $0.add("y", op: "RealDiv", ["dropped", "half"])
    },
    Spelling("a mask that keeps everything") {
      $0.constant("one", [1])
      $0.add("all", op: "Less", ["noise", "one"])
      $0.add("ones", op: "Cast", ["all"], ["DstT": .type(.float)])
      $0.add("y", op: "Mul", ["x", "ones"])
    },
  ]

  @Test(arguments: whole) func `gives way to its tensor`(_ spelling: Spelling) throws {
    var graph = graph()
    spelling.build(&graph)
    #expect(try !isRandom(graph))
    let x = HostTensor(.float32, [3, 50], [1, 2, 3])
    let scored = try graph.evaluated(["y"], feeds: ["x": x]) { $0.isScoring = true }
    #expect(scored["y"] == x)
    let trained = try graph.evaluated(["y"], feeds: ["x": x])
    #expect((trained["y"] == x) == spelling.testDescription.hasSuffix("everything"))
  }

  static let others: [Spelling] = [
    Spelling("a mask without a scale") { $0.add("y", op: "Mul", ["x", "mask"]) },
    Spelling("a choice without a scale") { $0.add("y", op: "Select", ["keep", "x", "zeros"]) },
    Spelling("a mask that is summed") {
      $0.add("dropped", op: "Mul", ["x", "mask"])
      $0.add("y", op: "AddV2", ["dropped", "zero"])
    },
    Spelling("a scale of another probability") {
      $0.add("dropped", op: "Mul", ["x", "mask"])
      $0.constant("four", [4])
      $0.add("y", op: "Mul", ["dropped", "four"])
    },
  ]

  @Test(arguments: others) func `is a mask like any other where its scale is missing`(_ spelling: Spelling) throws {
    var graph = graph()
    graph.add("zeros", op: "ZerosLike", ["x"])
    spelling.build(&graph)
    #expect(try isRandom(graph))
    let x = HostTensor(.float32, [3, 50], [1])
    let scored = try graph.evaluated(["y"], feeds: ["x": x]) { $0.isScoring = true }
    let y = try #require(scored["y"])
    #expect(y.shape == [3, 50] && Set(y.values).count == 2 && y.values.contains(0))
  }

  static let repeated: [Spelling] = [
    Spelling("a scaled tensor") {
      $0.add("scaled", op: "Mul", ["x", "two"])
      $0.add("y", op: "Mul", ["scaled", "mask"])
    },
    Spelling("a scaled mask") {
      $0.add("scaled", op: "Mul", ["mask", "two"])
      $0.add("y", op: "Mul", ["x", "scaled"])
    },
    choiceOfScaled,
  ]

  @Test(arguments: repeated) func `stays where the mask repeats the tensor`(_ spelling: Spelling) throws {
    var graph = graph(width: 1, drawing: "wide")
    spelling.build(&graph)
    #expect(try isRandom(graph))
    let feeds = ["x": HostTensor(.float32, [3, 1], [1]), "wide": HostTensor(.float32, [3, 50], [0])]
    let scored = try graph.evaluated(["y"], feeds: feeds) { $0.isScoring = true }
    let y = try #require(scored["y"])
    #expect(y.shape == [3, 50] && Set(y.values) == [0, 2])
  }
}
