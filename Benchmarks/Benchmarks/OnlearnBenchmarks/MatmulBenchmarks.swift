import Benchmark
import Kernels
import Serve

/// Our product of matrices beside a bare `cblas_sgemm` on the same memory, on one thread; the two take turns.
func addMatmulBenchmarks() {
  for size in [64, 128, 256, 512, 1024, 2048] {
    for transposition in MatmulBenchmark.Transposition.allCases {
      addMatmul(MatmulBenchmark.Shape(m: size, n: size, k: size), transposition)
    }
  }
  // The products of a tile of 512 examples of the 784-500-10 perceptron: forward, and the gradients.
  for (shape, transposition) in [
    (MatmulBenchmark.Shape(m: 512, n: 500, k: 784), MatmulBenchmark.Transposition.nn),
    (MatmulBenchmark.Shape(m: 512, n: 10, k: 500), .nn),
    (MatmulBenchmark.Shape(m: 512, n: 500, k: 10), .nt),
    (MatmulBenchmark.Shape(m: 500, n: 10, k: 512), .tn),
    (MatmulBenchmark.Shape(m: 784, n: 500, k: 512), .tn),
  ] {
    addMatmul(shape, transposition)
  }
}

private func addMatmul(_ shape: MatmulBenchmark.Shape, _ transposition: MatmulBenchmark.Transposition) {
  let ours = BenchmarkMetric.custom("Kernels, FLOP/s", polarity: .prefersLarger, useScalingFactor: false)
  let bare = BenchmarkMetric.custom("cblas_sgemm, FLOP/s", polarity: .prefersLarger, useScalingFactor: false)
  let ratio = BenchmarkMetric.custom("Kernels / cblas_sgemm, ‰", polarity: .prefersLarger, useScalingFactor: false)
  var prepared: (benchmark: MatmulBenchmark, repetitions: Int)?
  var isOursFirst = true
  Benchmark(
    "Matmul.\(transposition.rawValue)(\(shape))",
    configuration: .init(
      metrics: [ours, bare, ratio], warmupIterations: 2, maxDuration: .milliseconds(600), maxIterations: 50)
  ) { measurement in
    guard let (benchmark, repetitions) = prepared else { return }
    let speeds = benchmark.runPair(repetitions: repetitions, isOursFirst: isOursFirst)
    isOursFirst.toggle()
    measurement.measurement(ours, Int(speeds.ours * 1e9))
    measurement.measurement(bare, Int(speeds.bare * 1e9))
    measurement.measurement(ratio, Int((speeds.ours / speeds.bare * 1000).rounded()))
  } setup: {
    let benchmark = MatmulBenchmark(shape, transposition)
    prepared = (benchmark, benchmark.repetitions(lasting: .milliseconds(4)))
  } teardown: {
    prepared?.benchmark.runOurs(repetitions: 1)
    print("Matmul.\(transposition.rawValue)(\(shape)): checksum \(prepared?.benchmark.checksum ?? .nan)")
    prepared = nil
  }
}
