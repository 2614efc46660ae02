import Benchmark
import Serve

/// The convolutions of lenet and vgg and the pools behind them, pass by pass, on one thread.
///
/// Speeds count the operations of the definition, of which Winograd's method does fewer.
func addConvolutionBenchmarks() {
  for layer in ConvolutionBenchmark.Layer.all {
    for pass in ConvolutionBenchmark.Pass.allCases { addConvolution(layer, pass) }
  }
}

private func addConvolution(_ layer: ConvolutionBenchmark.Layer, _ pass: ConvolutionBenchmark.Pass) {
  let images = 64
  let operations = BenchmarkMetric.custom("FLOP/s", polarity: .prefersLarger, useScalingFactor: false)
  let bytes = BenchmarkMetric.custom("byte/s", polarity: .prefersLarger, useScalingFactor: false)
  let isPool = pass == .pool || pass == .poolGradient
  var prepared: ConvolutionBenchmark?
  Benchmark(
    "Convolution.\(pass.rawValue)(\(layer), \(images))",
    configuration: .init(
      metrics: [.wallClock, isPool ? bytes : operations], warmupIterations: 2, maxDuration: .milliseconds(600),
      maxIterations: 100)
  ) { measurement in
    guard let benchmark = prepared else { return }
    let seconds = ContinuousClock().measure { benchmark.run(pass) } / .seconds(1)
    measurement.measurement(operations, Int(Double(benchmark.operationCount(pass)) / seconds))
    measurement.measurement(bytes, Int(Double(benchmark.byteCount(pass)) / seconds))
  } setup: {
    prepared = ConvolutionBenchmark(layer, images: images)
  } teardown: {
    print("Convolution.\(pass.rawValue)(\(layer), \(images)): checksum \(prepared?.checksum(pass) ?? .nan)")
    prepared = nil
  }
}
