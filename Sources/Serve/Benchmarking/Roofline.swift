public import Kernels

/// What this machine can do at best with the lanes of a pool: how fast it computes, and how fast it moves memory.
///
/// - SeeAlso: S. Williams, A. Waterman and D. Patterson, *Roofline*, CACM 52(4), 2009.
public struct Roofline: Hashable, Sendable {
  /// 10⁹ floating-point operations per second, in products of 256 × 256 matrices on every lane.
  public var gigaflops: Double
  /// 10⁹ bytes per second, read and written in the second-level caches.
  public var cacheGigabytes: Double
  /// 10⁹ bytes per second, read and written in memory.
  public var memoryGigabytes: Double

  /// The bytes that are taken to stay in a second-level cache.
  static let cacheByteCount = 1 << 20

  /// Measures the machine, which takes about a tenth of a second.
  public init(measuredOn pool: LanePool) {
    let size = 256
    let matrices = Probe(floatsPerLane: 3 * size * size, lanes: pool.laneCount) { memory in
      LinearAlgebra.matmul(
        memory[0..<size * size], memory[size * size..<2 * size * size], into: memory[2 * size * size..<3 * size * size],
        m: size, k: size, n: size)
    }
    gigaflops = matrices.best(on: pool) { Double(2 * size * size * size) / $0 }
    cacheGigabytes = Self.bandwidth(floatsPerLane: 1 << 16, on: pool)
    memoryGigabytes = Self.bandwidth(floatsPerLane: 1 << 23, on: pool)
  }

  /// The least nanoseconds that take `operations` on `bytes`, of which one application touches `bytesAtOnce`.
  func nanoseconds(operations: Int, bytes: Int, bytesAtOnce: Int) -> Double {
    let bandwidth = bytesAtOnce <= Self.cacheByteCount ? cacheGigabytes : memoryGigabytes
    return max(Double(operations) / gigaflops, Double(bytes) / bandwidth)
  }

  /// The speed of adding one half of the memory to the other: two floats are read and one is written each time.
  private static func bandwidth(floatsPerLane count: Int, on pool: LanePool) -> Double {
    let sums = Probe(floatsPerLane: count, lanes: pool.laneCount) { memory in
      Elementwise.add(memory[0..<count / 2], into: memory[count / 2..<count])
    }
    return sums.best(on: pool) { Double(count / 2 * 3 * MemoryLayout<Float>.stride) / $0 }
  }

  /// The same work for every lane, on memory of its own.
  private struct Probe: LaneWork {
    private let memory: AlignedMemory
    private let floatsPerLane: Int
    private let body: (MemoryView<Float>) -> Void

    init(floatsPerLane: Int, lanes: Int, _ body: @escaping (MemoryView<Float>) -> Void) {
      self.floatsPerLane = floatsPerLane
      self.body = body
      memory = AlignedMemory(byteCount: lanes * floatsPerLane * MemoryLayout<Float>.stride)
      memory.view(of: Float.self, count: lanes * floatsPerLane).fill(1)
    }

    func run(lane: Int) {
      body(memory.view(of: Float.self, at: lane * floatsPerLane * MemoryLayout<Float>.stride, count: floatsPerLane))
    }

    /// The best speed of all lanes together, where one lane's is `speed` of the nanoseconds its share took.
    func best(on pool: LanePool, speed: (Double) -> Double) -> Double {
      var shortest = Double.infinity
      let start = MonotonicClock.nanoseconds
      repeat {
        let before = MonotonicClock.nanoseconds
        pool.run(self)
        shortest = min(shortest, Double(MonotonicClock.nanoseconds - before))
      } while MonotonicClock.nanoseconds - start < 30_000_000
      return Double(pool.laneCount) * speed(shortest)
    }
  }
}
