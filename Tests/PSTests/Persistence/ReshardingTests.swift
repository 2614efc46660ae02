import Foundation
import Kernels
import PS
import Parameters
import TestSupport
import Testing
import Transport
import Wire

/// Stores of stopped servers that are moved to other numbers of servers.
@Suite struct `What servers have learned` {
  private static let parameters: [ParameterSpec] =
    [
      ParameterSpec(name: "momentum", shape: [7, 10_000], optimizer: Optimizer(.momentum(Momentum()))),
      ParameterSpec(name: "adam", shape: [40_000], optimizer: Optimizer(.adam(Adam()))),
      ParameterSpec(name: "small", shape: [3], optimizer: .sgd(rate: 0.5)),
      ParameterSpec(
        name: "adagrad", shape: [500, 4], kind: .table, optimizer: Optimizer(.adagrad(Adagrad())),
        initialValues: .uniform(low: -1, high: 1, key: 3, stream: 1)),
      ParameterSpec(name: "lazy", shape: [500, 1], kind: .table, optimizer: Optimizer(Rule(.lazyAdam))),
    ]

  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-shards-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  private static func start(_ folders: [String]) async throws -> [ParameterServer] {
    var servers: [ParameterServer] = []
    for (shard, folder) in folders.enumerated() {
      var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
      (options.shard, options.shards) = (shard, folders.count)
      options.dataFolder = folder
      servers.append(try await ParameterServer.start(options))
    }
    return servers
  }

  /// Pushes batches `batches` of a stream to servers as to a memory store, and checks that both have the same bits.
  private static func train(
    _ servers: [Address], against store: MemoryStore, _ batches: Range<UInt64>, _ options: ParameterClient.Options
  ) throws {
    let client = try ParameterClient(parameters, name: "m", links: NetworkLinks(servers), options: options)
    for batch in batches {
      var random = SplitMix64(seed: batch)
      func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
      var dense = values(110_003)
      var keys = (0..<Int64(500)).filter { _ in UInt8.random(in: 0..<8, using: &random) == 0 }
      var rows = values(5 * keys.count)
      try dense.withMemoryView { dense in
        try keys.withMemoryView { keys in
          try rows.withMemoryView { rows in
            let push = ParameterGradients(
              gradients: [
                .dense(dense[0..<70_000]), .dense(dense[70_000..<110_000]), .dense(dense[110_000..<110_003]),
                .rows(keys: keys, values: rows[0..<4 * keys.count]),
                .rows(keys: keys, values: rows[4 * keys.count..<5 * keys.count]),
              ], source: SourceRange(name: "stream", begin: batch, end: batch + 1))
            _ = try client.exchange(push: push, pull: nil)
            _ = try store.exchange(push: push, pull: nil)
          }
        }
      }
    }
    #expect(client.version == batches.upperBound)
    #expect(try client.offset(ofSource: "stream") == batches.upperBound)
    for tensor in client.tensors {
      #expect(try client.read(tensor.name).map(\.bitPattern) == store.read(tensor.name).map(\.bitPattern), "\(tensor)")
    }
  }

  @Test(arguments: [Consistency.asynchronous, .synchronous])
  func `goes on to the last bit on three servers, then on two, then on one`(_ consistency: Consistency) async throws {
    try await Self.withFolder { path in
      var options = ParameterClient.Options()
      options.consistency = consistency
      options.rank = 0
      let store = try MemoryStore(Self.parameters)
      var folders = ["\(path)/first"]
      for (round, shards) in [3, 2, 1, 1].enumerated() {
        let servers = try await Self.start(folders)
        let batches = UInt64(round) * 4..<UInt64(round + 1) * 4
        try await Soak.onThread { [options] in
          try Self.train(servers.map(\.address), against: store, batches, options)
          #expect(try ClusterDrain(servers.map(\.address), options: NetworkLinks.Options()).obstacles() == [])
        }
        for server in servers { try await server.stop() }
        // The order in which folders are named says nothing.
        try Resharding.reshard(folders.reversed(), to: shards, in: "\(path)/\(round)")
        for folder in folders { #expect(try Store.verify(SystemFolder(folder)).1.isClean) }
        folders = (0..<shards).map { "\(path)/\(round)/\($0)" }
      }
    }
  }

  @Test func `is not moved from servers that are not at the same point, until what lags is given up`() async throws {
    try await Self.withFolder { path in
      let folders = ["\(path)/a", "\(path)/b"]
      let servers = try await Self.start(folders)
      let addresses = servers.map(\.address)
      try await Soak.onThread {
        try Self.train(addresses, against: MemoryStore(Self.parameters), 0..<2, ParameterClient.Options())
        // A batch that only the first server gets, as of a worker that dies meanwhile.
        let drain = ClusterDrain(addresses, options: NetworkLinks.Options())
        let source = SourceID.of("stream")
        try drain.skip(.init(model: "m", shard: 0, source: source, stored: 2, furthest: 5))
        let lag = ClusterDrain.StreamLag(model: "m", shard: 1, source: source, stored: 2, furthest: 5)
        #expect(try drain.obstacles() == [.stream(lag)])
      }
      for server in servers { try await server.stop() }
      let error = #expect(throws: StoreFolderError.self) { try Resharding.reshard(folders, to: 3, in: "\(path)/three") }
      #expect("\(String(describing: error))".contains("up to 2, others up to 5"))
      #expect(!FileManager.default.fileExists(atPath: "\(path)/three"))

      let again = try await Self.start(folders)
      try await Soak.onThread {
        let drain = ClusterDrain(again.map(\.address), options: NetworkLinks.Options())
        for case .stream(let lag) in try drain.obstacles() { try drain.skip(lag) }
        #expect(try drain.obstacles() == [])
      }
      for server in again { try await server.stop() }
      try Resharding.reshard(folders, to: 3, in: "\(path)/three")
      #expect(try Store.verify(SystemFolder("\(path)/three/2")).1.isClean)
    }
  }

  @Test func `is not moved from a server that was killed, or without one of its servers, or over anything`()
    async throws
  {
    try await Self.withFolder { path in
      let folders = ["\(path)/a", "\(path)/b"]
      let servers = try await Self.start(folders)
      try FileManager.default.copyItem(atPath: folders[0], toPath: "\(path)/killed")
      for server in servers { try await server.stop() }
      for (sources, target) in [
        (["\(path)/killed", folders[1]], "new"), ([folders[0]], "new"), ([folders[0], folders[0]], "new"),
        (["\(path)/nowhere", folders[1]], "new"), (folders, "a"),
      ] {
        #expect(throws: StoreFolderError.self) { try Resharding.reshard(sources, to: 2, in: "\(path)/\(target)") }
      }
      #expect(!FileManager.default.fileExists(atPath: "\(path)/new"))
      #expect(!FileManager.default.fileExists(atPath: "\(path)/nowhere"))
    }
  }
}
