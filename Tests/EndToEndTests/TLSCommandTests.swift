import Foundation
import TestSupport
import Testing

@Suite struct `Commands that want TLS` {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private static let server = [
    "--tls-certificate", "Tests/Fixtures/tls/server.pem", "--tls-key", "Tests/Fixtures/tls/server.key",
  ]
  private static let client = ["--tls-ca", "Tests/Fixtures/tls/authority.pem"]

  #if TLS
    @Test func `train on a cluster and on a train server, all connections encrypted`() async throws {
      func start(_ name: String, _ arguments: [String]) throws -> RunningServer {
        try RunningServer(arguments, log: "\(name).log", in: folder)
      }
      let data = try folder.examples(320)
      let scheduler = try start(
        "scheduler", ["ps", "-r", "scheduler", "-s", "1", "--listen", "127.0.0.1:0"] + Self.server)
      let address = try await scheduler.value(after: "listens at ")
      let server = try start("server", ["ps", "--scheduler", address, "--shard", "0"] + Self.server + Self.client)
      _ = try await server.value(after: "listens at ")
      func train(_ model: [String], _ arguments: [String]) throws -> OnlearnProcess {
        try OnlearnProcess.run(["train"] + model + ["--data", data, "--batch", "32", "--timeout", "20"] + arguments)
      }
      let trained = try train([CommandFolder.model], ["--store", "ps:\(address)"] + Self.client)
      #expect(trained.status == 0, "\(trained.errors)")
      let stats = try OnlearnProcess.run(["ps", "stats", address] + Self.client)
      #expect(stats.status == 0 && stats.output.contains("model.mlp_small.version"), "\(stats)")

      let plain = try OnlearnProcess.run(["ps", "stats", address])
      #expect(plain.status == 77 && plain.errors.contains("use --tls or --tls-ca"), "\(plain)")

      let models = try start(
        "serve",
        [
          "serve", "--models", CommandFolder.fixture, "--store", "ps:\(address)", "--listen", "127.0.0.1:0", "--http",
          "none",
        ]
          + Self.server + Self.client)
      let service = try await models.value(after: "olp=")
      let remote = try train(["-m", "mlp_small", "--server", service], Self.client)
      #expect(remote.status == 0, "\(remote.errors)")
      let score = ["score", "-m", "mlp_small", "--data", data, "--limit", "3", "--server", service]
      #expect(try OnlearnProcess.run(score + Self.client).status == 0)
      let untrusting = try OnlearnProcess.run(score + ["--tls"])
      #expect(
        untrusting.status == 69 && untrusting.errors.contains("no authority that is trusted here"), "\(untrusting)")
      for server in [models, server, scheduler] { #expect(server.stop() == 0, "\(server.text)") }
    }
  #else
    @Test func `are told how to get it by a program that was built without`() throws {
      for arguments in [
        ["ps", "--listen", "127.0.0.1:0"] + Self.server, ["ps", "stats", "127.0.0.1:1"] + Self.client,
      ] {
        let run = try OnlearnProcess.run(arguments)
        #expect(run.status == 64 && run.errors.contains("make build-tls"), "\(run)")
      }
      let half = try OnlearnProcess.run(["ps", "--tls-key", "x"])
      #expect(half.status == 64 && half.errors.contains("go together"), "\(half)")
    }
  #endif
}
