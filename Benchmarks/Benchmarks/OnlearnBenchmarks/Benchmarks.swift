import Benchmark

/// What `make bench` measures: one line of the report for each.
let benchmarks: @Sendable () -> Void = {
  addMatmulBenchmarks()
  addConvolutionBenchmarks()
  addModelBenchmarks()
}
