import Foundation
import TestSupport
import Testing

/// A scheduler and two servers, in memory, for four workers.
private final class RunningCluster {
  static let workers = 4
  let address: String
  private let folder: CommandFolder
  private let servers: [RunningServer]
  private var scheduler: RunningServer
  private var starts = 0

  init(_ consistency: String) async throws {
    folder = try CommandFolder()
    scheduler = try RunningServer(Self.arguments(consistency, "127.0.0.1:0"), log: "scheduler.log", in: folder)
    let address = try await scheduler.value(after: "listens at ")
    self.address = address
    servers = try (0..<2).map { [folder] shard in
      try RunningServer(["ps", "--scheduler", address, "--shard", "\(shard)"], log: "server-\(shard).log", in: folder)
    }
    for server in servers { _ = try await server.value(after: "listens at ") }
  }

  private static func arguments(_ consistency: String, _ address: String) -> [String] {
    ["ps", "-r", "scheduler", "-s", "2", "-w", "\(workers)", "--consistency", consistency, "--listen", address]
  }

  /// Kills the scheduler and starts it again.
  func restartScheduler(_ consistency: String) throws {
    _ = scheduler.stop(SIGKILL)
    scheduler = try RunningServer(Self.arguments(consistency, address), log: "again.log", in: folder)
  }

  /// Starts a command against the cluster.
  func start(_ arguments: [String]) throws -> RunningServer {
    starts += 1
    return try RunningServer(arguments + ["--store", "ps:\(address)"], log: "\(starts).log", in: folder)
  }

  /// How many updates each server has applied to `model`.
  func versions(_ model: String) throws -> [Int] {
    let stats = try OnlearnProcess.run(["ps", "stats", address])
    return stats.output.split(separator: "\n").filter { $0.contains("model.\(model).version") }
      .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
  }

  func stop() { for server in servers + [scheduler] { #expect(server.stop() == 0, "\(server.text)") } }
}

/// Something to learn, and for how long.
private struct Job: Sendable, CustomTestStringConvertible {
  var name: String
  var data: String
  var batch: Int
  var steps: Int
  var rate = 0.05

  var testDescription: String { "\(name), \(steps) steps of \(batch)" }

  /// What the documentation has figures of under `make soak`, else a short training.
  static let all =
    ProcessInfo.processInfo.environment["SOAK"] == nil
    ? [Job(name: "fm", data: "synthetic:ctr", batch: 256, steps: 100)]
    : [
      Job(name: "fm", data: "synthetic:ctr", batch: 256, steps: 500),
      Job(name: "mlp", data: "fashion-mnist", batch: 128, steps: 500, rate: 0.005),
    ]

  /// The arguments of a worker that takes `steps` steps.
  func arguments(steps: Int) -> [String] {
    [
      "train", "Models/\(name).json", "--data", data, "--batch", "\(batch)", "--steps", "\(steps)",
      "--learning-rate", "\(rate)", "--threads", "1", "--json", "--report-every", "1000000",
    ]
  }

  /// The arguments of a client that scores some examples.
  var scoring: [String] { ["score", "Models/\(name).json", "--data", data, "--limit", "64", "--json"] }
}

/// What a worker says at its end.
private struct Report: Decodable {
  var loss: Double
  var examples: Double
  var done: Bool

  init(of text: String) throws {
    let line = text.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
    self = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
  }
}

@Suite(.serialized) struct `Four workers at two parameter servers` {
  /// Lets four workers take `job.steps` steps each; gives the losses of each over all that it scored before learning from
  /// it, and scores of what was learned.
  private func train(_ job: Job, _ consistency: String) async throws -> (losses: [Double], scores: String) {
    let cluster = try await RunningCluster(consistency)
    let workers = try (0..<RunningCluster.workers).map {
      try cluster.start(job.arguments(steps: job.steps) + ["--rank", "\($0)"])
    }
    let losses = try workers.map { worker in
      #expect(worker.end() == 0, "\(worker.text)")
      return try Report(of: worker.text).loss
    }
    let scoring = try cluster.start(job.scoring)
    #expect(scoring.end() == 0, "\(scoring.text)")
    cluster.stop()
    return (losses, scoring.text)
  }

  @Test(arguments: Job.all)
  fileprivate func `learn as well as one that takes all steps, waiting for nobody`(_ job: Job) async throws {
    let alone = try OnlearnProcess.run(job.arguments(steps: job.steps * RunningCluster.workers))
    let expected = try Report(of: alone.output).loss
    let losses = try await train(job, "asp").losses
    let mean = losses.reduce(0, +) / Double(losses.count)
    #expect(abs(mean - expected) <= 0.02 * expected, "\(job.testDescription): \(mean) of \(losses), not \(expected)")
  }

  @Test(arguments: Job.all)
  fileprivate func `learn the same to the last bit in each run, when they keep in step`(_ job: Job) async throws {
    let (first, second) = (try await train(job, "bsp"), try await train(job, "bsp"))
    #expect(first.losses == second.losses)
    #expect(first.scores == second.scores)
    #expect(Set(first.losses).count == RunningCluster.workers)
  }

  @Test func `take every step once, though the scheduler, a worker and a client are killed and started again`()
    async throws
  {
    let job = Job(name: "fm", data: "synthetic:ctr", batch: 64, steps: 3000)
    let cluster = try await RunningCluster("asp")
    func worker(_ rank: Int) throws -> RunningServer {
      try cluster.start(job.arguments(steps: job.steps) + ["--rank", "\(rank)", "--resume"])
    }
    var workers = try (0..<RunningCluster.workers).map(worker)
    while try cluster.versions(job.name).min() ?? 0 < 200 { try await Task.sleep(for: .milliseconds(10)) }
    let client = try cluster.start(job.scoring)
    _ = workers[3].stop(SIGKILL)
    _ = client.stop(SIGKILL)
    try cluster.restartScheduler("asp")
    workers[3] = try worker(3)
    let scoring = try cluster.start(job.scoring)
    for process in workers + [scoring] { #expect(process.end() == 0, "\(process.text)") }
    let steps = job.steps * RunningCluster.workers
    #expect(try cluster.versions(job.name) == [steps, steps])
    #expect(try Report(of: workers[3].text).examples == Double(job.steps * job.batch))
    cluster.stop()
  }
}
