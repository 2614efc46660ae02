import GraphDefImport
import Kernels
import Serve
import TestSupport
import Testing

/// A graph that gathers rows of its parameter `t`, and whose `train_step` takes the gradient as a tensor.
private struct TableGraph {
  var builder = GraphDefBuilder()

  init(start: [Float], rows: [Int32]) {
    let shape = [start.count, 1]
    builder.variable("t", shape, initialValue: builder.constant("t/start", start, shape))
    builder.constant("rows", integers: rows, [rows.count])
    builder.constant("first", integers: [0])
    builder.constant("axes", integers: [0, 1])
    builder.constant("count", integers: [Int32(start.count)])
    builder.constant("half", [0.5])
    builder.constant("rate", [1])
    builder.add("gathered", op: "GatherV2", ["t/read", "rows", "first"])
    builder.add("gradients/values", op: "Identity", ["gathered"])
    builder.add("gradients/tensor", op: "UnsortedSegmentSum", ["gradients/values", "rows", "count"])
    builder.add("train_step", op: "NoOp", ["^update"])
  }

  /// Adds variables that start at one number everywhere.
  mutating func slots(_ slots: [(name: String, start: Float)], _ shape: [Int]) {
    for slot in slots {
      let start = builder.constant("\(slot.name)/start", [slot.start], shape)
      builder.variable(slot.name, shape, initialValue: start)
    }
  }

  /// Expects `t` to be `expected` after `steps` steps.
  func expect(_ expected: [Float], afterSteps steps: Int) throws {
    var options = Session.Options()
    options.trainingSteps = steps
    let config = GraphDefBuilder.config(dense: ["t"])
    let session = try Session(builder.graph, config: config, pool: LanePool(lanes: 1))
    let result = try session.run(feeds: [], fetches: ["t"], options: options)
    let found = try #require(result.arrays[0].floats)
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 }, "\(found), TensorFlow \(expected)")
    #expect(!result.notices.contains { $0.contains("rows") })
  }
}

/// What is expected are TensorFlow's numbers.
@Suite struct `A gradient of rows that train_step takes as a tensor` {
  @Test func `belongs to the rows of the parameter, also if as many are gathered as it has`() throws {
    var graph = TableGraph(start: [1, 1, 1, 1], rows: [1, 2, 2, 0])
    graph.builder.constant("factors", [1, 2, 3, 4], [4, 1])
    graph.builder.add("products", op: "Mul", ["gathered", "factors"])
    graph.builder.add("loss", op: "Sum", ["products", "axes"])
    graph.builder.add("halved", op: "Mul", ["gradients/tensor", "half"])
    graph.builder.add("update", op: "ApplyGradientDescent", ["t", "rate", "halved"])
    try graph.expect([-1, 0.5, -1.5, 1], afterSteps: 1)
  }

  @Test func `changes all rows by a rule that does`() throws {
    var graph = TableGraph(start: [1, 2, 3, 4], rows: [1])
    graph.builder.add("loss", op: "Sum", ["gathered", "axes"])
    graph.slots([("accumulator", 0.1), ("linear", 0)], [4, 1])
    for (name, number) in [("l1", 0.001), ("l2", 0), ("power", -0.5)] as [(String, Float)] {
      graph.builder.constant(name, [number])
    }
    graph.builder.add(
      "update", op: "ApplyFtrl", ["t", "accumulator", "linear", "gradients/tensor", "half", "l1", "l2", "power"])
    try graph.expect([0, 0.574736, 0, 0], afterSteps: 2)
  }

  @Test func `counts ahead of the momentum where the rule says so`() throws {
    var graph = TableGraph(start: [1, 2, 3], rows: [0, 2, 2])
    graph.builder.add("squares", op: "Square", ["gathered"])
    graph.builder.add("loss", op: "Sum", ["squares", "axes"])
    graph.slots([("m", 0), ("v", 0)], [3, 1])
    for (name, number) in [("tenth", 0.1), ("beta1", 0.9), ("beta2", 0.99), ("epsilon", 1e-4)] as [(String, Float)] {
      graph.builder.constant(name, [number])
    }
    graph.builder.add(
      "update", op: "ApplyAdam",
      ["t", "m", "v", "beta1", "beta2", "tenth", "beta1", "beta2", "epsilon", "gradients/tensor"],
      ["use_nesterov": .bool(true)])
    try graph.expect([0.67421, 2, 2.669321], afterSteps: 2)
  }
}
