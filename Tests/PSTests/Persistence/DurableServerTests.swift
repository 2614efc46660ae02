import Files
import Foundation
import Kernels
import PS
import Parameters
import Testing
import Transport
import Wire

/// A server with a folder, asked over sockets.
@Suite struct `A server that keeps what it learns` {
  private static let parameters = [
    ParameterSpec(name: "w", shape: [64], optimizer: Optimizer(.momentum(Momentum()))),
    ParameterSpec(name: "t", shape: [100, 4], kind: .table, optimizer: Optimizer(.adagrad(Adagrad()))),
  ]

  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-store-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  private static func start(_ folder: String, _ durability: Durability) async throws -> ParameterServer {
    var options = ParameterServer.Options(address: .tcp(host: "127.0.0.1", port: 0))
    options.dataFolder = folder
    options.durability = durability
    return try await ParameterServer.start(options)
  }

  /// Pushes the same to a server as to a memory store; calls wait, so they run on a thread of their own.
  private static func train(_ address: Address, against store: MemoryStore, pushes: Int) async throws {
    try await Task.detached {
      let client = try ParameterClient(parameters, name: "m", links: NetworkLinks([address]))
      var generator = SplitMix64(seed: 3)
      for _ in 0..<pushes {
        var dense = (0..<64).map { _ in Float.random(in: -1...1, using: &generator) }
        var keys = (0..<Int64(100)).filter { _ in generator.next() & 1 == 0 }
        var rows = (0..<4 * keys.count).map { _ in Float.random(in: -1...1, using: &generator) }
        try dense.withMemoryView { dense in
          try keys.withMemoryView { keys in
            try rows.withMemoryView { rows in
              let push = ParameterGradients(gradients: [.dense(dense), .rows(keys: keys, values: rows)])
              _ = try client.exchange(push: push, pull: nil)
              _ = try store.exchange(push: push, pull: nil)
            }
          }
        }
      }
      for name in ["w", "t"] { #expect(try client.read(name) == store.read(name)) }
    }.value
  }

  @Test(arguments: [Durability.everySecond, .always])
  func `has all of it after it was stopped, and after it was killed`(_ durability: Durability) async throws {
    try await Self.withFolder { folder in
      let store = try MemoryStore(Self.parameters)
      let first = try await Self.start(folder, durability)
      try await Self.train(first.address, against: store, pushes: 50)
      // What a process leaves behind that is killed now.
      try FileManager.default.copyItem(atPath: folder, toPath: folder + "-killed")
      defer { try? FileManager.default.removeItem(atPath: folder + "-killed") }
      try await first.stop()
      for (path, isClean) in [(folder, true), (folder + "-killed", false)] {
        #expect(try Store.verify(SystemFolder(path)).1.isClean == isClean)
        let again = try await Self.start(path, durability)
        try await Self.train(again.address, against: store, pushes: 0)
        try await again.stop()
      }
    }
  }

  @Test func `writes a snapshot when it is told to and when it stops, but not in a hurry`() async throws {
    try await Self.withFolder { folder in
      func snapshots() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("snapshot-") }.sorted()
      }
      let store = try MemoryStore(Self.parameters)
      let hurried = try await Self.start(folder, .everySecond)
      try await Self.train(hurried.address, against: store, pushes: 5)
      await hurried.hurry()
      try await hurried.stop()
      #expect(try snapshots().isEmpty && Store.verify(SystemFolder(folder)).1.isClean)

      let server = try await Self.start(folder, .everySecond)
      try await Self.train(server.address, against: store, pushes: 5)
      var options = NetworkLinks.Options()
      options.role = .admin
      let reply = try Cluster.snapshot(of: server.address, waits: true, options: options)
      let name = try #require(snapshots().first)
      #expect(name.hasSuffix(String(reply.lsn, radix: 16)))
      let size = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
      #expect(size == Int(reply.byteCount))
      // There is nothing behind it.
      try await server.stop()
      #expect(try snapshots() == [name])

      let again = try await Self.start(folder, .everySecond)
      try await Self.train(again.address, against: store, pushes: 5)
      let figures = try Cluster.statistics(of: again.address)
      #expect(figures.first { $0.name == "snapshot.lsn" }?.value == Double(reply.lsn))
      #expect(figures.first { $0.name == "start.was_clean" }?.value == 1)
      try await again.stop()
      #expect(try snapshots().count == 2)
    }
  }

  @Test func `writes snapshots for administrators only, and none without a folder`() async throws {
    let server = try await ParameterServer.start(.init(address: .tcp(host: "127.0.0.1", port: 0)))
    for role in [Role.worker, .admin] {
      var options = NetworkLinks.Options()
      options.role = role
      let error = #expect(throws: ClientError.self) {
        try Cluster.snapshot(of: server.address, waits: false, options: options)
      }
      #expect("\(String(describing: error))".contains("forbidden"))
    }
    try await server.stop()
  }

  @Test func `lets no other server into its folder before it stops`() async throws {
    try await Self.withFolder { folder in
      let server = try await Self.start(folder, .everySecond)
      await #expect(throws: FileError.self) { try await Self.start(folder, .everySecond) }
      // What a process has that was begun meanwhile and does not close it.
      let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) == folder
      }
      let inherited = dup(try #require(descriptors.first.flatMap { Int32($0) }))
      defer { close(inherited) }
      try await server.stop()
      try await Self.start(folder, .everySecond).stop()
    }
  }

  @Test func `changes nothing in a folder that it has given back`() async throws {
    try await Self.withFolder { path in
      let folder = try SystemFolder(path)
      _ = try folder.create("a")
      folder.unlock()
      let other = try SystemFolder(path)
      #expect(throws: FileError.self) { try folder.create("b") }
      #expect(throws: FileError.self) { try folder.rename("a", to: "b") }
      #expect(throws: FileError.self) { try folder.remove("a") }
      #expect(try other.names() == ["a"])
    }
  }

  @Test func `writes where its folder is, not where that was`() async throws {
    try await Self.withFolder { path in
      let folder = try SystemFolder(path)
      let moved = path + "-moved"
      defer { try? FileManager.default.removeItem(atPath: moved) }
      try FileManager.default.moveItem(atPath: path, toPath: moved)
      let other = try SystemFolder(path)
      _ = try folder.create("a")
      try folder.rename("a", to: "b")
      _ = try folder.create("c")
      try folder.remove("c")
      #expect(try folder.names() == ["b"] && other.names().isEmpty)
    }
  }

  @Test func `leaves its folder to others when it cannot start`() async throws {
    try await Self.withFolder { folder in
      let server = try await Self.start(folder, .everySecond)
      var options = ParameterServer.Options(address: server.address)
      options.dataFolder = folder + "-other"
      defer { try? FileManager.default.removeItem(atPath: folder + "-other") }
      for _ in 0..<2 { await #expect(throws: ListenError.self) { try await ParameterServer.start(options) } }
      try await server.stop()
      try await ParameterServer.start(options).stop()
    }
  }
}
