package import Files
import Glibc
import NIOCore
import Synchronization

// The one file of this folder that looks at memory: calls of the system.

/// A folder of this machine, which one process at a time has: the folder that was opened, wherever it is moved, and not
/// what takes its path.
package final class SystemFolder: StoreFolder {
  // Safety: the calls of the system take paths as strings that live as long as the call, fill structures of ours, and
  // read or write buffers within their bounds; descriptors are open as long as their objects live.

  package let path: String
  private let descriptor: Int32
  /// Whether no other process may be in the folder.
  private let isLocked = Mutex(true)

  static let noRoom: Set<Int32> = [ENOSPC, EDQUOT]

  /// Opens the folder at `path` and keeps other processes out of it.
  ///
  /// - Parameter mayCreate: Whether it is created if it is not there.
  package init(_ path: String, mayCreate: Bool = true) throws(FileError) {
    if mayCreate { try Self.create(path) }
    descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    self.path = path
    guard descriptor >= 0 else { throw FileError(path, .open, code: errno) }
    // The lock goes with the process, however it ends.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var error = FileError(path, .open, code: EBUSY)
      error.reason = "another process has it, as a server that runs"
      throw error
    }
  }

  deinit {
    unlock()
    close(descriptor)
  }

  /// Lets others have the folder, though somebody still holds this object, or a process that was begun meanwhile its
  /// descriptor. Nothing in it is created, renamed or removed by this object afterwards.
  package func unlock() {
    isLocked.withLock { isLocked in
      isLocked = false
      _ = flock(descriptor, LOCK_UN)
    }
  }

  /// Lets `body` change names in the folder, unless others may have it.
  private func change<Value: Sendable>(
    _ name: String, _ operation: FileError.Operation, _ body: () throws(FileError) -> Value
  ) throws(FileError) -> Value {
    try isLocked.withLock { isLocked throws(FileError) in
      guard isLocked else { throw FileError(path(of: name), operation, code: ESTALE) }
      return try body()
    }
  }

  private func path(of name: String) -> String { path + "/" + name }

  /// Whether there is anything at `path`.
  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Gives the folder at `path` another path beside it, where there is nothing, and makes that durable.
  package static func move(_ path: String, to newPath: String) throws(FileError) {
    guard unsafe Glibc.rename(path, newPath) == 0 else { throw FileError(newPath, .rename, code: errno) }
    try SystemFiles().syncFolder(of: newPath)
  }

  /// Creates the folder at `path` unless it is there, and makes that durable.
  private static func create(_ path: String) throws(FileError) {
    var path = path
    while path.count > 1, path.last == "/" { path.removeLast() }
    if unsafe mkdir(path, 0o755) == 0 { return try SystemFiles().syncFolder(of: path) }
    guard errno == EEXIST else { throw FileError(path, .create, code: errno) }
  }

  /// The seconds since 1970.
  package static func secondsSince1970() -> UInt32 { UInt32(truncatingIfNeeded: time(nil)) }

  package func names() throws(FileError) -> [String] {
    // The stream has a descriptor of its own, and closes it.
    let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let folder = unsafe fdopendir(copy) else { throw FileError(path, .read, code: errno) }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    return names.filter { $0 != "." && $0 != ".." }
  }

  package func create(_ name: String) throws(FileError) -> any StoreFile {
    try change(name, .create) { () throws(FileError) in try file(name, O_RDWR | O_CREAT | O_TRUNC, .create) }
  }

  package func open(_ name: String) throws(FileError) -> any StoreFile { try file(name, O_RDONLY, .open) }

  package func openToChange(_ name: String) throws(FileError) -> any StoreFile { try file(name, O_RDWR, .open) }

  private func file(
    _ name: String, _ flags: Int32, _ operation: FileError.Operation
  ) throws(FileError) -> SystemFile {
    let descriptor = unsafe openat(descriptor, name, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path(of: name), operation, code: errno) }
    return SystemFile(path(of: name), descriptor)
  }

  package func rename(_ name: String, to newName: String) throws(FileError) {
    try change(newName, .rename) { () throws(FileError) in
      guard unsafe renameat(descriptor, name, descriptor, newName) == 0 else {
        throw FileError(path(of: newName), .rename, code: errno)
      }
    }
  }

  package func remove(_ name: String) throws(FileError) {
    try change(name, .write) { () throws(FileError) in
      guard unsafe unlinkat(descriptor, name, 0) == 0 else { throw FileError(path(of: name), .write, code: errno) }
    }
  }

  package func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path, .sync, code: errno) }
  }
}

/// A file of this machine.
private final class SystemFile: StoreFile {
  private let path: String
  private let descriptor: Int32
  /// Why bytes may be missing on the disk whatever the system says later.
  private let failedSync = Mutex<FileError?>(nil)

  /// The open file `descriptor`, which it closes in the end.
  init(_ path: String, _ descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  var byteCount: Int {
    get throws(FileError) {
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(path, .read, code: errno) }
      return Int(status.st_size)
    }
  }

  func read(at offset: Int, count: Int) throws(FileError) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    while buffer.readableBytes < count {
      let position = off_t(offset + buffer.readableBytes)
      let room = count - buffer.readableBytes
      let read = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
        unsafe max(0, pread(descriptor, bytes.baseAddress, room, position))
      }
      if read > 0 { continue }
      // Asked again for the reason, as the bytes' number has no room for it.
      var byte: UInt8 = 0
      let again = unsafe pread(descriptor, &byte, 1, position)
      if again == 0 { break }
      if again < 0, errno != EINTR { throw FileError(path, .read, code: errno) }
    }
    return buffer
  }

  func write(_ parts: [ByteBuffer], at offset: Int) throws(FileError) {
    var rest = parts[...]
    var position = offset
    while let part = rest.first {
      guard part.readableBytes > 0 else {
        rest.removeFirst()
        continue
      }
      var code: Int32 = 0
      var count = unsafe Self.withMemory(of: rest) {
        let count = unsafe pwritev(descriptor, $0, Int32($0.count), off_t(position))
        if count < 0 { code = errno }
        return max(0, count)
      }
      guard code == 0 || code == EINTR else { throw FileError(path, .write, code: code) }
      position += count
      for index in rest.indices {
        let written = min(count, rest[index].readableBytes)
        rest[index].moveReaderIndex(forwardBy: written)
        count -= written
      }
    }
  }

  /// Calls `body` with where all `parts` are in memory.
  private static func withMemory(
    of parts: ArraySlice<ByteBuffer>, behind vectors: [iovec] = unsafe [], _ body: ([iovec]) -> Int
  ) -> Int {
    guard let part = parts.first else { return unsafe body(vectors) }
    return unsafe part.withUnsafeReadableBytes { bytes in
      let vector = unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      return unsafe withMemory(of: parts.dropFirst(), behind: vectors + [vector], body)
    }
  }

  func reserve(_ byteCount: Int) throws(FileError) {
    let code = posix_fallocate(descriptor, 0, off_t(byteCount))
    guard code == 0 else { throw FileError(path, .write, code: code) }
  }

  func truncate(to byteCount: Int) throws(FileError) {
    guard ftruncate(descriptor, off_t(byteCount)) == 0 else { throw FileError(path, .write, code: errno) }
  }

  /// The system tells of bytes that it could not write once, to one of those who ask at the same time: whoever asks later
  /// hears of it too.
  func sync() throws(FileError) {
    try failedSync.withLock { (failure) throws(FileError) in
      if let failure { throw failure }
      guard fdatasync(descriptor) != 0 else { return }
      let error = FileError(path, .sync, code: errno)
      failure = error
      throw error
    }
  }
}
