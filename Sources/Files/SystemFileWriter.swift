import Kernels
import Glibc

/// A file of this machine that is being written.
final class SystemFileWriter: FileReplacement {
  // Safety: the calls of the system take paths as strings that live as long as the call.

  private let path: String
  private let target: String
  private let descriptor: Int32
  /// Keeps others from the file until it has taken its place, though it is closed before; none of what is written in
  /// place.
  private let lock: FileLock?

  /// A file, created empty at `path`, that is to take the place of the one at `target`.
  ///
  /// - Parameter permissions: Those of the file at `target`, if it is there.
  init(_ lock: FileLock, at path: String, replacing target: String, permissions: UInt32?) throws(FileError) {
    let descriptor = fcntl(lock.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw FileError(path, .create, code: errno) }
    // The process's mask may have left some out.
    if let permissions, fchmod(descriptor, permissions) != 0 {
      let code = errno
      _ = Glibc.close(descriptor)
      throw FileError(path, .create, code: code)
    }
    self.path = path
    self.target = target
    self.descriptor = descriptor
    self.lock = lock
  }

  /// What is open as `descriptor`, and is written as it is.
  init(_ descriptor: Int32, at path: String) {
    self.path = path
    target = path
    self.descriptor = descriptor
    lock = nil
  }

  func append(_ bytes: MemoryView<UInt8>) throws(FileError) {
    var position = 0
    while position < bytes.count {
      // Safety: the position lies within the view.
      let count = unsafe Glibc.write(descriptor, bytes.base + position, bytes.count - position)
      guard count >= 0 || errno == EINTR else { throw FileError(path, .write, code: errno) }
      position += max(count, 0)
    }
  }

  func replaceBeginning(with bytes: MemoryView<UInt8>) throws(FileError) {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw FileError(path, .write, code: errno) }
    try append(bytes)
  }

  func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path, .sync, code: errno) }
  }

  func close() throws(FileError) {
    guard Glibc.close(descriptor) == 0 else { throw FileError(path, .write, code: errno) }
  }

  func putInPlace() throws(FileError) {
    guard unsafe rename(path, target) == 0 else { throw FileError(target, .rename, code: errno) }
  }

  func remove() { unsafe unlink(path) }
}
