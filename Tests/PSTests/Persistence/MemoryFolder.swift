import Kernels
import NIOCore
import PS
import Parameters
import Synchronization

/// A folder in memory that loses what was not synced when the power goes, and whose disk can be full or fail.
final class MemoryFolder: StoreFolder {
  struct Contents: Sendable {
    var bytes: [UInt8] = []
    /// What is on the disk for certain.
    var durable: [UInt8] = []
  }

  struct State: Sendable {
    var files: [Int: Contents] = [:]
    /// The names, and those that are on the disk for certain.
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var lastFile = 0
    /// The room on the disk.
    var capacity = Int.max
    /// How many syncs succeed before one fails; nil for all.
    var goodSyncs: Int?
    /// How many syncs there were.
    var syncs = 0

    var size: Int { names.values.reduce(0) { $0 + (files[$1]?.bytes.count ?? 0) } }

    mutating func sync() throws(FileError) {
      syncs += 1
      guard let left = goodSyncs else { return }
      guard left > 0 else { throw FileError("disk", .sync, code: 5) }
      goodSyncs = left - 1
    }
  }

  let state: Mutex<State>

  init(_ state: State = State()) { self.state = Mutex(state) }

  var path: String { "memory" }

  /// What the next process finds after this one was killed.
  var afterKill: MemoryFolder {
    var state = state.withLock { $0 }
    state.goodSyncs = nil
    return MemoryFolder(state)
  }

  /// What is found after a power cut: of what was not synced, any sectors and any names.
  func afterPowerCut(_ generator: inout SplitMix64) -> MemoryFolder {
    var state = state.withLock { $0 }
    if !Bool.random(using: &generator) { state.names = state.durableNames }
    for number in state.files.keys.sorted() {
      guard let file = state.files[number] else { continue }
      var survivor = file.durable
      if file.bytes.count > survivor.count {
        survivor += [UInt8](repeating: 0, count: file.bytes.count - survivor.count)
      }
      for start in stride(from: 0, to: file.bytes.count, by: 512) where Bool.random(using: &generator) {
        let sector = start..<min(start + 512, file.bytes.count)
        survivor.replaceSubrange(sector, with: file.bytes[sector])
      }
      state.files[number] = Contents(bytes: survivor, durable: survivor)
    }
    state.durableNames = state.names
    state.goodSyncs = nil
    return MemoryFolder(state)
  }

  /// The segments of the log, in order.
  var segments: [String] {
    state.withLock { $0.names.keys.filter { $0.hasPrefix("wal-") && $0.hasSuffix(".log") }.sorted() }
  }

  subscript(name: String) -> [UInt8] {
    get { state.withLock { state in state.names[name].flatMap { state.files[$0]?.bytes } ?? [] } }
    set {
      state.withLock { state in
        state.lastFile += 1
        state.files[state.lastFile] = Contents(bytes: newValue, durable: newValue)
        state.names[name] = state.lastFile
      }
    }
  }

  /// The same files, to be changed.
  var copy: MemoryFolder { MemoryFolder(state.withLock { $0 }) }

  func names() throws(FileError) -> [String] { state.withLock { Array($0.names.keys) } }

  func create(_ name: String) throws(FileError) -> any StoreFile {
    state.withLock { state in
      state.lastFile += 1
      state.files[state.lastFile] = Contents()
      state.names[name] = state.lastFile
      return File(self, state.lastFile)
    }
  }

  func open(_ name: String) throws(FileError) -> any StoreFile {
    guard let number = state.withLock({ $0.names[name] }) else { throw FileError(name, .open, code: 2) }
    return File(self, number)
  }

  func rename(_ name: String, to newName: String) throws(FileError) {
    state.withLock { $0.names[newName] = $0.names.removeValue(forKey: name) }
  }

  func remove(_ name: String) throws(FileError) { _ = state.withLock { $0.names.removeValue(forKey: name) } }

  func sync() throws(FileError) {
    try state.withLock { state throws(FileError) in
      try state.sync()
      state.durableNames = state.names
    }
  }

  private final class File: StoreFile {
    let folder: MemoryFolder
    let number: Int

    init(_ folder: MemoryFolder, _ number: Int) {
      self.folder = folder
      self.number = number
    }

    private var contents: Contents { folder.state.withLock { $0.files[number] ?? Contents() } }

    var byteCount: Int { get throws(FileError) { contents.bytes.count } }

    func read(at offset: Int, count: Int) throws(FileError) -> ByteBuffer {
      ByteBuffer(bytes: contents.bytes.dropFirst(offset).prefix(count))
    }

    func write(_ bytes: ByteBuffer, at offset: Int) throws(FileError) {
      let isFull = folder.state.withLock { state in
        // What fits is written, as a disk does.
        let more = max(0, offset + bytes.readableBytes - (state.files[number]?.bytes.count ?? 0))
        let room = max(0, state.capacity - state.size)
        let count = bytes.readableBytes - max(0, more - room)
        Self.grow(&state.files[number, default: Contents()].bytes, to: offset + count)
        state.files[number]?.bytes.replaceSubrange(offset..<offset + count, with: bytes.readableBytesView.prefix(count))
        return count < bytes.readableBytes
      }
      if isFull { throw FileError("disk", .write, code: 28) }
    }

    func reserve(_ byteCount: Int) throws(FileError) {
      let isFull = folder.state.withLock { state in
        let more = max(0, byteCount - (state.files[number]?.bytes.count ?? 0))
        guard more <= state.capacity - state.size else { return true }
        Self.grow(&state.files[number, default: Contents()].bytes, to: byteCount)
        return false
      }
      if isFull { throw FileError("disk", .write, code: 28) }
    }

    func truncate(to byteCount: Int) throws(FileError) {
      folder.state.withLock { state in
        guard let count = state.files[number]?.bytes.count, count > byteCount else { return }
        state.files[number]?.bytes.removeLast(count - byteCount)
      }
    }

    func sync() throws(FileError) {
      try folder.state.withLock { state throws(FileError) in
        try state.sync()
        let bytes = state.files[number]?.bytes ?? []
        state.files[number]?.durable = bytes
      }
    }

    private static func grow(_ bytes: inout [UInt8], to count: Int) {
      if bytes.count < count { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
    }
  }
}
