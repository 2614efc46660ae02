import Kernels
import PS
import Parameters
import Wire

/// A log of small segments for tests of what is on the disk.
enum TestLog {
  private static let id = Identifier(bytes: [UInt8](repeating: 3, count: 16))
  private static let configuration = {
    var configuration = ServerCore.Configuration()
    configuration.durability = .everySecond
    return configuration
  }()

  static func open(_ folder: MemoryFolder, segment: Int = 1024) throws -> Store {
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
  /// Syncs what was appended, as a server does on another thread.
  func sync() throws(FileError) {
    guard let sync = beginSync() else { return }
    try sync.run()
    try endSync(sync)
  }
}
