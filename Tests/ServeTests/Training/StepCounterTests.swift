import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

/// What is expected are TensorFlow's numbers.
@Suite struct `A loss that depends on the number of the step` {
  private let config = ModelConfig(
    modelName: "counting", dense: ["w"], observe: [], batchSize: 2, inputSize: [2, 1], outputSize: [2, 1])

  /// A linear model whose loss is multiplied by one, two, three and so on, step by step.
  private var graph: GraphDefBuilder {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 1])
    graph.constant("start", [1], [1, 1])
    graph.variable("w", [1, 1], initialValue: "start")
    graph.constant("zero", integers: [0])
    graph.variable("global_step", [], initialValue: "zero", dataType: .int32)
    graph.constant("one", integers: [1])
    graph.constant("axes", integers: [0, 1])
    graph.constant("rate", [1])
    graph.add("next", op: "AddV2", ["global_step/read", "one"])
    graph.add("factor", op: "Cast", ["next"], ["DstT": .type(.float)])
    graph.add("logits", op: "MatMul", ["input_x", "w/read"])
    graph.add("mean", op: "Mean", ["logits", "axes"])
    graph.add("loss", op: "Mul", ["mean", "factor"])
    graph.add("gradients/w", op: "Mul", ["w/read", "factor"])
    graph.add("update", op: "ApplyGradientDescent", ["w", "rate", "gradients/w"])
    graph.add("train_step", op: "AssignAdd", ["global_step", "one", "^update"])
    return graph
  }

  @Test func `sees the steps counted in a session`() throws {
    let session = try Session(graph.graph, config: config, pool: LanePool(lanes: 1))
    let x = (name: "input_x", array: NpyArray(shape: [2, 1], values: .float32([1, 1])))
    var options = Session.Options()
    options.trainingSteps = 3
    let result = try session.run(feeds: [x], fetches: ["w", "loss"], options: options)
    #expect(result.losses == [1, 0, -6])
    #expect(result.arrays.map(\.floats) == [[-5], [-20]])
  }

  @Test func `sees the steps counted by a trainer, also by one that goes on`() throws {
    let model = try Model(config: config, file: GraphFile(decoding: graph.encoded(), path: "counting.pb"))
    let store = try model.openStore(.memory, optimizers: [.sgd(rate: 1)]).store
    let batch = Batch(examples: 2, x: [1, 1], y: [0, 0])
    var losses: [Float] = []
    for _ in 0..<2 {
      let trainer = try Trainer(model, store: store, pool: LanePool(lanes: 1))
      for _ in 0..<2 { losses.append(try trainer.step(batch).loss) }
    }
    #expect(losses == [1, 0, -6, -20])
  }
}
