import PS
import Remote
import Serve
import Testing
import Transport

@Suite struct `A training on a train server` {
  private static let description = ModelDescription(version: 0, features: 39, labels: 1, logits: 1, batchSize: 8)

  private static var clicks: SyntheticClicks { SyntheticClicks(name: "clicks", options: SyntheticClicks.Options()) }

  /// Examples of the small perceptron.
  private static func examples(_ count: Int) -> MemorySource {
    let batch = TrainServer.batch(count)
    return MemorySource(
      name: "examples", count: count, exampleShape: [20], features: .floats(batch.x), labels: batch.y, labelWidth: 1)
  }

  private static func train(
    at address: Address, on source: any DataSource, _ options: RemoteTraining.Options
  ) async throws -> ProgressSnapshot {
    var training = try await RemoteTraining(TrainServer.model, at: address, options: options) { _ in source }
    var reporter = ProgressReporter(style: .json, cadence: .steps(.max), at: .now, from: training.start) { _ in }
    return try await training.run(reporter: &reporter, until: StopRequest())
  }

  @Test func `sends the second batch of each stream when the first is answered`() async throws {
    let listener = try await FakeTrainService.listen(Self.description)
    var options = RemoteTraining.Options()
    options.steps = 8
    options.connections = 2
    let end = try await Self.train(at: listener.address, on: Self.clicks, options)
    #expect(end.step == 8 && end.examples == 64)
    #expect(try await listener.withService { $0.batches.values.sorted() } == [4, 4])
    #expect(try await listener.withService { $0.hasty.isEmpty })
    await listener.drain(within: .zero)
  }

  @Test func `goes on where the last one that resumes ended, with the same source`() async throws {
    let server = try await TrainServer()
    var options = RemoteTraining.Options()
    options.batch = 8
    options.epochs = .max
    options.isResuming = true
    for steps: UInt64 in [3, 5, 5] {
      options.steps = steps
      let end = try await Self.train(at: server.listener.address, on: Self.examples(80), options)
      #expect(end.step == steps && end.examples == 8 * steps && end.version == steps)
    }
    #expect(try await server.client().offset(ofSource: "examples", in: TrainServer.model) == 40)
    await server.stop()
  }

  @Test func `tells at the end how the model did up to then`() async throws {
    let server = try await TrainServer()
    var options = RemoteTraining.Options()
    options.batch = 8
    options.epochs = 4
    let end = try await Self.train(at: server.listener.address, on: Self.examples(80), options)
    let all = try await server.models.model(TrainServer.model).figures.all
    #expect(all.examples == 320)
    #expect(end.metrics.first { $0.name == "accuracy" }?.value == all.accuracy)
    await server.stop()
  }

  @Test func `shows no figures of examples that were not judged`() async throws {
    let listener = try await FakeTrainService.listen(Self.description)
    var options = RemoteTraining.Options()
    options.steps = 1
    #expect(try await Self.train(at: listener.address, on: Self.clicks, options).metrics.isEmpty)
    await listener.drain(within: .zero)
  }
}
