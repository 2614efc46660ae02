import Foundation
import PS
import Remote
import Serve
import Synchronization
import TestSupport
import Testing
import Transport

/// Hostile and broken requests of both protocols, beside an honest client whose batches count; see ``CountingModel``.
@Suite struct `A train server that is visited by hostile clients` {
  private let folder: CommandFolder
  private let model: CountingModel

  init() throws {
    folder = try CommandFolder()
    model = try CountingModel(in: folder)
  }

  @Test(.timeLimit(.minutes(10)))
  func `refuses all they ask for, changes nothing, and serves on`() async throws {
    let visits = Soak.volume(600, soak: 10_000)
    let store = try RunningServer(["ps", "--listen", "127.0.0.1:0"], log: "ps.log", in: folder)
    let storeAddress = try await store.value(after: "listens at ")
    let server = try RunningServer(
      ["serve", "--models", model.folder, "--store", "ps:\(storeAddress)", "--listen", "127.0.0.1:0"]
        + ["--http", "127.0.0.1:0", "--load", CountingModel.name] + CountingModel.training, log: "serve.log", in: folder
    )
    let address = try Address(try await server.value(after: "olp="))
    let web = try Address(try await server.value(after: "http="))
    _ = try await server.value(after: "ready ")
    let honest = HonestTraining(at: address)
    let quiet = try await honest.rate(during: { try await Task.sleep(for: .seconds(Soak.volume(1, soak: 20))) })
    let before = try server.residentByteCount

    var problems: [String] = []
    let busy = try await honest.rate {
      for visit in 0..<visits {
        if visit % 3 == 2 {
          let request = HostileWebRequest.all[visit / 3 % HostileWebRequest.all.count]
          if let problem = try await request.make(at: web) { problems.append(problem) }
        } else {
          let requests = HostileRequest.all(seed: UInt64(visit))
          let request = requests[(visit / 3 * 2 + visit % 3) % requests.count]
          if let problem = try await request.make(at: address) { problems.append(problem) }
        }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
    #expect(Set(problems) == [])
    let growth = try server.residentByteCount - before
    try await model.expect(try await honest.stop(), on: storeAddress)
    #expect(server.stop() == 0)
    #expect(store.stop() == 0)
    print(
      "\(visits) hostile requests: \(Int(quiet)) batches/s before, \(Int(busy)) beside them; "
        + "memory: \(growth >> 10) KiB more")
  }
}

/// A client that sends one batch of the ``CountingModel`` after the other.
private struct HonestTraining {
  /// How far it is.
  private final class Progress: Sendable {
    let batches = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)
  }

  private let progress: Progress
  private let work: Task<Void, any Error>

  init(at address: Address) {
    let progress = Progress()
    self.progress = progress
    work = Task {
      let client = TrainClient(to: address)
      let count = CountingModel.batch
      while !progress.isStopping.load(ordering: .relaxed) {
        let number = progress.batches.load(ordering: .relaxed)
        let x = (0..<2 * count).map { $0 % 2 == 0 ? 1 : Float(number % CountingModel.values + 1) }
        _ = try await client.train(
          CountingModel.name, Batch(examples: count, x: x, y: [Float](repeating: 1, count: count)),
          source: HostileRequest.honestSource, offsets: UInt64(number * count)..<UInt64((number + 1) * count))
        progress.batches.add(1, ordering: .relaxed)
      }
    }
  }

  /// The batches per second while `body` runs.
  func rate(during body: () async throws -> Void) async throws -> Double {
    let (start, before) = (ContinuousClock.now, progress.batches.load(ordering: .relaxed))
    try await body()
    return Double(progress.batches.load(ordering: .relaxed) - before) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Stops after the batch that is on its way.
  ///
  /// - Returns: The batches that were learned from.
  func stop() async throws -> Int {
    progress.isStopping.store(true, ordering: .relaxed)
    try await work.value
    return progress.batches.load(ordering: .relaxed)
  }
}
