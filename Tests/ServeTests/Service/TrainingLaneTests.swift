import Kernels
import PS
import Parameters
import Serve
import Synchronization
import TestSupport
import Testing

@Suite struct `A lane with parameters elsewhere` {
  private let model: Model
  private let choice: OptimizerChoice
  private let memory: MemoryStore
  private let statistics = ModelStatistics(classes: 5, window: 100, at: .now)

  init() throws {
    model = try Model(configPath: SmallService.folder + "/mlp_small.json")
    choice = try OptimizerChoice(model.importer, options: .init(.training), tables: [])
    memory =
      try model.openStore(.memory, optimizers: choice.optimizers, frozen: choice.frozen).store as! MemoryStore
  }

  private func open() -> LossyStore { LossyStore(FarStore(memory)) }

  private func lane(
    _ store: LossyStore, _ options: ServiceOptions = ServiceOptions(), reopen: TrainingLane.OpenStore? = nil
  ) throws -> TrainingLane {
    try TrainingLane(model, choice: choice, store: store, reopen: reopen, pool: LanePool(lanes: 1), options: options)
  }

  private func train(_ lane: TrainingLane, _ offsets: Range<UInt64>? = nil) throws -> TrainReply {
    let source = offsets.map { SourceRange(name: "s", begin: $0.lowerBound, end: $0.upperBound) }
    let request = TrainRequest(batch: SmallService.batch(8), source: source)
    return try lane.train(request, statistics: statistics) { nil }
  }

  @Test func `opens its store anew after a lost answer, and applies a batch of a source once`() throws {
    let (store, memory) = (open(), memory)
    let opened = Mutex(0)
    let lane = try lane(store) {
      opened.withLock { $0 += 1 }
      return LossyStore(FarStore(memory))
    }
    _ = try train(lane, 0..<8)
    store.loseNextAnswer()
    #expect(throws: ClientError.self) { try train(lane, 8..<16) }
    let again = try train(lane, 8..<16)
    #expect(again.isDuplicate && again.version == 2)
    let next = try train(lane, 16..<24)
    #expect(!next.isDuplicate && next.version == 3)
    #expect(opened.withLock { $0 } == 1)
  }

  @Test func `says of a batch without a source that nobody knows what became of it`() throws {
    let (store, memory) = (open(), memory)
    let lane = try lane(store) { LossyStore(FarStore(memory)) }
    store.loseNextAnswer()
    let error = #expect(throws: ServiceError.self) { try train(lane) }
    #expect(error?.kind == .outcomeUnknown && error?.kind.isTemporary == false)
    #expect(try train(lane).version == 2)
  }

  @Test func `answers that a batch is applied when its metrics of after the update cannot be had`() throws {
    var options = ServiceOptions()
    options.metrics = .after
    let store = open()
    let lane = try lane(store, options)
    #expect(try train(lane).metrics.map(\.name) == ["loss", "accuracy"])
    store.stopReadingAfterPush()
    let reply = try train(lane)
    #expect(reply.version == 2 && reply.metrics.contains { $0.name == "all.loss" })
    #expect(statistics.figures(at: .now).counts.unobserved == 1)
  }

  @Test func `follows a schedule by the updates of all lanes`() throws {
    let fixture = try OptimizerFixture("sgd_exponential")
    let (model, choice) = (fixture.model, try fixture.choice(.init(.twin)))
    let memory = try MemoryStore(
      model.specs(optimizers: choice.optimizers, initialValues: model.parameters.map { _ in .zeros }))
    for parameter in model.parameters { try memory.write(fixture.tensor(parameter.name), to: parameter.name) }
    let lanes = try (0..<2).map { _ in
      try TrainingLane(
        model, choice: choice, store: FarStore(memory), reopen: nil, pool: LanePool(lanes: 1),
        options: ServiceOptions())
    }
    let statistics = ModelStatistics(classes: model.logitsPerLabel, window: 100, at: .now)
    for step in 0...32 {
      _ = try lanes[step % 2].train(TrainRequest(batch: fixture.batch(step)), statistics: statistics) { nil }
    }
    #expect((memory.parameters[0].optimizer.rate - 0.025).magnitude < 1e-8)
  }

  @Test func `tries to open its store again and again`() throws {
    let (store, memory) = (open(), memory)
    let failures = Mutex(2)
    let lane = try lane(store) {
      let fails = failures.withLock { count in
        count -= 1
        return count >= 0
      }
      if fails { throw ClientError.forgotten(server: "far", model: "m") }
      return LossyStore(FarStore(memory))
    }
    store.loseNextAnswer()
    #expect(throws: ClientError.self) { try train(lane, 0..<8) }
    for _ in 0..<2 {
      let error = #expect(throws: ServiceError.self) { try train(lane, 0..<8) }
      #expect(error?.kind == .storage)
    }
    #expect(try train(lane, 0..<8).isDuplicate)
  }
}
