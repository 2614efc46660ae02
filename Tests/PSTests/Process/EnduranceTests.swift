import CAllocationCounter
import Foundation
import Kernels
import PS
import Parameters
import TestSupport
import Testing
import Transport

/// What a server takes while it works for long: half an hour under `make soak`, or as many seconds as `SOAK_SECONDS` says.
@Suite struct `A server that works for long` {
  private static let seconds: Double? = {
    let environment = ProcessInfo.processInfo.environment
    return environment["SOAK"].map { _ in environment["SOAK_SECONDS"].flatMap(Double.init) ?? 1800 }
  }()

  private static let schema = [
    ParameterSpec(name: "dense", shape: [10_000], optimizer: Optimizer(.adam(Adam()))),
    ParameterSpec(name: "table", shape: [20_000, 8], kind: .table, optimizer: Optimizer(.adagrad(Adagrad()))),
  ]

  /// What this process takes.
  private struct Sample {
    let seconds: Double
    let allocatedBytes: Double
    let residentBytes: Double
    let files: Int

    init(at seconds: Double) throws {
      self.seconds = seconds
      allocatedBytes = Double(onlearn_allocated_bytes())
      let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
      residentBytes = 4096 * (Double(pages) ?? 0)
      files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
  }

  /// How many clients come and go at once in the beginning: a server remembers 65,536 whose sessions it gave up.
  private static let earlyClients = 70_000

  /// Connects, pushes and pulls a batch, and leaves, as often as its share of the early clients; then connects, pushes and
  /// pulls 50 batches, and leaves, until the time is up.
  private static func train(_ address: Address, until end: Date, seed: UInt64) throws -> Int {
    var random = SplitMix64(seed: seed)
    var count = 0
    var gradient = [Float](repeating: 0.01, count: 10_000)
    // A machine that stands still for a while, as laptops do, is no failure.
    var options = NetworkLinks.Options()
    options.patience.total = .seconds(600)
    var clients = 0
    while Date.now < end {
      clients += 1
      let isEarly = clients <= earlyClients / 4
      let client = try ParameterClient(schema, name: "m", links: NetworkLinks([address], options: options))
      for _ in 0..<(isEarly ? 1 : 50) where Date.now < end {
        var keys = Set((0..<64).map { _ in Int64.random(in: 0..<20_000, using: &random) }).sorted()
        var rows = [Float](repeating: 0.01, count: 8 * keys.count)
        try keys.withMemoryView { keys in
          try gradient.withMemoryView { gradient in
            try rows.withMemoryView { rows in
              _ = try client.exchange(
                push: .init(gradients: [.dense(gradient), .rows(keys: keys, values: rows)]),
                pull: RowRequest(tables: [.init(parameter: 1, keys: keys)]))
            }
          }
        }
        count += 1
        if !isEarly { Thread.sleep(forTimeInterval: 0.005) }
      }
    }
    return count
  }

  @Test(.enabled(if: seconds != nil), .timeLimit(.minutes(60)))
  func `takes no more memory and no more files`() async throws {
    let seconds = try #require(Self.seconds)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
    options.dataFolder = folder
    let server = try await ParameterServer.start(options)
    let start = Date.now
    let end = start + seconds
    let address = server.address
    var samples: [Sample] = []
    let pushes = try await withThrowingTaskGroup(of: Int.self) { group in
      for seed in 0..<4 as Range<UInt64> {
        group.addTask { try await Soak.onThread { try Self.train(address, until: end, seed: seed) } }
      }
      while Date.now < end - seconds / 30 {
        try await Task.sleep(for: .seconds(seconds / 30))
        samples.append(try Sample(at: Date.now.timeIntervalSince(start)))
      }
      return try await group.reduce(0, +)
    }
    try await server.stop()
    // The first third is for memory that is taken once: also by clients that left, of which the server remembers as many
    // then as it ever does. Half of the time is for what the C library keeps between blocks, which grows for longer.
    let growth = Self.growth(samples.dropFirst(samples.count / 3), \.allocatedBytes)
    let residentGrowth = Self.growth(samples.dropFirst(samples.count / 2), \.residentBytes)
    let files = samples.dropFirst(samples.count / 3).map(\.files)
    print(
      "\(pushes) pushes in \(seconds) s: \(growth) MiB more allocated in 10 min, \(residentGrowth) MiB more in memory, "
        + "files \(files.min() ?? 0) to \(files.max() ?? 0)")
    #expect(growth < 1)
    #expect(residentGrowth < 1)
    #expect((files.max() ?? 0) - (files.min() ?? 0) <= 8)
  }

  /// How many MiB more there are of `bytes` after ten minutes.
  private static func growth(_ samples: ArraySlice<Sample>, _ bytes: (Sample) -> Double) -> Double {
    slope(samples.map(\.seconds), samples.map(bytes)) * 600 / 1_048_576
  }

  /// The slope of the line through `y` over `x` with the least squares.
  private static func slope(_ x: [Double], _ y: [Double]) -> Double {
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let products = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
    return products / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
  }
}
