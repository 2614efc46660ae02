import GraphDefImport
import Kernels
import Parameters
import Serve
import TestSupport
import Testing

@Suite struct `The bytes that a step touches` {
  /// A model whose logit is the sum of the rows that an example's eight ids name, in a table of `rows` rows.
  private func model(rows: Int, in folder: TemporaryFolder) throws -> Model {
    var graph = GraphDefBuilder()
    graph.placeholder("input_x", .float, [-1, 8])
    graph.variable("v", [rows, 4], initialValue: graph.constant("start", [0.5], [rows, 4]))
    graph.add("ids", op: "Cast", ["input_x"], ["SrcT": .type(.float), "DstT": .type(.int32)])
    for axis in [0, 1, 2] as [Int32] { graph.constant("axis\(axis)", integers: [axis]) }
    graph.add("rows", op: "GatherV2", ["v/read", "ids", "axis0"])
    graph.add("sums", op: "Sum", ["rows", "axis2"])
    graph.add("logits", op: "Sum", ["sums", "axis1"], ["keep_dims": .bool(true)])
    graph.constant("axes", integers: [0, 1])
    graph.add("loss", op: "Mean", ["logits", "axes"])
    let pb = try folder.write(graph.encoded(), to: "sums.pb")
    let config = ModelConfig(
      modelName: "sums", dense: ["v"], observe: [], batchSize: 256, inputSize: [256, 8], outputSize: [256, 1])
    return try Model(config: config, file: GraphFile.read(pb))
  }

  @Test func `are as many in tables of any size, where as many rows are touched`() throws {
    let folder = try TemporaryFolder()
    var found: [StepTraffic] = []
    for rows in [1 << 10, 1 << 16, 1 << 20] {
      let model = try model(rows: rows, in: folder)
      #expect(model.parameters[0].isTable && model.parameters[0].shape[0] == rows)
      var batch = Batch(syntheticFor: model, examples: 256, seed: 1)
      try batch.spreadIds(over: 600, of: model, seed: 1)
      let (store, _) = try model.openStore(.memory, optimizers: [.sgd(rate: 0.05)])
      var benchmark = try StepBenchmark(model, batch, store: store, pool: LanePool(lanes: 2))
      found.append(try benchmark.run(steps: 1).traffic)
    }
    #expect(found.allSatisfy { $0.rows == 600 && $0 == found[0] }, "\(found)")
    // At least the rows that ids name are read, and the touched ones are read and written.
    #expect(found[0].bytes > 4 * (256 * 8 * 4 + 2 * 600 * 4))
  }

  @Test func `are more where more rows are touched, and with optimizers that keep more`() throws {
    let folder = try TemporaryFolder()
    let model = try model(rows: 1 << 12, in: folder)
    func traffic(_ rows: Int, _ optimizer: Optimizer) throws -> StepTraffic {
      var batch = Batch(syntheticFor: model, examples: 256, seed: 1)
      try batch.spreadIds(over: rows, of: model, seed: 1)
      let (store, _) = try model.openStore(.memory, optimizers: [optimizer])
      var benchmark = try StepBenchmark(model, batch, store: store, pool: LanePool(lanes: 1))
      return try benchmark.run(steps: 1).traffic
    }
    let few = try traffic(100, .sgd(rate: 0.05))
    // Each row's gradient is read, its weights are read and written, all of 4 floats.
    #expect(try traffic(200, .sgd(rate: 0.05)).bytes - few.bytes == 100 * 3 * 16)
    // The slot of as many floats is read and written.
    #expect(try traffic(100, Optimizer(.momentum(Momentum()))).bytes - few.bytes == 100 * 2 * 16)
  }
}
