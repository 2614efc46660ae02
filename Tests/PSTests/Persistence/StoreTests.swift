import Files
import Kernels
import NIOCore
import PS
import Parameters
import Synchronization
import Testing
import Wire

/// What is read of a log that was written, cut or damaged.
@Suite struct `A store` {
  private static let schema = TestModels.optimizers(rowLength: 2)
  private static let id = Identifier(bytes: (0..<16).map { UInt8($0) })

  /// The records of a training run, and the state after each of them.
  private struct History {
    var records: [LogRecord]
    var states: [[[UInt32]]]

    init(pushes: Int) throws {
      let server = try TestServer.logged()
      let client = TestClient(server, id: 1)
      try client.register(schema)
      var generator = SplitMix64(seed: 4)
      for _ in 0..<pushes { try client.push(schema.randomPush(&generator)) }
      records = server.log
      states = []
      for count in 0...records.count {
        let prefix = try TestServer(server.configuration, log: Array(records.prefix(count)))
        states.append(count < 2 ? [] : try prefix.contents(of: schema, model: 1))
      }
    }
  }

  private static let configuration = {
    var configuration = ServerCore.Configuration()
    configuration.durability = .always
    return configuration
  }()

  private static func open(
    _ folder: MemoryFolder, segment: Int = 4096, id: Identifier = id
  ) throws -> Store {
    try Store.open(
      folder, configuration, now: Instant(), newID: id, segmentByteCount: segment, time: { 1_700_000_000 })
  }

  /// Writes `records`, each synced, and what a server leaves behind that is killed.
  private static func folder(
    _ records: [LogRecord], segment: Int = 4096, id: Identifier = id, isClosed: Bool = false
  ) throws -> MemoryFolder {
    let folder = MemoryFolder()
    let log = try open(folder, segment: segment, id: id).log
    try log.write(records)
    if isClosed { try log.close() }
    return folder.afterKill
  }

  /// Checks that a store is a prefix of a history.
  private static func isPrefix(_ store: Store, of history: History, at least: Int = 0) throws -> Bool {
    let count = Int(store.finding.lastLSN)
    guard count >= least, count <= history.records.count else { return false }
    guard count >= 2 else { return true }
    return try TestServer(store.core, configuration).contents(of: schema, model: 1) == history.states[count]
  }

  @Test(arguments: [512, 4096, 1 << 20]) func `that is opened again is as it was, and goes on`(_ segment: Int) throws {
    let history = try History(pushes: 12)
    var folder = MemoryFolder()
    for (index, record) in history.records.enumerated() {
      let store = try Self.open(folder, segment: segment)
      #expect(store.finding.lastLSN == UInt64(index) && store.identity.id == Self.id)
      try store.log.append(record)
      if index % 2 == 0 { try store.log.close() }
      folder = folder.afterKill
    }
    let store = try Self.open(folder, segment: segment)
    #expect(store.finding.lastLSN == UInt64(history.records.count))
    #expect(try Self.isPrefix(store, of: history, at: history.records.count))
  }

  @Test func `says whether its server stopped in order`() throws {
    let history = try History(pushes: 3)
    for isClosed in [true, false] {
      let finding = try Store.verify(Self.folder(history.records, isClosed: isClosed)).1
      #expect(finding.lastLSN == UInt64(history.records.count))
      #expect(finding.isClean == isClosed && finding.tornByteCount == 0)
    }
  }

  @Test func `whose last segment is cut at any byte is an exact prefix`() throws {
    let history = try History(pushes: 5)
    let folder = try Self.folder(history.records, segment: 64 << 10)
    let name = try #require(folder.segments.last)
    let bytes = folder[name]
    let end = try #require(bytes.lastIndex { $0 != 0 }) + 1
    var last = 0
    for length in 64...end {
      let cut = folder.copy
      cut[name] = Array(bytes[..<length])
      let finding = try Store.verify(cut).1
      let count = Int(finding.lastLSN)
      // Once in a while the state, too.
      if count != last || length % 997 == 0 {
        #expect(try Self.isPrefix(Self.open(cut), of: history), "\(length)")
      }
      #expect(count == last || count == last + 1, "\(length)")
      last = count
    }
    #expect(last == history.records.count)
  }

  @Test func `with any bit flipped is a prefix or is refused, never another state`() throws {
    let history = try History(pushes: 3)
    let folder = try Self.folder(history.records, segment: 1024, isClosed: true)
    #expect(folder.segments.count > 3)
    var generator = SplitMix64(seed: 12)
    var refused = 0
    for name in folder.segments {
      let bytes = folder[name]
      for position in bytes.indices {
        let damaged = folder.copy
        var changed = bytes
        changed[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        damaged[name] = changed
        do throws(StoreFolderError) {
          let finding = try Store.verify(damaged).1
          // Every record was synced and says so, hence none may be given up.
          #expect(finding.lastLSN == UInt64(history.records.count), "\(name) \(position)")
          #expect((try? Self.isPrefix(Self.open(damaged), of: history)) == true, "\(name) \(position)")
        } catch {
          guard case .damaged(_, let offset, _) = error else { throw error }
          #expect(offset <= position || offset == 40, "\(name) \(position) \(error)")
          refused += 1
        }
      }
    }
    #expect(refused > 1000)
  }

  @Test func `without a sector, or with segments gone, doubled or changed over, is a prefix or is refused`() throws {
    let history = try History(pushes: 6)
    let folder = try Self.folder(history.records, segment: 1024)
    for name in folder.segments {
      for start in stride(from: 0, to: folder[name].count, by: 512) {
        let damaged = folder.copy
        var bytes = folder[name]
        for index in start..<min(start + 512, bytes.count) { bytes[index] = 0 }
        damaged[name] = bytes
        if let store = try? Self.open(damaged) { #expect(try Self.isPrefix(store, of: history), "\(name) \(start)") }
      }
      let gone = folder.copy
      try gone.remove(name)
      if let store = try? Self.open(gone) { #expect(try Self.isPrefix(store, of: history), "without \(name)") }
    }
    for (one, other) in zip(folder.segments, folder.segments.dropFirst()) {
      let (doubled, swapped) = (folder.copy, folder.copy)
      doubled[other] = folder[one]
      (swapped[one], swapped[other]) = (folder[other], folder[one])
      #expect(throws: StoreFolderError.self) { try Store.verify(doubled) }
      #expect(throws: StoreFolderError.self) { try Store.verify(swapped) }
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `after a power cut has all that was synced, and is a prefix`(_ seed: UInt64) throws {
    let history = try History(pushes: 8)
    var generator = SplitMix64(seed: seed)
    let folder = MemoryFolder()
    let log = try Self.open(folder, segment: Int.random(in: 512...8192, using: &generator)).log
    let count = Int.random(in: 1...history.records.count, using: &generator)
    for record in history.records.prefix(count) {
      try log.append(record)
      if UInt8.random(in: 0..<3, using: &generator) == 0 { try log.sync() }
    }
    let synced = Int(log.durableLSN)
    let found = folder.afterPowerCut(&generator)
    let store = try Self.open(found)
    #expect(try Self.isPrefix(store, of: history, at: synced))
    // It goes on from there, and is found again.
    let last = Int(store.finding.lastLSN)
    for record in history.records[last...] { try store.log.append(record) }
    #expect(try Self.isPrefix(Self.open(found.afterKill), of: history, at: history.records.count))
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `whose server stops while the power goes has all that was synced`(_ seed: UInt64) throws {
    let history = try History(pushes: 4)
    var generator = SplitMix64(seed: seed)
    let folder = MemoryFolder()
    let log = try Self.open(folder).log
    for record in history.records { try log.append(record) }
    let changes = Int.random(in: 1...5, using: &generator)
    folder.state.withLock { $0.goodChanges = changes }
    _ = try? log.close()
    #expect(try Self.isPrefix(Self.open(folder.afterPowerCut(&generator)), of: history))
  }

  @Test func `that is damaged is given up behind the damage when its operator says so`() throws {
    let history = try History(pushes: 6)
    let folder = try Self.folder(history.records, segment: 1024)
    let name = folder.segments[1]
    var bytes = folder[name]
    bytes[100] ^= 1
    folder[name] = bytes
    #expect(throws: StoreFolderError.self) { try Self.open(folder) }
    let finding = try #require(try Store.truncate(folder))
    #expect(finding.lastLSN > 0 && finding.lastLSN < UInt64(history.records.count))
    #expect(folder[name + ".damaged"] == bytes)
    #expect(try Self.isPrefix(Self.open(folder), of: history, at: Int(finding.lastLSN)))
    #expect(try Store.truncate(Self.folder(history.records)) == nil)
  }

  @Test(arguments: [0, 1 << 63, .max] as [UInt64])
  func `whose segment has a number that none has is refused`(_ number: UInt64) throws {
    let history = try History(pushes: 1)
    for place in [32, 40] {
      let folder = try Self.folder(history.records)
      let name = folder.segments[0]
      var header = ByteBuffer(bytes: folder[name].prefix(60))
      header.setInteger(number, at: place, endianness: .little)
      header.writeInteger(header.checksum(at: 0, length: 60), endianness: .little)
      let newName = place == 32 ? name : "wal-\(number.hexadecimal).log"
      try folder.rename(name, to: newName)
      folder[newName].replaceSubrange(..<64, with: header.readableBytesView)
      #expect(throws: StoreFolderError.self) { try Store.verify(folder) }
    }
  }

  @Test func `of another shard is refused`() throws {
    let folder = try Self.folder(History(pushes: 1).records)
    var other = Self.configuration
    (other.shard, other.shards) = (1, 2)
    #expect(throws: StoreFolderError.self) {
      try Store.open(folder, other, now: Instant(), newID: Self.id, segmentByteCount: 4096, time: { 0 })
    }
  }

  @Test func `on a full disk takes no record until there is room, and loses none`() throws {
    let history = try History(pushes: 20)
    let folder = MemoryFolder()
    let log = try Self.open(folder, segment: 2048).log
    var refusals = 0
    for (index, record) in history.records.enumerated() {
      folder.state.withLock { $0.capacity = $0.size + 1500 }
      while true {
        do throws(FileError) {
          try log.append(record)
          // A segment is left when the one before is on the disk, and longer until then.
          if index % 4 != 0 { try log.sync() }
          break
        } catch {
          refusals += 1
          #expect(error.isLackOfRoom)
          try log.sync()
          #expect(try !log.makeRoom())
          folder.state.withLock { $0.capacity += 5000 }
          #expect(try log.makeRoom())
        }
      }
    }
    #expect(refusals > 5)
    folder.state.withLock { $0.capacity = .max }
    #expect(try Self.isPrefix(Self.open(folder.afterKill), of: history, at: history.records.count))
  }

  @Test func `that finds a full disk is read, and goes on when there is room`() throws {
    let history = try History(pushes: 6)
    let (before, rest) = (history.records.prefix(5), history.records.dropFirst(5))
    let segment = 64 << 10
    for tail in [[], [UInt8](repeating: 7, count: 100)] {
      let folder = try Self.folder(Array(before), segment: segment)
      let last = try #require(folder.segments.last)
      let end = try #require(folder[last].lastIndex { $0 != 0 }) + 1
      folder[last].replaceSubrange(end..<end + tail.count, with: tail)
      try folder.remove("wal-next")
      folder.state.withLock { $0.capacity = $0.size }
      let store = try Self.open(folder, segment: segment)
      #expect(store.finding.tornByteCount == tail.count)
      #expect(try Self.isPrefix(store, of: history, at: before.count))
      #expect(throws: FileError.self) { try store.log.append(rest.first!) }
      #expect(try !store.log.makeRoom())
      // It may end so, as often as it likes.
      try store.log.close()
      #expect(try Store.verify(folder).1.lastLSN == UInt64(before.count))
      folder.state.withLock { $0.capacity = .max }
      #expect(try store.log.makeRoom())
      for record in rest { try store.log.append(record) }
      #expect(try Self.isPrefix(Self.open(folder.afterKill), of: history, at: history.records.count))
    }
  }

  @Test func `with a torn tail and no room for a copy of it is opened without one`() throws {
    let history = try History(pushes: 3)
    let folder = try Self.folder(history.records)
    let last = try #require(folder.segments.last)
    let end = try #require(folder[last].lastIndex { $0 != 0 }) + 1
    folder[last].removeSubrange(end...)
    folder[last] += [UInt8](repeating: 7, count: 100)
    folder["snapshot-next"] = [UInt8](repeating: 1, count: 5000)
    folder.state.withLock { $0.capacity = $0.size - 5000 - 100 }
    let store = try Self.open(folder)
    #expect(store.finding.tornByteCount == 100 && folder[last + ".torn"].isEmpty)
    #expect(try Self.isPrefix(store, of: history, at: history.records.count))
    // What was left of a snapshot has made room.
    #expect(try !folder.names().contains("snapshot-next"))
  }

  @Test func `with a snapshot of another store is refused for that, and not taken for damaged`() throws {
    let history = try History(pushes: 6)
    let folder = try Self.folder(history.records, segment: 1024)
    let foreign = try Self.folder(History(pushes: 40).records, id: Identifier(bytes: [UInt8](repeating: 9, count: 16)))
    let world = World(seed: 1)
    let driver = ServerDriver(
      Self.configuration, store: try Self.open(foreign), on: SimulatedLoop(world, slowness: 0.001...0.002),
      perform: { _ in }, failed: { _ in })
    driver.start()
    try driver.snapshot(waits: true) { _ in }
    world.run(for: .seconds(5))
    let name = try #require(foreign.snapshots.first)
    folder[name] = foreign[name]
    let error = #expect(throws: StoreFolderError.self) { try Store.verify(folder) }
    let isForeign = if case .foreign = error { true } else { false }
    #expect(isForeign, "\(String(describing: error))")
    #expect(throws: StoreFolderError.self) { try Store.truncate(folder) }
  }

  @Test func `does not begin on a full disk, and says how much room it needs`() throws {
    let folder = MemoryFolder()
    folder.state.withLock { $0.capacity = 4000 }
    #expect(throws: StoreFolderError.noRoom(path: "memory", byteCount: 4096)) { try Self.open(folder) }
    folder.state.withLock { $0.capacity = 5000 }
    _ = try Self.open(folder)
  }

  @Test(arguments: 0..<12) func `whose disk fails to sync never says that it did`(_ goodSyncs: Int) throws {
    let history = try History(pushes: 8)
    let folder = MemoryFolder()
    folder.state.withLock { $0.goodSyncs = goodSyncs }
    var acknowledged = 0
    do {
      let log = try Self.open(folder, segment: 2048).log
      for record in history.records {
        try log.append(record)
        try log.sync()
        acknowledged = Int(log.durableLSN)
      }
      Issue.record("no sync failed")
    } catch let error as FileError {
      #expect(error.operation == .sync && !error.isLackOfRoom)
    } catch StoreFolderError.system(let error) {
      #expect(error.operation == .sync)
    }
    var generator = SplitMix64(seed: UInt64(goodSyncs))
    let store = try Self.open(folder.afterPowerCut(&generator))
    #expect(try Self.isPrefix(store, of: history, at: acknowledged))
  }
}
