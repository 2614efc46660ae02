import Serve
import Testing

@Suite struct `A benchmark of products` {
  @Test(arguments: MatmulBenchmark.Transposition.allCases)
  func `computes the same product as the bare one`(_ transposition: MatmulBenchmark.Transposition) {
    let benchmark = MatmulBenchmark(.init(m: 7, n: 18, k: 33), transposition)
    benchmark.runOurs(repetitions: 1)
    let ours = benchmark.checksum
    benchmark.runBare(repetitions: 1)
    #expect(abs(ours - benchmark.checksum) < 1e-3)
    #expect(ours != 0)
  }

  @Test func `reports speeds of both and their ratio`() {
    let result = MatmulBenchmark(.init(m: 16, n: 16, k: 16), .nt).run(pairs: 3, time: .microseconds(10))
    #expect(result.gigaflops > 0 && result.bareGigaflops > 0 && result.ratio > 0)
  }

  @Test func `reads shapes`() {
    #expect(MatmulBenchmark.Shape(parsing: "1024x500x784") == .init(m: 1024, n: 500, k: 784))
    for text in ["", "1", "1x2", "1x2x3x4", "0x1x1", "ax1x1", "1x2x99999", "1x2x-3", "x2x3"] {
      #expect(MatmulBenchmark.Shape(parsing: text) == nil, "\(text)")
    }
  }
}

@Suite struct `A sample of times` {
  @Test func `knows its extremes and its middle`() {
    let odd = TimeSample([Duration.milliseconds(3), .milliseconds(1), .milliseconds(10)])
    #expect((odd.minimum, odd.median, odd.maximum) == (1, 3, 10))
    #expect(TimeSample([Duration.milliseconds(3), .milliseconds(1)]).median == 2)
  }
}
