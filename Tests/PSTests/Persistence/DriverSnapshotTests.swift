import Kernels
import NIOCore
import PS
import Parameters
import Synchronization
import Testing
import Wire

/// When a server writes snapshots beside its work, and when it does not; its disk and its time are simulated.
@Suite struct `A server writes` {
  /// The folder of a server that was killed without a snapshot.
  private static func folder() throws -> MemoryFolder {
    let schema = TestModels.optimizers(rowLength: 2)
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    try client.register(schema)
    var generator = SplitMix64(seed: 4)
    for _ in 0..<20 { try client.push(schema.randomPush(&generator)) }
    let folder = MemoryFolder()
    try TestLog.open(folder).log.write(server.log)
    return folder.afterKill
  }

  /// A driver in `folder` to which a snapshot is due at once.
  private static func driver(in folder: MemoryFolder, _ world: World) throws -> ServerDriver {
    ServerDriver(
      TestLog.configuration, store: try TestLog.open(folder), on: SimulatedLoop(world, slowness: 0.001...0.002),
      snapshotByteCount: 0,
      perform: { _ in }, failed: { _ in })
  }

  @Test func `a snapshot that is due, but nothing before it is started`() throws {
    let (world, folder) = (World(seed: 1), try Self.folder())
    let driver = try Self.driver(in: folder, world)
    let before = folder.state.withLock { $0.changes }
    world.run(for: .seconds(5))
    #expect(folder.state.withLock { $0.changes } == before)
    driver.start()
    world.run(for: .seconds(5))
    #expect(folder.snapshots.count == 1)
    #expect(try Store.verify(folder.afterKill).1.replayedByteCount == 0)
  }

  @Test(arguments: 0..<20) func `no snapshot to its end when it is gone before`(_ eventCount: Int) throws {
    let (world, folder) = (World(seed: UInt64(eventCount)), try Self.folder())
    var driver: ServerDriver? = try Self.driver(in: folder, world)
    driver?.start()
    var events = 0
    world.run(for: .seconds(5)) {
      events += 1
      return events > eventCount
    }
    #expect(folder.snapshots.isEmpty, "it is written in fewer than \(eventCount) events")
    driver = nil
    world.run(for: .seconds(5))
    #expect(folder.snapshots.isEmpty)
    #expect(try folder.names().contains("snapshot-next") == false)
  }

  @Test func `no snapshot any more once it is to end`() throws {
    let (world, folder) = (World(seed: 1), try Self.folder())
    let driver = try Self.driver(in: folder, world)
    var hasEnded = false
    driver.endSnapshots { hasEnded = true }
    #expect(hasEnded)
    driver.start()
    let refusal = #expect(throws: Refusal.self) { try driver.snapshot(waits: true) { _ in } }
    #expect(refusal?.code == .draining)
    world.run(for: .seconds(5))
    #expect(try folder.names().contains { $0.hasPrefix("snapshot-") } == false)
    try driver.close()
    #expect(folder.snapshots.count == 1)
  }

  @Test func `a snapshot that needs more memory than the next server may take, which says so and keeps it`() throws {
    let (world, folder) = (World(seed: 1), try Self.folder())
    try Self.driver(in: folder, world).close()
    var configuration = TestLog.configuration
    configuration.memoryLimit = 100
    let error = #expect(throws: StoreFolderError.self) { try TestLog.open(folder, configuration) }
    let text = String(describing: error)
    #expect(text.contains("'\(folder.snapshots.first ?? "")'") && text.contains("--max-memory"), "\(text)")
    #expect(folder.snapshots.count == 1)
  }
}
