import PS
import Remote
import Serve
import Testing
import Transport

@Suite struct `A train server whose parameters are on parameter servers` {
  private func options(_ servers: [ParameterServer]) -> ServiceOptions {
    var options = ServiceOptions()
    options.store = .servers(servers.map(\.address))
    options.workers = 2
    return options
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
