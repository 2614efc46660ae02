import Benchmark
import Kernels
import Parameters
import Serve

/// What happens between a file and a trained model: importing a graph, and training steps.
func addModelBenchmarks() {
  let mlp = modelsFolder + "mlp.json"
  Benchmark("Model.import(mlp)", configuration: .init(metrics: [.wallClock], maxDuration: .seconds(2))) { measurement in
    let model = try Model(configPath: mlp)
    blackHole(model)
  }

  var step: StepBenchmark?
  var loss: Float = .nan
  Benchmark(
    "Trainer.step(mlp, 1024)",
    configuration: .init(
      metrics: [.wallClock, .throughput], warmupIterations: 5, maxDuration: .seconds(5), maxIterations: 200)
  ) { measurement in
    loss = try step?.step() ?? .nan
  } setup: {
    let model = try Model(configPath: mlp)
    let (store, _) = try model.openStore(.memory, optimizers: model.parameters.map { _ in .sgd(rate: 0.05) })
    step = try StepBenchmark(
      model, Batch(syntheticFor: model, examples: 1024, seed: 0), store: store,
      pool: LanePool(lanes: LanePool.coreCount))
  } teardown: {
    print("Trainer.step(mlp, 1024): checksum \(loss)")
    step = nil
  }
}

/// The folder with the bundled models, beside this package.
private let modelsFolder =
  "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/Models/"
