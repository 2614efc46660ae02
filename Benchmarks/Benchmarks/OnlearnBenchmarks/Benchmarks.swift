import Benchmark
import Kernels

/// What `make bench` measures: one line of the report for each.
let benchmarks: @Sendable () -> Void = {
  // As in training: each lane multiplies on its own.
  LinearAlgebra.useSingleThreadedBLAS()
  addMatmulBenchmarks()
  addModelBenchmarks()
}
