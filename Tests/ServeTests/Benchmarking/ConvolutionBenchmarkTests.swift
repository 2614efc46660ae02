import Kernels
import Serve
import Testing

@Suite struct `A benchmark of convolutions` {
  @Test(arguments: ConvolutionBenchmark.Layer.all, ConvolutionBenchmark.Pass.allCases)
  func `runs each pass of each layer, the same in every run`(
    _ layer: ConvolutionBenchmark.Layer, _ pass: ConvolutionBenchmark.Pass
  ) {
    let sums = (0..<2).map { _ in
      let benchmark = ConvolutionBenchmark(layer, images: 2, seed: 1)
      let before = benchmark.checksum(pass)
      benchmark.run(pass)
      #expect(benchmark.checksum(pass) != before)
      #expect(benchmark.byteCount(pass) > 0)
      return benchmark.checksum(pass)
    }
    #expect(sums[0].isFinite && sums[0] == sums[1])
  }

  @Test func `counts the operations of the definition`() {
    let benchmark = ConvolutionBenchmark(ConvolutionBenchmark.Layer.all[1], images: 1024)
    // 1024 images of 14×14 pixels, 5×5 filters, from 32 to 64 channels.
    #expect(benchmark.operationCount(.forward) == 2 * 1024 * 14 * 14 * 25 * 32 * 64)
    #expect(benchmark.operationCount(.pool) == 0)
  }

  @Test func `pools what the convolution gave`() {
    let benchmark = ConvolutionBenchmark(ConvolutionBenchmark.Layer.all[4], images: 1)
    benchmark.run(.forward)
    benchmark.run(.pool)
    let maxima = benchmark.checksum(.pool)
    benchmark.run(.poolGradient)
    // Maxima of four are above the mean of all, which is a quarter as large a sum.
    #expect(maxima > benchmark.checksum(.forward) / 4)
  }
}
