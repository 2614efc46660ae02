import Kernels

/// Times our product of matrices beside a bare `cblas_sgemm` on the same memory, the two taking turns.
public struct MatmulBenchmark {
  /// The size of a product: `C` is `m × n`, `k` is summed over.
  public struct Shape: Hashable, Sendable, CustomStringConvertible {
    /// The rows of `A` and `C`.
    public var m: Int
    /// The columns of `B` and `C`.
    public var n: Int
    /// The columns of `A`, the rows of `B`.
    public var k: Int

    /// The largest extent.
    public static let limit = 1 << 14

    /// The size `m × n`, summed over `k`.
    public init(m: Int, n: Int, k: Int) { (self.m, self.n, self.k) = (m, n, k) }

    /// Reads `MxNxK`; `nil` if `text` is something else, or an extent is not in 1…``limit``.
    public init?(parsing text: String) {
      let extents = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard extents.count == 3, extents.allSatisfy({ (1...Self.limit).contains($0) }) else { return nil }
      self.init(m: extents[0], n: extents[1], k: extents[2])
    }

    public var description: String { m == n && n == k ? "\(m)" : "\(m)x\(n)x\(k)" }

    /// The floating-point operations of one product.
    public var operationCount: Int { 2 * m * n * k }
  }

  /// Which operands are stored transposed, `A` first.
  public enum Transposition: String, Hashable, Sendable, CaseIterable {
    case nn, nt, tn, tt

    /// Whether `A` is stored as `k × m`.
    public var isA: Bool { self == .tn || self == .tt }
    /// Whether `B` is stored as `n × k`.
    public var isB: Bool { self == .nt || self == .tt }
  }

  /// What was found.
  public struct Result: Hashable, Sendable {
    /// The size.
    public var shape: Shape
    /// Which operands are transposed.
    public var transposition: Transposition
    /// The median speed of our product, in 10⁹ operations per second.
    public var gigaflops: Double
    /// The median speed of the bare one.
    public var bareGigaflops: Double
    /// How fast ours is compared with the bare one: the median over pairs of neighbouring runs.
    public var ratio: Double
    /// The sum of the elements of our result.
    public var checksum: Double
  }

  /// The size.
  public let shape: Shape
  /// Which operands are transposed.
  public let transposition: Transposition
  private let memory: AlignedMemory
  private let a, b, c: MemoryView<Float>

  /// A benchmark with random operands in [-0.5, 0.5), decided by `seed`.
  public init(_ shape: Shape, _ transposition: Transposition, seed: UInt64 = 0) {
    self.shape = shape
    self.transposition = transposition
    let counts = [shape.m * shape.k, shape.k * shape.n, shape.m * shape.n]
    // Every matrix begins a cache line.
    let strides = counts.map { ($0 + 15) & ~15 }
    let size = MemoryLayout<Float>.stride
    memory = AlignedMemory(byteCount: strides.reduce(0, +) * size)
    a = memory.view(of: Float.self, count: counts[0])
    b = memory.view(of: Float.self, at: strides[0] * size, count: counts[1])
    c = memory.view(of: Float.self, at: (strides[0] + strides[1]) * size, count: counts[2])
    var generator = SplitMix64(seed: seed)
    for view in [a, b] {
      for index in 0..<view.count { view[index] = Float(generator.next() >> 40) * 0x1p-24 - 0.5 }
    }
  }

  /// Our product, `repetitions` times.
  public func runOurs(repetitions: Int) {
    for _ in 0..<repetitions {
      LinearAlgebra.matmul(
        a, transposed: transposition.isA, b, transposed: transposition.isB, into: c, m: shape.m, k: shape.k, n: shape.n)
    }
  }

  /// The bare product, `repetitions` times.
  public func runBare(repetitions: Int) {
    for _ in 0..<repetitions {
      LinearAlgebra.bareSGEMM(
        a, transposed: transposition.isA, b, transposed: transposition.isB, into: c, m: shape.m, k: shape.k, n: shape.n)
    }
  }

  /// How many products take at least `time` together.
  public func repetitions(lasting time: Duration) -> Int {
    var repetitions = 1
    while repetitions < 1 << 20 {
      let taken = ContinuousClock().measure { runBare(repetitions: repetitions) }
      if taken >= time { return repetitions }
      // At most fourfold, so that a first run with cold caches misleads little.
      repetitions = max(repetitions + 1, min(4 * repetitions, Int(Double(repetitions) * (1.1 * (time / taken)))))
    }
    return repetitions
  }

  /// The sum of the elements of the last result.
  public var checksum: Double { (0..<c.count).reduce(0.0) { $0 + Double(c[$1]) } }

  /// The speeds of `repetitions` products each way, one after the other, in 10⁹ operations per second.
  public func runPair(repetitions: Int, isOursFirst: Bool) -> (ours: Double, bare: Double) {
    let clock = ContinuousClock()
    var times = (ours: Duration.zero, bare: Duration.zero)
    for isOurs in [isOursFirst, !isOursFirst] {
      if isOurs {
        times.ours = clock.measure { runOurs(repetitions: repetitions) }
      } else {
        times.bare = clock.measure { runBare(repetitions: repetitions) }
      }
    }
    let operations = Double(shape.operationCount) * Double(repetitions)
    return (operations / (times.ours / .nanoseconds(1)), operations / (times.bare / .nanoseconds(1)))
  }

  /// Times `pairs` runs of each, at least one, each as long as `time` or a single product.
  public func run(pairs: Int = 25, time: Duration = .milliseconds(4)) -> Result {
    precondition(pairs > 0, "\(pairs) pairs")
    runOurs(repetitions: 1)
    let repetitions = repetitions(lasting: time)
    // Who goes first changes, so that neither always finds what the other left in the caches.
    let speeds = (0..<pairs).map { runPair(repetitions: repetitions, isOursFirst: $0 % 2 == 0) }
    runOurs(repetitions: 1)
    return Result(
      shape: shape, transposition: transposition, gigaflops: TimeSample.median(of: speeds.map(\.ours)),
      bareGigaflops: TimeSample.median(of: speeds.map(\.bare)),
      ratio: TimeSample.median(of: speeds.map { $0.ours / $0.bare }), checksum: checksum)
  }
}
