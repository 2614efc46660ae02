import Graph
import GraphDefImport
import TestSupport
import Testing

@Suite struct `An import` {
  /// A linear model `loss = mean((x·w1·w2)²)` with hidden values `h`.
  private var linear: GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 2])
    graph.constant("zeros", TensorProto(.float, [2, 2], .floats([])))
    graph.variable("w1", [2, 2], initialValue: "zeros")
    graph.variable("w2", [2, 2], initialValue: "zeros")
    graph.add("h", op: "MatMul", ["x", "w1/read"])
    graph.add("logits", op: "MatMul", ["h", "w2/read"])
    graph.add("squares", op: "Square", ["logits"])
    graph.constant("axes", integers: [0, 1])
    graph.add("loss", op: "Mean", ["squares", "axes"])
    return graph
  }

  private let identity = HostTensor(.float32, [2, 2], [1, 0, 0, 1])

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func `reports all operations that are not supported together, and only those that are needed`() throws {
    var graph = linear
    graph.add("magic", op: "Magic", ["x"])
    graph.add("wonder", op: "Wonder", ["magic"])
    graph.add("mixed", op: "AddV2", ["wonder", "h"])
    graph.add("elsewhere", op: "Sorcery", ["mixed"])
    #expect(try graph.program(["logits"]).outputs.count == 1)
    let error = try #require(throws: GraphImportError.self) { try graph.program(["logits", "mixed"]) }
    guard case .nodes(let errors) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(errors.map(\.node) == ["magic", "wonder"] && errors.allSatisfy { $0.reason == .unsupportedOp })
    #expect("\(error)".hasPrefix("2 nodes cannot be imported:\n  node 'magic' (Magic): the operation is not supported"))
    // Fed instead of computed, it need not be supported.
    let type: TensorType? = TensorType(.float32, [.batch, 2])
    let fed = try graph.program(["mixed"]) { $0.feeds["wonder"] = type }
    #expect(fed.inputs.map(\.name) == ["wonder", "x", "w1"])
    #expect(fed.input("wonder").map { fed.types[$0] } == type)
  }

  @Test func `follows control inputs only where they lead to an assignment`() throws {
    var graph = linear
    graph.add("alarm", op: "Magic", ["x"])
    graph.add("logits2", op: "Identity", ["logits", "^alarm"])
    #expect(try graph.program(["logits2"]).outputs.count == 1)
  }

  @Test func `names what is missing, and what it may have meant`() {
    var graph = linear
    graph.add("layer/Dense", op: "Relu", ["h"])
    graph.add("orphan", op: "Relu", ["nowhere"])
    #expect(message { _ = try graph.program(["Loss"]) } == "the graph has no node 'Loss'; did you mean 'loss'?")
    #expect(
      message { _ = try graph.program(["dense"]) } == "the graph has no node 'dense'; did you mean 'layer/Dense'?")
    #expect(message { _ = try graph.program(["w3"]) } == "the graph has no node 'w3'")
    #expect(message { _ = try graph.program(["orphan"]) } == "the graph has no node 'nowhere', which 'orphan' needs")
    #expect(message { _ = try graph.program(["logits"]) { $0.feeds["ghost"] = .some(nil) } }.contains("'ghost'"))
    #expect(message { _ = try graph.program(["logits"]) { $0.gradients = ["h"] } }.contains("'h'"))
    let negative: TensorType? = TensorType(.float32, [-2, 2])
    #expect(message { _ = try graph.program(["logits"]) { $0.feeds["h"] = negative } }.contains("negative extent"))
    #expect(message { _ = try graph.program(["logits:3"]) }.contains("logits:3"))
    #expect(message { _ = try graph.program(["^logits"]) } != "no error" || true)
    #expect(message { _ = try graph.program([""]) } != "no error")
  }

  @Test func `refuses two nodes of one name`() {
    var graph = linear
    graph.add("h", op: "NoOp")
    #expect(message { _ = try graph.program(["logits"]) } == "the graph has two nodes 'h'")
  }

  @Test func `refuses cycles, naming the nodes`() throws {
    var graph = linear
    graph.add("a", op: "AddV2", ["h", "c"])
    graph.add("b", op: "Relu", ["a"])
    graph.add("c", op: "Relu", ["b"])
    graph.add("self", op: "Relu", ["self"])
    let error = try #require(throws: GraphImportError.self) { try graph.program(["b"]) }
    guard case .nodes(let nodes) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(nodes.map(\.node).sorted() == ["a", "b", "c"] && nodes.allSatisfy { $0.reason == .cycle })
    #expect(throws: GraphImportError.self) { try graph.program(["self"]) }
    #expect(try graph.program(["logits"]).outputs.count == 1)
  }

  @Test func `refuses axes that are named twice, and segments out of order`() {
    var graph = linear
    graph.constant("twice", integers: [0, -2])
    graph.add("sum", op: "Sum", ["x", "twice"])
    graph.constant("numbers", [1, 2], [2])
    graph.constant("segments", integers: [1, 0])
    graph.add("segmented", op: "SegmentSum", ["numbers", "segments"])
    #expect(message { _ = try graph.program(["sum"]) } == "node 'sum' (Sum): an axis is named twice in [0, 0]")
    #expect(message { _ = try graph.program(["segmented"]) }.contains("segments in ascending order expected"))
  }

  @Test func `takes a chain of sixty thousand nodes`() throws {
    var graph = linear
    var last = "h"
    for index in 0..<60_000 { last = graph.add("n\(index)", op: index % 2 == 0 ? "Identity" : "Neg", [last]) }
    let program = try graph.program([last])
    #expect(program.nodes.count == 30_001)
  }

  @Test func `cuts gradients where values are fed`() throws {
    let graph = linear
    let feeds = ["x": HostTensor(.float32, [3, 2], [1, 2]), "w1": identity, "w2": identity]
    let whole = try graph.evaluated(["loss"], feeds: feeds, dense: ["w1", "w2"]) {
      $0.gradients = ["w1", "w2"]
      $0.densifiesGradients = true
    }
    #expect(whole["loss"]?.scalar == 2.5)
    #expect(whole["d-w1"] == HostTensor(.float32, [2, 2], [1, 2, 2, 4]) && whole["d-w2"] == whole["d-w1"])
    let type: TensorType? = TensorType(.float32, [.batch, 2])
    let h = HostTensor(.float32, [3, 2], [2, 0])
    let cut = try graph.evaluated(["loss"], feeds: ["h": h, "w1": identity, "w2": identity], dense: ["w1", "w2"]) {
      $0.gradients = ["w1", "w2"]
      $0.feeds["h"] = type
    }
    #expect(cut["loss"]?.scalar == 2)
    #expect(cut["d-w1"] == HostTensor(.float32, [2, 2], [0]))
    #expect(cut["d-w2"] == HostTensor(.float32, [2, 2], [4, 0, 0, 0]))
  }

  @Test func `keeps gradients of tables as rows unless asked`() throws {
    var graph = GraphDefBuilder()
    graph.placeholder("x", .float, [-1, 2])
    graph.constant("zeros", TensorProto(.float, [5, 3], .floats([])))
    graph.variable("w", [5, 3], initialValue: "zeros")
    graph.add("ids", op: "Cast", ["x"], ["DstT": .type(.int32)])
    graph.constant("axis", integers: [0])
    graph.add("rows", op: "GatherV2", ["w/read", "ids", "axis"])
    graph.constant("axes", integers: [0, 1, 2])
    graph.add("loss", op: "Sum", ["rows", "axes"])
    let feeds = ["x": HostTensor(.float32, [2, 2], [1, 4, 1, 0]), "w": HostTensor(.float32, [5, 3], [1])]
    let rows = try graph.evaluated(["loss"], batch: 2, feeds: feeds) { $0.gradients = ["w"] }
    #expect(rows["loss"]?.scalar == 12)
    #expect(rows["d-w indices"] == .integers([1, 4, 1, 0]))
    #expect(rows["d-w values"] == HostTensor(.float32, [4, 3], [1]))
    let dense = try graph.evaluated(["loss"], batch: 2, feeds: feeds) {
      $0.gradients = ["w"]
      $0.densifiesGradients = true
    }
    #expect(dense["d-w"]?.values == [1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    func gradient(_ change: (inout GraphDefImporter.Request) -> Void) throws -> Program.GradientOutput? {
      try graph.program(["loss"], change).gradient(of: "w")
    }
    let asRows = try gradient { $0.gradients = ["w"] }
    #expect(asRows == .rows(indices: 1, values: 2))
    let asTensor = try gradient {
      $0.gradients = ["w"]
      $0.densifiesGradients = true
    }
    #expect(asTensor == .dense(1))
    let unasked = try gradient { _ in }
    #expect(unasked == nil)
    var wrong = feeds
    wrong["x"] = HostTensor(.float32, [2, 2], [1, 4, 5, 0])
    #expect(
      message { _ = try graph.evaluated(["loss"], batch: 2, feeds: wrong) }
        == "node 'rows' (gather rows): index 5 at position 2 is not in 0..<5")
  }

  @Test func `feeds variables as starting values`() throws {
    let results = try linear.evaluated(
      ["logits"], batch: 1, feeds: ["x": .floats([1, 2], [1, 2]), "w1": identity, "w2": identity]
    ) { $0.feeds["w1"] = .some(nil) }
    #expect(results["logits"] == .floats([1, 2], [1, 2]))
  }

  @Test func `refuses operands and attributes that are not what they should be, with the node's name`() {
    func refusal(_ build: (inout GraphDefBuilder) -> Void) -> String {
      var graph = linear
      graph.constant("number", [1])
      build(&graph)
      return message { _ = try graph.program(["y"]) }
    }
    #expect(refusal { $0.add("y", op: "MatMul", ["x"]) } == "node 'y' (MatMul): operand 1 is missing")
    #expect(refusal { $0.add("y", op: "Mean", ["x", "h"]) }.contains("operand 1 depends on data"))
    #expect(refusal { $0.add("y", op: "Cast", ["x"]) } == "node 'y' (Cast): the attribute 'DstT' is missing")
    #expect(refusal { $0.add("y", op: "Cast", ["x"], ["DstT": .type(.string)]) }.contains("not supported"))
    #expect(refusal { $0.add("y", op: "MatMul", ["x", "h"], ["transpose_a": .int(1)]) }.contains("transpose_a"))
    #expect(refusal { $0.add("y", op: "MatMul", ["x", "x"]) }.contains("[m, k] × [k, n]"))
    #expect(refusal { $0.add("y", op: "AssignAdd", ["x", "x"]) }.contains("is not a variable"))
    #expect(refusal { $0.add("y", op: "Const", []) }.contains("'value' is missing"))
    #expect(refusal { $0.add("y", op: "Placeholder", []) }.contains("'dtype' is missing"))
    #expect(refusal { $0.add("y", op: "AddN", []) }.contains("operand 0 is missing"))
    #expect(refusal { $0.add("y", op: "ConcatV2", []) }.hasPrefix("node 'y' (ConcatV2)"))
    #expect(refusal { $0.add("y", op: "Pack", []) }.hasPrefix("node 'y' (Pack)"))
    #expect(refusal { $0.add("y", op: "DynamicStitch", []) }.hasPrefix("node 'y' (DynamicStitch)"))
    #expect(refusal { $0.placeholder("y", .float, [-1, -1]) }.contains("known extents behind the first"))
    #expect(refusal { $0.placeholder("y", .float, .unknownRank) }.hasPrefix("node 'y' (Placeholder)"))
    let deep = TensorShapeProto(Array(repeating: 2, count: 9))
    #expect(refusal { $0.placeholder("y", .float, deep) }.contains("8"))
    #expect(
      refusal {
        $0.placeholder("deep", .float, deep)
        $0.add("y", op: "L2Loss", ["deep"])
      }.contains("8"))
    #expect(
      refusal {
        $0.placeholder("image", .float, [-1, 2, 2])
        $0.add("y", op: "BiasAdd", ["image", "number"], ["data_format": .text("NCHW")])
      }.hasPrefix("node 'y' (BiasAdd)"))
    #expect(
      refusal {
        $0.add("whole", op: "Cast", ["x"], ["DstT": .type(.int32)])
        $0.add("y", op: "LeakyRelu", ["whole"], ["alpha": .float(.nan)])
      } == "no error")
  }
}
