import Dispatch
import Foundation
import NIOPosix
import PS
import Parameters
import Remote
import Serve
import TestSupport
import Testing
import Transport

@Suite struct `A train server whose parameters are on parameter servers` {
  private func options(_ servers: [ParameterServer]) -> ServiceOptions {
    var options = ServiceOptions()
    options.store = .servers(servers.map(\.address))
    options.workers = 2
    return options
  }

  @Test func `goes on when a push was lost on its way back, and applies it once`() async throws {
    let servers = try await TestServers.start(1)
    let proxy = try await FaultProxy.start(to: servers[0].address, FaultProxy.Faults(), seed: 1)
    var options = ServiceOptions()
    options.store = .servers([proxy.address])
    options.cluster.patience = .seconds(3)
    let server = try await TrainServer(options)
    let model = try await server.models.load(TrainServer.model)
    func request(_ begin: UInt64) -> TrainRequest {
      TrainRequest(batch: TrainServer.batch(8), source: SourceRange(name: "s", begin: begin, end: begin + 8))
    }
    // All are there before the second is trained, which then asks for what the third needs: that sends a push alone.
    let areThere = DispatchSemaphore(value: 0)
    model.train(request(0)) { _ in areThere.wait() }
    model.train(request(8)) { _ in
      var hole = FaultProxy.Faults()
      hole.swallowsReplies = true
      proxy.set(hole)
    }
    let lost: Result<TrainReply, ServiceError> = await withCheckedContinuation { continuation in
      model.train(request(16)) { continuation.resume(returning: $0) }
      areThere.signal()
    }
    #expect(throws: ServiceError.self) { try lost.get() }
    proxy.set(FaultProxy.Faults())
    let again: Result<TrainReply, ServiceError> = await withCheckedContinuation { continuation in
      model.train(request(16)) { continuation.resume(returning: $0) }
    }
    let reply = try again.get()
    #expect(reply.isDuplicate && reply.version == 3)
    await server.stop()
    await proxy.stop()
    for server in servers { try await server.stop(within: .milliseconds(200)) }
  }

  @Test func `follows one to another address, where it trains and scores with what it had learned`() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let scheduler = try await Listener.start(
      at: .tcp(host: "127.0.0.1", port: 0), on: MultiThreadedEventLoopGroup.singleton.next()
    ) { _ in SchedulerService(servers: 1, defaults: TrainingDefaults()) }
    func start(at address: Address) async throws -> ParameterServer {
      var options = ParameterServer.Options(address: address)
      (options.shard, options.scheduler) = (0, scheduler.address)
      options.dataFolder = folder.path + "/data"
      return try await ParameterServer.start(options)
    }
    let before = try await start(at: .tcp(host: "127.0.0.1", port: 0))
    var options = ServiceOptions()
    options.store = .servers([scheduler.address])
    options.cluster.patience = .seconds(30)
    let server = try await TrainServer(options)
    let client = server.client()
    let batch = TrainServer.batch(16)
    #expect(try await client.train(TrainServer.model, batch).version == 1)
    #expect(try await client.score(TrainServer.model, batch, minimumVersion: 1).version == 1)
    try await before.stop(within: .milliseconds(200))

    let after = try await start(at: .unix(path: folder.path + "/socket"))
    #expect(try await client.train(TrainServer.model, batch).version == 2)
    #expect(try await client.score(TrainServer.model, batch, minimumVersion: 2).version == 2)
    await server.stop()
    try await after.stop(within: .milliseconds(200))
    await scheduler.drain(within: .zero)
  }

  @Test func `goes on when the right server is back in the place of one with another store`() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)").path
    defer { for name in ["right", "wrong"] { try? FileManager.default.removeItem(atPath: "\(folder)-\(name)") } }
    func start(_ name: String, at address: Address) async throws -> ParameterServer {
      var options = ParameterServer.Options(address: address)
      options.dataFolder = "\(folder)-\(name)"
      return try await ParameterServer.start(options)
    }
    var parameters = try await start("right", at: .tcp(host: "127.0.0.1", port: 0))
    let server = try await TrainServer(options([parameters]))
    let model = try await server.models.load(TrainServer.model)
    func train(_ begin: UInt64) async throws -> TrainReply {
      let source = SourceRange(name: "s", begin: begin, end: begin + 8)
      let result: Result<TrainReply, ServiceError> = await withCheckedContinuation { continuation in
        model.train(TrainRequest(batch: TrainServer.batch(8), source: source)) { continuation.resume(returning: $0) }
      }
      return try result.get()
    }
    func score() async throws -> ScoreReply {
      let result: Result<ScoreReply, ServiceError> = await withCheckedContinuation { continuation in
        model.score(ScoreRequest(batch: TrainServer.batch(8))) { continuation.resume(returning: $0) }
      }
      return try result.get()
    }
    #expect(try await train(0).version == 1)
    #expect(try await score().version == 1)
    let address = parameters.address
    try await parameters.stop(within: .milliseconds(200))
    parameters = try await start("wrong", at: address)
    for _ in 0..<2 {
      let ofBatch = await #expect(throws: ServiceError.self) { _ = try await train(8) }
      let ofScore = await #expect(throws: ServiceError.self) { _ = try await score() }
      for message in [ofBatch, ofScore].map({ $0?.message ?? "" }) {
        #expect(message.contains("its data folder was replaced"), "\(message)")
      }
    }
    try await parameters.stop(within: .milliseconds(200))
    parameters = try await start("right", at: address)
    let reply = try await train(8)
    #expect(reply.version == 2 && !reply.isDuplicate)
    #expect(try await score().version == 2)
    await server.stop()
    try await parameters.stop(within: .milliseconds(200))
  }

  @Test(arguments: [1, 2])
  func `trains several streams at once, scores with what it learned, and goes on after it was replaced`(
    _ count: Int
  ) async throws {
    let servers = try await TestServers.start(count)
    var server = try await TrainServer(options(servers))
    try await withThrowingTaskGroup { group in
      for feeder in 0..<3 {
        let client = server.client()
        group.addTask {
          for step in 0..<20 {
            let begin = UInt64(step) * 16
            let batch = TrainServer.batch(16, seed: UInt64(step * 3 + feeder))
            let reply = try await client.train(
              TrainServer.model, batch, source: "s\(feeder)", offsets: begin..<begin + 16)
            #expect(!reply.isDuplicate)
          }
        }
      }
      try await group.waitForAll()
    }
    var client = server.client()
    let test = TrainServer.batch(10, seed: 99)
    let scores = try await client.score(TrainServer.model, test, minimumVersion: 60)
    #expect(scores.version == 60)
    await server.stop()

    server = try await TrainServer(options(servers))
    client = server.client()
    #expect(try await client.load(TrainServer.model).version == 60)
    #expect(try await client.offset(ofSource: "s1", in: TrainServer.model) == 320)
    #expect(try await client.score(TrainServer.model, test).probabilities == scores.probabilities)
    let again = try await client.train(TrainServer.model, TrainServer.batch(16), source: "s1", offsets: 304..<320)
    #expect(again.isDuplicate && again.version == 60)
    await #expect(throws: TrainClientError.self) {
      try await client.train(TrainServer.model, TrainServer.batch(16), source: "s1", offsets: 310..<326)
    }
    let next = try await client.train(TrainServer.model, TrainServer.batch(16), source: "s1", offsets: 320..<336)
    #expect(!next.isDuplicate && next.version == 61)
    await server.stop()
    for server in servers { try await server.stop(within: .milliseconds(200)) }
  }
}
