import Foundation
import NIOPosix
import PS
import TestSupport
import Testing
import Transport
import Wire

/// Parameter servers and their scheduler, in one process.
@Suite struct `A cluster with a scheduler` {
  private static func withFolder(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onlearn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  private static func scheduler(of servers: Int) async throws -> Listener<SchedulerService> {
    try await Listener.start(
      at: .tcp(host: "127.0.0.1", port: 0), on: MultiThreadedEventLoopGroup.singleton.next()
    ) { _ in SchedulerService(servers: servers, defaults: TrainingDefaults()) }
  }

  private static func start(
    _ shard: Int?, in folder: String? = nil, at address: Address = .tcp(host: "127.0.0.1", port: 0),
    for scheduler: Address
  ) async throws -> ParameterServer {
    var options = ParameterServer.Options(address: address)
    (options.shard, options.scheduler) = (shard, scheduler)
    options.dataFolder = folder
    options.segmentByteCount = 1 << 20
    return try await ParameterServer.start(options)
  }

  /// Waits until the scheduler sends clients to addresses as `condition` says.
  private static func wait(for scheduler: Address, until condition: ([Address]) -> Bool) async throws {
    while try await !condition(Soak.onThread { try Cluster.find([scheduler]).servers }) {
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  @Test func `is started again in any order, each server with the shard of its folder`() async throws {
    try await Self.withFolder { path in
      let folders = ["\(path)/a", "\(path)/b"]
      let before = try await Self.scheduler(of: 2)
      for (shard, folder) in folders.enumerated() {
        let server = try await Self.start(shard, in: folder, for: before.address)
        try await server.stop(within: .zero)
      }
      await before.drain(within: .zero)

      let scheduler = try await Self.scheduler(of: 2)
      // A mistake costs nobody the place.
      await #expect(throws: StoreFolderError.self) { try await Self.start(0, in: folders[1], for: scheduler.address) }
      for (shard, folder) in folders.enumerated().reversed() {
        let server = try await Self.start(nil, in: folder, for: scheduler.address)
        #expect(server.shard == shard && server.shards == 2)
        try await server.stop(within: .zero)
      }
      await scheduler.drain(within: .zero)
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `has a server where it was before, or elsewhere if another one listens there`() async throws {
    try await Self.withFolder { path in
      let scheduler = try await Self.scheduler(of: 1)
      let first = try await Self.start(0, in: "\(path)/a", for: scheduler.address)
      let address = first.address
      try await Self.wait(for: scheduler.address) { $0 == [address] }
      try await first.stop(within: .zero)
      let again = try await Self.start(nil, in: "\(path)/a", for: scheduler.address)
      #expect(again.address == address)
      try await again.stop(within: .zero)
      let other = try await ParameterServer.start(.init(address: address))
      let elsewhere = try await Self.start(nil, in: "\(path)/a", for: scheduler.address)
      #expect(elsewhere.address != address)
      try await Self.wait(for: scheduler.address) { $0 == [elsewhere.address] }
      for server in [other, elsewhere] { try await server.stop(within: .zero) }
      await scheduler.drain(within: .zero)
    }
  }

  @Test(arguments: ["0.0.0.0", "::"])
  func `has no server that listens at all addresses of its machine and names none`(_ host: String) async {
    let address = Address.tcp(host: host, port: 0)
    await #expect(throws: ListenError(address: address, reason: .wildcard)) {
      try await Self.start(0, at: address, for: .tcp(host: "127.0.0.1", port: 1))
    }
  }

  @Test func `takes another server in the place of one that could not start, and of one that kept nothing`()
    async throws
  {
    let scheduler = try await Self.scheduler(of: 1)
    await #expect(throws: ListenError.self) {
      try await Self.start(0, at: scheduler.address, for: scheduler.address)
    }
    for _ in 0..<2 {
      let server = try await Self.start(0, for: scheduler.address)
      try await server.stop(within: .zero)
    }
    await scheduler.drain(within: .zero)
  }

  @Test(.timeLimit(.minutes(5))) func `lets a worker go whose scheduler is away`() async throws {
    let scheduler = try await Self.scheduler(of: 1)
    var options = NetworkLinks.Options()
    options.patience.total = .seconds(3600)
    let worker = try await Membership.join(
      scheduler.address, as: .worker, member: Identifier(bytes: [UInt8](repeating: 1, count: 16)), wanted: nil,
      options: options
    ).member
    await scheduler.drain(within: .zero)
    await worker.leave()
  }

  @Test(.timeLimit(.minutes(1))) func `tells a server that another one has its place`() async throws {
    let scheduler = try await Self.scheduler(of: 1)
    let (notices, continuation) = AsyncStream.makeStream(of: String.self)
    var options = NetworkLinks.Options()
    options.role = .server
    options.notice = { continuation.yield($0) }
    func join(_ number: UInt8) async throws -> Membership {
      let id = Identifier(bytes: [UInt8](repeating: number, count: 16))
      return try await Membership.join(scheduler.address, as: .server, member: id, wanted: 0, options: options).member
    }
    let first = try await join(1)
    await first.leave()
    let second = try await join(2)
    first.renew(address: "a:1")
    let notice = await notices.first { _ in true }
    #expect(notice?.contains("the place of server 0 belongs to another one") == true)
    first.stopRenewing()
    await second.leave()
    await scheduler.drain(within: .zero)
  }
}
