import Files
import Kernels
import PS
import Testing
import Wire

/// A log of small segments for tests of what is on the disk.
enum TestLog {
  private static let id = Identifier(bytes: [UInt8](repeating: 3, count: 16))
  static let configuration = {
    var configuration = ServerCore.Configuration()
    configuration.durability = .everySecond
    return configuration
  }()

  static func open(
    _ folder: MemoryFolder, _ configuration: ServerCore.Configuration = configuration, segment: Int = 1024
  ) throws -> Store {
    try Store.open(
      folder, configuration, now: Instant(), newID: id, segmentByteCount: segment, time: { 0 })
  }

  /// The records of a model and of `count` pushes to about half of its `rows`.
  static func records(_ count: Int, rows: Int = 8) throws -> [LogRecord] {
    let server = try TestServer.logged()
    let client = TestClient(server, id: 1)
    let schema = TestModels.counters(rows)
    try client.register(schema)
    var random = SplitMix64(seed: 8)
    for _ in 0..<count { try client.push(schema.randomPush(&random)) }
    return server.log
  }

  /// Checks that after a power cut the log in `folder`, of which `synced` records were synced, is a prefix with all of
  /// those, and goes on from there.
  static func checkAfterPowerCut(
    _ folder: MemoryFolder, _ records: [LogRecord], synced: UInt64, seed: UInt64, segment: Int = 1024
  ) throws {
    var random = SplitMix64(seed: seed)
    let found = folder.afterPowerCut(&random)
    let store = try open(found, segment: segment)
    let last = store.finding.lastLSN
    #expect(last >= synced && last <= UInt64(records.count))
    for record in records[Int(last)...] { try store.log.append(record) }
    #expect(try open(found.afterKill, segment: segment).finding.lastLSN == UInt64(records.count))
  }

  /// What the log in `folder` says when the file `name` is cut at a byte, or a bit of that is flipped.
  ///
  /// - Parameters:
  ///   - step: At every how many bytes.
  ///   - body: Is given the place, whether the file is cut, and the last record that is found; nil if the log is
  ///     refused because of that file.
  static func changing(
    _ name: String, of folder: MemoryFolder, step: Int = 1,
    _ body: (_ place: Int, _ isCut: Bool, _ lastLSN: UInt64?) -> Void
  ) throws {
    let bytes = folder[name]
    var random = SplitMix64(seed: 5)
    for place in stride(from: 0, to: bytes.count, by: step) {
      for isCut in [true, false] {
        var changed = bytes
        if isCut {
          changed.removeSubrange(place...)
        } else {
          changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        let damaged = folder.copy
        damaged[name] = changed
        do throws(StoreFolderError) {
          body(place, isCut, try Store.verify(damaged).1.lastLSN)
        } catch {
          guard case .damaged(name, _, _) = error else { throw error }
          body(place, isCut, nil)
        }
      }
    }
  }
}

extension LogWriter {
  /// Appends `records` and syncs each.
  func write(_ records: some Sequence<LogRecord>) throws(FileError) {
    for record in records {
      try append(record)
      try sync()
    }
  }

  /// Syncs what was appended, as a server does on another thread.
  func sync() throws(FileError) {
    guard let sync = beginSync() else { return }
    try sync.run()
    try endSync(sync)
  }
}
