import Files
import Kernels
import NIOCore
import PS
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
    /// The names, and what they were after each change since they were last synced, the oldest first.
    var names: [String: Int] = [:] { didSet { unsyncedNames.append(oldValue) } }
    var unsyncedNames: [[String: Int]] = []
    var lastFile = 0
    /// The room on the disk.
    var capacity = Int.max
    /// How many syncs succeed before one fails; nil for all.
    var goodSyncs: Int?
    /// How many changes succeed before the power goes in the middle of one; nil for all.
    var goodChanges: Int?
    /// Whether the power is gone.
    var isOff: Bool { goodChanges == 0 }
    /// How many changes and syncs there were.
    var changes = 0

    var size: Int { names.values.reduce(0) { $0 + (files[$1]?.bytes.count ?? 0) } }

    /// Counts a change.
    ///
    /// - Returns: Whether the power goes now.
    mutating func change() throws(FileError) -> Bool {
      changes += 1
      guard let left = goodChanges else { return false }
      guard left > 0 else { throw FileError("disk", .write, code: 5) }
      goodChanges = left - 1
      return left == 1
    }

    mutating func sync() throws(FileError) {
      guard try !change() else { throw FileError("disk", .sync, code: 5) }
      guard let left = goodSyncs else { return }
      guard left > 0 else { throw FileError("disk", .sync, code: 5) }
      goodSyncs = left - 1
    }

    mutating func rename(_ name: String, to newName: String?) throws(FileError) {
      guard try !change() else { throw FileError(name, .rename, code: 5) }
      var names = names
      let file = names.removeValue(forKey: name)
      if let newName { names[newName] = file }
      self.names = names
    }
  }

  let state: Mutex<State>

  init(_ state: State = State()) { self.state = Mutex(state) }

  var path: String { "memory" }

  /// What the next process finds after this one was killed.
  var afterKill: MemoryFolder {
    var state = state.withLock { $0 }
    (state.goodSyncs, state.goodChanges) = (nil, nil)
    return MemoryFolder(state)
  }

  /// What is found after a power cut: of what was not synced, any sectors, and the first of any changes of names.
  func afterPowerCut(_ generator: inout SplitMix64) -> MemoryFolder {
    var state = state.withLock { $0 }
    state.names = (state.unsyncedNames + [state.names]).randomElement(using: &generator)!
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
    state.unsyncedNames = []
    state.files = state.files.filter { number, _ in state.names.values.contains(number) }
    (state.goodSyncs, state.goodChanges) = (nil, nil)
    return MemoryFolder(state)
  }

  /// Whether the power went.
  var isOff: Bool { state.withLock { $0.isOff } }

  /// The segments of the log, in order.
  var segments: [String] {
    state.withLock { $0.names.keys.filter { $0.hasPrefix("wal-") && $0.hasSuffix(".log") }.sorted() }
  }

  /// The segment that is prepared, or begun and without a name of its own.
  var begunSegment: String { "wal-next" }

  /// The snapshots, the oldest first.
  var snapshots: [String] {
    state.withLock { $0.names.keys.filter { $0.hasPrefix("snapshot-") && $0.count == 25 }.sorted() }
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
    try state.withLock { state throws(FileError) -> any StoreFile in
      guard try !state.change() else { throw FileError(name, .create, code: 5) }
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

  func openToChange(_ name: String) throws(FileError) -> any StoreFile { try open(name) }

  func rename(_ name: String, to newName: String) throws(FileError) {
    try state.withLock { state throws(FileError) in try state.rename(name, to: newName) }
  }

  func remove(_ name: String) throws(FileError) {
    try state.withLock { state throws(FileError) in try state.rename(name, to: nil) }
  }

  func sync() throws(FileError) {
    try state.withLock { state throws(FileError) in
      try state.sync()
      state.unsyncedNames = []
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

    func write(_ parts: [ByteBuffer], at offset: Int) throws(FileError) {
      let bytes = ByteBuffer(bytes: parts.flatMap { $0.readableBytesView })
      let problem = try folder.state.withLock { state throws(FileError) -> Int32? in
        // What fits is written, as a disk does; a half, when the power goes.
        let isLast = try state.change()
        let more = max(0, offset + bytes.readableBytes - (state.files[number]?.bytes.count ?? 0))
        let room = max(0, state.capacity - state.size)
        let count = isLast ? bytes.readableBytes / 2 : max(0, bytes.readableBytes - max(0, more - room))
        Self.grow(&state.files[number, default: Contents()].bytes, to: offset + count)
        state.files[number]?.bytes.replaceSubrange(offset..<offset + count, with: bytes.readableBytesView.prefix(count))
        return isLast ? 5 : count < bytes.readableBytes ? 28 : nil
      }
      if let problem { throw FileError("disk", .write, code: problem) }
    }

    func reserve(_ byteCount: Int) throws(FileError) {
      let isFull = try folder.state.withLock { state throws(FileError) -> Bool in
        guard try !state.change() else { throw FileError("disk", .write, code: 5) }
        let more = max(0, byteCount - (state.files[number]?.bytes.count ?? 0))
        guard more <= state.capacity - state.size else { return true }
        Self.grow(&state.files[number, default: Contents()].bytes, to: byteCount)
        return false
      }
      if isFull { throw FileError("disk", .write, code: 28) }
    }

    func truncate(to byteCount: Int) throws(FileError) {
      try folder.state.withLock { state throws(FileError) in
        guard try !state.change() else { throw FileError("disk", .write, code: 5) }
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
