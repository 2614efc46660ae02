import Foundation
import Glibc
import Parameters
import Serve
import Synchronization
import Testing

@Suite struct `A served model` {
  private func refusal(_ body: () async throws -> Void) async -> ServiceError.Kind? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ServiceError)?.kind
    }
  }

  @Test func `learns from batches and scores with what it learned`() async throws {
    let model = try await SmallService().model()
    var losses: [Float] = []
    for step in 1...200 {
      let reply = try await model.train(SmallService.batch(32, seed: UInt64(step)))
      #expect(reply.version == UInt64(step))
      losses.append(reply.loss)
    }
    #expect(losses[199] < losses[0] / 2)
    let test = SmallService.batch(100, seed: 1000)
    let scores = try await model.score(test, minimumVersion: 200)
    #expect(scores.version == 200)
    #expect(scores.classes == 5)
    let correct = (0..<100).filter { example in
      let row = scores.probabilities[example * 5..<example * 5 + 5]
      #expect(abs(row.reduce(0, +) - 1) < 1e-5)
      return Float(row.indices.max { row[$0] < row[$1] }! - row.startIndex) == test.y[example]
    }
    #expect(correct.count > 90)
  }

  @Test func `tells how well it did before it learned: for the batch, over all, over a window and with decay`()
    async throws
  {
    let model = try await SmallService().model()
    _ = try await model.train(SmallService.batch(32))
    let reply = try await model.train(SmallService.batch(32, seed: 2))
    let names = reply.metrics.map(\.name)
    #expect(names.contains("accuracy") && names.contains("all.loss"))
    #expect(names.contains("window.accuracy") && names.contains("decayed.log_loss"))
    #expect(model.figures.all.examples == 64)
    #expect(model.figures.counts.batches == 2)
  }

  @Test func `tells figures of its first batch, whoever has asked for figures before`() async throws {
    let model = try await SmallService().model()
    #expect(model.figures.window.examples == 0)
    let reply = try await model.train(SmallService.batch(32))
    for stretch in ["all", "window", "decayed"] {
      #expect(reply.metrics.first { $0.name == stretch + ".loss" }?.value == Double(reply.loss))
    }
  }

  @Test func `tells what the graph observes after the update if asked to`() async throws {
    var options = ServiceOptions()
    options.metrics = .after
    let model = try await SmallService(options).model()
    let reply = try await model.train(SmallService.batch(32))
    #expect(reply.metrics.map(\.name) == ["loss", "accuracy"])
    #expect(try #require(reply.metrics.first).value < Double(reply.loss))
  }

  @Test func `applies a batch of a stream once, and says where the stream has to go on`() async throws {
    let model = try await SmallService().model()
    let batch = SmallService.batch(10)
    func part(_ begin: UInt64, _ end: UInt64) -> SourceRange { SourceRange(name: "s", begin: begin, end: end) }
    #expect(try await model.train(batch, source: part(0, 10)).isDuplicate == false)
    let again = try await model.train(batch, source: part(0, 10))
    #expect(again.isDuplicate && again.version == 1)
    #expect(await refusal { _ = try await model.train(batch, source: part(20, 30)) } == .sourceGap)
    #expect(await refusal { _ = try await model.train(batch, source: part(5, 15)) } == .sourceOverlap)
    #expect(try await model.train(batch, source: part(10, 20)).version == 2)
    #expect(try await model.offset(ofSource: "s") == 20)
    #expect(model.figures.counts.duplicates == 1)
    #expect(model.figures.all.examples == 20)
  }

  @Test func `refuses a source whose name is too long to be kept`() async throws {
    let model = try await SmallService().model()
    func part(_ byteCount: Int) -> SourceRange {
      SourceRange(name: String(repeating: "s", count: byteCount), begin: 0, end: 8)
    }
    #expect(await refusal { _ = try await model.train(SmallService.batch(8), source: part(1025)) } == .malformed)
    #expect(try await model.train(SmallService.batch(8), source: part(1024)).version == 1)
  }

  @Test func `refuses values it cannot take, names the example, counts, and does not change`() async throws {
    let model = try await SmallService().model()
    let before = try await model.score(SmallService.batch(3)).probabilities
    for (example, value) in [(3, Float.nan), (7, .infinity)] {
      var batch = SmallService.batch(10)
      batch.x[example * 20 + 4] = value
      let error = await #expect(throws: ServiceError.self) { try await model.train(batch) }
      #expect(error?.kind == .badBatch && error?.detail == UInt64(example))
      #expect(error?.message.contains("feature 4") == true)
    }
    var label = SmallService.batch(10)
    label.y[9] = 5
    #expect(await refusal { _ = try await model.train(label) } == .badBatch)
    var narrow = Batch()
    narrow.resize(examples: 2, width: 19, labelWidth: 1)
    #expect(await refusal { _ = try await model.train(narrow) } == .badBatch)
    #expect(await refusal { _ = try await model.score(narrow) } == .badBatch)
    #expect(await refusal { _ = try await model.train(Batch()) } == .malformed)
    #expect(model.figures.counts.refusals == [.badBatch: 5, .malformed: 1])
    #expect(model.version == 0)
    #expect(try await model.score(SmallService.batch(3)).probabilities == before)
  }

  @Test func `does not train while it is frozen, and scores as before`() async throws {
    let model = try await SmallService().model()
    _ = try await model.train(SmallService.batch(8))
    await model.freeze()
    #expect(await refusal { _ = try await model.train(SmallService.batch(8)) } == .frozen)
    #expect(try await model.score(SmallService.batch(1), minimumVersion: 1).version == 1)
    model.thaw()
    #expect(try await model.train(SmallService.batch(8)).version == 2)
  }

  @Test func `does not start what is too late`() async throws {
    let model = try await SmallService().model()
    #expect(await refusal { _ = try await model.train(SmallService.batch(8), deadline: .now) } == .deadline)
    #expect(model.version == 0)
  }

  @Test func `refuses a score of a version that is not there yet`() async throws {
    let model = try await SmallService().model()
    let error = await #expect(throws: ServiceError.self) {
      try await model.score(SmallService.batch(1), minimumVersion: 7)
    }
    #expect(error?.kind == .version && error?.kind.isTemporary == true)
  }

  /// Whether the thread that asks for a score gets it before anything else.
  private func isScoredAtOnce(_ model: ServedModel, minimumVersion: UInt64) async -> Bool {
    let request = ScoreRequest(batch: SmallService.batch(1), minimumVersion: minimumVersion)
    return await withCheckedContinuation { continuation in
      let caller = pthread_self()
      let isReturned = Mutex(false)
      model.score(request) { _ in
        let isSooner = !isReturned.withLock { $0 }
        continuation.resume(returning: isSooner && pthread_self() == caller)
      }
      isReturned.withLock { $0 = true }
    }
  }

  @Test func `leaves a score that has to wait for a copy of its parameters to another thread`() async throws {
    let model = try await SmallService().model()
    #expect(await isScoredAtOnce(model, minimumVersion: 0))
    _ = try await model.train(SmallService.batch(8))
    #expect(await !isScoredAtOnce(model, minimumVersion: 1))
    #expect(await isScoredAtOnce(model, minimumVersion: 1))
  }

  @Test func `shortens gradients that are longer than the limit`() async throws {
    func change(_ limit: Float?) async throws -> Float {
      var options = ServiceOptions()
      options.gradientNormLimit = limit
      let model = try await SmallService(options).model()
      let test = SmallService.batch(1)
      let before = try await model.score(test).probabilities
      _ = try await model.train(SmallService.batch(32))
      let after = try await model.score(test, minimumVersion: 1).probabilities
      return zip(before, after).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    let free = try await change(nil)
    #expect(try await change(1e-3) < free / 10)
    #expect(try await change(1e6) == free)
  }

  @Test func `answers everything when batches, scores and commands come at once`() async throws {
    let service = try SmallService()
    let model = try await service.model()
    await withTaskGroup { group in
      for feeder in 0..<4 {
        group.addTask {
          for step in 0..<50 {
            let part = SourceRange(name: "s\(feeder)", begin: UInt64(step) * 8, end: UInt64(step + 1) * 8)
            _ = try? await model.train(SmallService.batch(8, seed: UInt64(step)), source: part)
          }
        }
      }
      group.addTask { for _ in 0..<200 { _ = try? await model.score(SmallService.batch(20)) } }
      group.addTask { for _ in 0..<3 { await service.models.reload() } }
    }
    #expect(model.version == 200)
    #expect(model.figures.counts.scores == 200)
    #expect(model.figures.counts.refusals.isEmpty)
    for feeder in 0..<4 { #expect(try await model.offset(ofSource: "s\(feeder)") == 400) }
  }
}
