import PS
import Remote
import Serve
import Testing
import Transport

@Suite struct `Answers of a train server` {
  private static var clicks: SyntheticClicks { SyntheticClicks(name: "clicks", options: SyntheticClicks.Options()) }

  private static func isUnusable(_ error: TrainClientError?) -> Bool {
    if case .unusable? = error { true } else { false }
  }

  @Test(arguments: [
    ModelDescription(version: 0, features: 39, labels: 1, logits: 1, batchSize: 0),
    ModelDescription(version: 0, features: 39, labels: 1, logits: 1, batchSize: Int(UInt32.max)),
    ModelDescription(version: 0, features: 0, labels: 1, logits: 1, batchSize: 8),
    ModelDescription(version: 0, features: 39, labels: 1, logits: 0, batchSize: 8),
  ])
  func `are an error if there can be no model as one is described`(_ description: ModelDescription) async throws {
    let listener = try await FakeTrainService.listen(description)
    let error = await #expect(throws: TrainClientError.self) {
      var options = RemoteTraining.Options()
      options.steps = 1
      var training = try await RemoteTraining("m", at: listener.address, options: options) { _ in Self.clicks }
      var reporter = ProgressReporter(style: .json, cadence: .steps(.max), at: .now) { _ in }
      _ = try await training.run(reporter: &reporter, until: StopRequest())
    }
    #expect(Self.isUnusable(error))
    await listener.drain(within: .zero)
  }

  @Test(arguments: [
    ScoreBatchReply(version: 0, classes: 2, probabilities: [0.5, 0.5]),
    ScoreBatchReply(version: 0, classes: 3, probabilities: [Float](repeating: 0.25, count: 12)),
    ScoreBatchReply(version: 0, classes: 0, probabilities: []),
  ])
  func `are an error if scores do not fit the examples or the model`(_ scores: ScoreBatchReply) async throws {
    let listener = try await FakeTrainService.listen(
      ModelDescription(version: 0, features: 39, labels: 1, logits: 2, batchSize: 8), scores: scores)
    let error = await #expect(throws: TrainClientError.self) {
      let client = TrainClient(to: listener.address)
      var scoring = try await RemoteScoring("m", client, batch: 4, limit: 4) { _ in Self.clicks }
      _ = try await scoring.run(until: StopRequest()) { _ in }
    }
    #expect(Self.isUnusable(error))
    await listener.drain(within: .zero)
  }
}
