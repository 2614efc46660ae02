import Files
import Glibc
import Serve
import Testing

@Suite struct `Synthetic clicks` {
  private func open(_ options: String = "") throws -> SyntheticClicks {
    try #require(try SourceSpecification(parsing: "synthetic:ctr\(options)").open() as? SyntheticClicks)
  }

  @Test(arguments: ["?seed=1", "?seed=1&drift=1", "?seed=2&fields=8&rank=2"])
  func `depend on seed and offset only`(_ options: String) throws {
    var (whole, parts) = (try open(options), try open(options))
    var (all, part, joined) = (Batch(), Batch(), (x: [Float](), y: [Float]()))
    #expect(whole.next(into: &all, upTo: 10_000))
    while joined.y.count < 10_000 {
      #expect(parts.next(into: &part, upTo: min(777, 10_000 - joined.y.count)))
      joined.x += part.x
      joined.y += part.y
    }
    #expect(joined.x == all.x && joined.y == all.y)
    var later = try open(options)
    #expect(later.skip(to: 9_000) == 9_000)
    #expect(later.next(into: &part, upTo: 1000))
    #expect(part.y[...] == all.y[9_000...] && part.begin == 9_000 && part.end == 10_000)
    var other = try open(options.replacing("seed=", with: "seed=1"))
    #expect(other.next(into: &part, upTo: 10_000))
    #expect(part.x != all.x && part.y != all.y)
  }

  @Test func `have skewed ids in the range of their field`() throws {
    var source = try open()
    var batch = Batch()
    #expect(source.next(into: &batch, upTo: 20_000))
    for field in 0..<39 {
      var counts: [Int: Int] = [:]
      for example in 0..<20_000 { counts[Int(batch.x[example * 39 + field]), default: 0] += 1 }
      #expect(counts.keys.allSatisfy { $0 >> 10 == field + 1 })
      let values = 1 << (2 + field * 5 % 6)
      #expect(counts.count <= values)
      let first = Double(counts[(field + 1) << 10] ?? 0) / 20_000
      let expected = 1 / (1...values).reduce(0) { $0 + pow(Double($1), -1.3) }
      #expect(abs(first - expected) < 0.02, "field \(field)")
    }
  }

  @Test(arguments: [("", 0.25), ("?rate=0.03", 0.03), ("?drift=2", 0.25)])
  func `come at the rate asked for, and the best learner scores the ceiling`(_ options: String, _ rate: Double) throws {
    var source = try open(options)
    var batch = Batch()
    #expect(source.next(into: &batch, upTo: 100_000))
    let clicks = Double(batch.y.reduce(0, +)) / 100_000
    #expect(abs(clicks - rate) < 0.01)
    let ceiling = source.ceiling(count: 100_000)
    #expect(abs(ceiling.rate - rate) < 0.01)
    #expect((0.7..<0.9).contains(ceiling.auc))
    #expect(source.notices.count == 1 && source.notices[0].contains("auc 0.\(Int(ceiling.auc * 100))"))
    #expect(ceiling.logLoss < -(rate * log(rate) + (1 - rate) * log(1 - rate)))
  }

  @Test func `drift, and stay as hard`() throws {
    let source = try open("?drift=1")
    let (start, later) = (source.ceiling(), source.ceiling(from: 3_000_000))
    #expect(abs(start.auc - later.auc) < 0.03)
  }

  @Test(arguments: ["fields=64", "fields=0", "rank=9", "drift=-1", "rate=1", "seed=-1", "seed=x", "noise=1"])
  func `cannot be had with`(_ option: String) throws {
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: "synthetic:ctr?\(option)") }
    #expect(error?.exitStatus == .usage)
  }
}
