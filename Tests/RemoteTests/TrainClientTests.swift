import PS
import Remote
import Serve
import Testing
import Wire

@Suite struct `A client of a train server` {
  private func refusal(_ body: () async throws -> Void) async -> ErrorCode? {
    do {
      try await body()
      return nil
    } catch TrainClientError.refused(let refusal) {
      return refusal.code
    } catch {
      return nil
    }
  }

  @Test func `finds, describes, trains and scores a model`() async throws {
    let server = try await TrainServer()
    let client = server.client()
    let model = TrainServer.model
    #expect(try await client.models() == [.init(name: model, isLoaded: false, isFrozen: false, version: 0)])
    let description = try await client.load(model)
    #expect(description == ModelDescription(version: 0, features: 20, labels: 1, logits: 5, batchSize: 32))
    var losses: [Float] = []
    for step in 0..<60 {
      let reply = try await client.train(model, TrainServer.batch(32, seed: UInt64(step)))
      #expect(reply.version == UInt64(step + 1) && !reply.isDuplicate && reply.stepMicroseconds > 0)
      losses.append(reply.loss)
    }
    #expect(losses.last! < losses.first!)
    let test = TrainServer.batch(10)
    let scores = try await client.score(model, test, minimumVersion: 60)
    #expect(scores.version == 60 && scores.classes == 5 && scores.probabilities.count == 50)
    let figures = try await client.figures(of: model)
    #expect(figures.first { $0.name == "batches" }?.value == 60)
    #expect(figures.contains { $0.name == "window.accuracy" })
    await server.stop()
  }

  @Test func `has each batch of a stream applied once`() async throws {
    let server = try await TrainServer()
    let client = server.client()
    let batch = TrainServer.batch(10)
    let model = TrainServer.model
    #expect(try await client.offset(ofSource: "s", in: model) == nil)
    #expect(try await client.train(model, batch, source: "s", offsets: 0..<10).isDuplicate == false)
    let again = try await client.train(model, batch, source: "s", offsets: 0..<10)
    #expect(again.isDuplicate && again.version == 1 && again.loss.isNaN)
    #expect(try await client.offset(ofSource: "s", in: model) == 10)
    #expect(await refusal { _ = try await client.train(model, batch, source: "s", offsets: 5..<15) } == .offsetOverlap)
    await server.stop()
  }

  @Test func `sends batches of a stream in order without waiting`() async throws {
    let server = try await TrainServer()
    let client = server.client()
    _ = try await client.load(TrainServer.model)
    let sent = (0..<40).map { step in
      client.send(
        TrainServer.model, TrainServer.batch(8, seed: UInt64(step)), source: "s",
        offsets: UInt64(step) * 8..<UInt64(step + 1) * 8)
    }
    for (step, batch) in sent.enumerated() { #expect(try await batch.reply().version == UInt64(step + 1)) }
    await server.stop()
  }

  @Test func `has batches trained in order that come while their model is being loaded`() async throws {
    let server = try await TrainServer()
    let client = server.client()
    let sent = (0..<20).map { step in
      client.send(
        TrainServer.model, TrainServer.batch(8, seed: UInt64(step)), source: "s",
        offsets: UInt64(step) * 8..<UInt64(step + 1) * 8)
    }
    for (step, batch) in sent.enumerated() {
      let reply = try await batch.reply()
      #expect(reply.version == UInt64(step + 1) && !reply.isDuplicate)
    }
    await server.stop()
  }

  @Test func `goes on when the server comes back, and nothing is applied twice`() async throws {
    var server = try await TrainServer()
    let port = try #require(server.port)
    let client = server.client()
    _ = try await client.train(TrainServer.model, TrainServer.batch(8), source: "s", offsets: 0..<8)
    await server.stop()
    let waiting = client.send(TrainServer.model, TrainServer.batch(8), source: "t", offsets: 0..<8)
    server = try await TrainServer(port: port)
    #expect(try await waiting.reply().version == 1)
    await server.stop()
  }

  @Test func `is told what is wrong with a batch, and the model does not change`() async throws {
    let server = try await TrainServer()
    let client = server.client()
    let model = TrainServer.model
    var broken = TrainServer.batch(4)
    broken.x[25] = .nan
    #expect(await refusal { _ = try await client.train(model, broken) } == .shapeMismatch)
    var narrow = Batch()
    narrow.resize(examples: 2, width: 3, labelWidth: 1)
    #expect(await refusal { _ = try await client.train(model, narrow) } == .shapeMismatch)
    #expect(await refusal { _ = try await client.train(model, Batch()) } == .malformed)
    #expect(await refusal { _ = try await client.load("nobody") } == .unknownModel)
    #expect(await refusal { _ = try await client.load("../x") } == .unknownModel)
    #expect(try await client.load(model).version == 0)
    await server.stop()
  }

  @Test func `may do what its role allows`() async throws {
    let server = try await TrainServer()
    let model = TrainServer.model
    let (reader, worker, admin) = (server.client(.reader), server.client(.worker), server.client(.admin))
    #expect(await refusal { _ = try await reader.train(model, TrainServer.batch(4)) } == .forbidden)
    #expect(await refusal { try await worker.setFrozen(true, model) } == .forbidden)
    _ = try await worker.train(model, TrainServer.batch(4))
    #expect(try await reader.score(model, TrainServer.batch(4), minimumVersion: 1).version == 1)
    try await admin.setFrozen(true, model)
    #expect(await refusal { _ = try await worker.train(model, TrainServer.batch(4)) } == .forbidden)
    try await admin.setFrozen(false, model)
    _ = try await worker.train(model, TrainServer.batch(4))
    try await admin.unload(model)
    #expect(await refusal { _ = try await worker.train(model, TrainServer.batch(4)) } == .unknownModel)
    await server.stop()
  }

  @Test func `has to show a key where one is needed`() async throws {
    let key = SharedKey(id: "k", role: .worker, secret: [UInt8](repeating: 7, count: 32))
    let server = try await TrainServer(keys: [key])
    #expect(try await server.client(.worker, key: key).load(TrainServer.model).features == 20)
    await #expect(throws: TrainClientError.self) { try await server.client(.worker).models() }
    await server.stop()
  }
}
